"""The size of a context: known models' shapes against their known bytes per token."""

from __future__ import annotations

from typing import Any

import pytest

from tavern_tui.domain.memory_fit import ELEMENT_BYTES, Layer, bytes_per_token, cache_bytes, compute_bytes
from tavern_tui.formats.kv_cache import layers_of

KIB = 1024


def shape(arch: str = "llama", **keys: Any) -> dict[str, Any]:
    """A header's metadata; ``kv`` stands for ``attention.head_count_kv`` and so on."""
    names = {
        "layers": "block_count",
        "width": "embedding_length",
        "heads": "attention.head_count",
        "kv": "attention.head_count_kv",
        "key": "attention.key_length",
        "value": "attention.value_length",
        "window": "attention.sliding_window",
        "pattern": "attention.sliding_window_pattern",
        "rank": "attention.kv_lora_rank",
        "mla": "attention.key_length_mla",
        "rope": "rope.dimension_count",
        "shared": "attention.shared_kv_layers",
        "interval": "full_attention_interval",
    }
    return {"general.architecture": arch} | {f"{arch}.{names[key]}": value for key, value in keys.items()}


# Name, metadata, KiB per token of an f16 cache.
MODELS: list[tuple[str, dict[str, Any], float]] = [
    ("Llama-2-7B", shape(layers=32, width=4096, heads=32, kv=32), 512),
    ("Llama-2-13B", shape(layers=40, width=5120, heads=40), 800),
    ("Llama-3-70B", shape(layers=80, width=8192, heads=64, kv=8), 320),
    ("Llama-3-8B", shape(layers=32, width=4096, heads=32, kv=8), 128),
    ("Mistral-Nemo", shape(layers=40, width=5120, heads=32, kv=8, key=128, value=128), 160),
    ("Solar-10.7B", shape(layers=48, width=4096, heads=32, kv=8), 192),
    ("GPT-J-6B", shape("gptj", layers=28, width=4096, heads=16), 448),
    ("Command-R-35B", shape("command-r", layers=40, width=8192, heads=64), 1280),
    ("Gemma-2-9B", shape("gemma2", layers=42, width=3584, heads=16, kv=8, key=256, value=256, window=4096), 336),
    ("Gemma-2-27B", shape("gemma2", layers=46, width=4608, heads=32, kv=16, key=128, value=128, window=4096), 368),
    ("Gemma-3-12B", shape("gemma3", layers=48, width=3840, heads=16, kv=8, key=256, value=256, window=1024), 384),
    ("Gemma-3-27B", shape("gemma3", layers=62, width=5376, heads=32, kv=16, key=128, value=128, window=1024), 496),
    ("Gemma-3-270M", shape("gemma3", layers=18, width=640, heads=4, kv=1, key=256, value=256, window=512), 18),
    ("Qwen2.5-7B", shape("qwen2", layers=28, width=3584, heads=28, kv=4), 56),
    ("Qwen2.5-14B", shape("qwen2", layers=48, width=5120, heads=40, kv=8), 192),
    ("Qwen3-8B", shape("qwen3", layers=36, width=4096, heads=32, kv=8, key=128, value=128), 144),
    ("Qwen3-30B-A3B", shape("qwen3moe", layers=48, width=2048, heads=32, kv=4, key=128, value=128), 96),
    ("gpt-oss-20b", shape("gpt-oss", layers=24, width=2880, heads=64, kv=8, key=64, value=64, window=128), 48),
    ("SmolLM2-135M", shape(layers=30, width=576, heads=9, kv=3), 22.5),
    ("DeepSeek-V3", shape("deepseek2", layers=61, width=7168, heads=128, kv=1, rank=512, rope=64, mla=192), 68.625),
]


@pytest.mark.parametrize(("metadata", "kib"), [m[1:] for m in MODELS], ids=[m[0] for m in MODELS])
def test_known_models_take_their_known_bytes_per_token(metadata: dict[str, Any], kib: float) -> None:
    assert bytes_per_token(layers_of(metadata)) / KIB == kib


def test_llama_3_8b_at_8192_tokens_takes_exactly_one_gib() -> None:
    assert cache_bytes(layers_of(shape(layers=32, width=4096, heads=32, kv=8)), 8192) == 2**30


def test_layers_that_look_through_a_window_stop_growing() -> None:
    layers = layers_of(MODELS[11][1])
    assert sum(not layer.window for layer in layers) == 10
    growth = cache_bytes(layers, 32768) - cache_bytes(layers, 16384)
    assert growth == 80 * KIB * 16384


def test_a_pattern_in_the_header_wins_over_the_table() -> None:
    near = shape("gemma3", layers=4, width=64, heads=2, window=128, pattern=[True, False, False, True])
    assert [layer.window for layer in layers_of(near)] == [128, 0, 0, 128]


def test_a_window_that_the_engine_ignores_does_not_shrink_the_cache() -> None:
    assert [layer.window for layer in layers_of(shape(layers=2, width=64, heads=2, window=4096))] == [0, 0]


def test_heads_per_layer_as_a_list_leave_recurrent_layers_out() -> None:
    assert layers_of(shape("jamba", layers=4, width=64, heads=4, kv=[0, 0, 2, 0])) == (Layer(32, 32),)


def test_an_attention_interval_leaves_recurrent_layers_out() -> None:
    assert len(layers_of(shape("qwen3next", layers=8, width=64, heads=4, kv=2, interval=4))) == 2


def test_shared_layers_count_once() -> None:
    assert len(layers_of(shape("gemma3n", layers=10, width=64, heads=4, kv=2, shared=4))) == 6


def test_a_quantised_cache_is_smaller() -> None:
    layers = layers_of(shape(layers=32, width=4096, heads=32, kv=8))
    assert cache_bytes(layers, 8192, ELEMENT_BYTES["q8_0"], ELEMENT_BYTES["q4_0"]) == 2**30 * (1.0625 + 0.5625) / 4


def test_contexts_are_rounded_up_as_the_engine_does() -> None:
    layers = (Layer(1, 0),)
    assert cache_bytes(layers, 257) == 2 * 512


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"general.architecture": 3},
        shape(layers=0),
        shape(layers=10**9, heads=4, width=64),
        shape(layers=2, heads=0, width=64),
        shape(layers=2, heads=[2, 2], kv=["x", None], width="wide"),
    ],
)
def test_headers_that_tell_too_little_give_no_layers(metadata: dict[str, Any]) -> None:
    assert layers_of(metadata) == ()


def test_working_memory_is_the_greater_of_logits_and_attention_scores() -> None:
    assert compute_bytes(9, 49152, 2048) == (96 + 64) * 2**20
    assert compute_bytes(32, 32000, 8192) == (512 + 16 + 64) * 2**20
