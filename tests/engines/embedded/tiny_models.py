"""Llama models of some kilobytes with random weights, and LoRA adapters for them: what loading needs, and no sense.

Their vocabulary is the small byte-pair one of ``vocabularies``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from tests.engines.embedded.vocabularies import BYTE_PAIRS

WIDTH, HEADS, KV_HEADS, INNER, BLOCKS = 64, 2, 1, 64, 2
HEAD = WIDTH // HEADS


def tiny_model(
    path: Path,
    *,
    trained: int = 512,
    base: float = 10_000.0,
    architecture: str = "llama",
    width: int = WIDTH,
    more: Callable[[Any], None] = lambda _writer: None,
) -> Path:
    """Write a model; ``more`` adds metadata. The same arguments give the same weights."""
    random = np.random.default_rng(7)
    writer = gguf.GGUFWriter(path, architecture)
    BYTE_PAIRS.write(writer)
    size = len(writer.kv_data[0]["tokenizer.ggml.tokens"].value)
    writer.add_context_length(trained)
    writer.add_embedding_length(width)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(base)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(size)
    more(writer)
    head = width // HEADS
    shapes = {"token_embd": (size, width), "output": (size, width), "output_norm": (width,)}
    for block in range(BLOCKS):
        shapes |= {f"blk.{block}.{name}": shape for name, shape in _block(width, head).items()}
    for name, shape in shapes.items():
        values = np.ones(shape) if len(shape) == 1 else random.normal(0, 0.3, shape)
        writer.add_tensor(f"{name}.weight", values.astype(np.float32))
    _write(writer)
    return path


def tiny_lora(path: Path, *, architecture: str = "llama", width: int = WIDTH) -> Path:
    """Write an adapter of rank 2 for the queries of every block of a tiny model of that width."""
    random = np.random.default_rng(8)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 2.0)
    for block in range(BLOCKS):
        name = f"blk.{block}.attn_q.weight"
        writer.add_tensor(f"{name}.lora_a", random.normal(0, 1, (2, width)).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", random.normal(0, 1, (width, 2)).astype(np.float32))
    _write(writer)
    return path


def write_header_only(path: Path, architecture: str) -> Path:
    """Write a file of some architecture with a vocabulary and one tensor of four numbers."""
    writer = gguf.GGUFWriter(path, architecture)
    BYTE_PAIRS.write(writer)
    writer.add_tensor("lone", np.zeros(4, np.float32))
    _write(writer)
    return path


def _block(width: int, head: int) -> dict[str, tuple[int, ...]]:
    return {
        "attn_norm": (width,),
        "attn_q": (width, width),
        "attn_k": (head * KV_HEADS, width),
        "attn_v": (head * KV_HEADS, width),
        "attn_output": (width, width),
        "ffn_norm": (width,),
        "ffn_gate": (INNER, width),
        "ffn_up": (INNER, width),
        "ffn_down": (width, INNER),
    }


def _write(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
