"""What a model's layers keep in the key-value cache, from the shape that its GGUF header tells.

The same for every layer of a plain transformer; less where layers look through a window, share a cache or keep a
compressed one. How many bytes that comes to is in ``domain.memory_fit``. Source: llama.cpp's cache layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tavern_tui.domain.memory_fit import Layer

# Architecture → n: every n-th layer sees the whole context, the others a window. For headers that do not say it.
_WINDOW_PATTERNS: Mapping[str, int] = MappingProxyType(
    {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4, "llama4": 4}
)


def layers_of(metadata: Mapping[str, Any]) -> tuple[Layer, ...]:
    """The layers that keep a cache, from a header's metadata; empty where it tells too little.

    Recurrent layers keep a constant state instead and are left out.
    """
    arch = str(metadata.get("general.architecture", ""))

    def number(key: str) -> int:
        value = metadata.get(f"{arch}.{key}", 0)
        return value if isinstance(value, int) and 0 <= value < 2**31 else 0

    count, heads = number("block_count"), number("attention.head_count")
    if not 0 < count <= 10_000:
        return ()
    own = [_per_layer(metadata.get(f"{arch}.attention.head_count_kv"), heads, at) for at in range(count)]
    interval = number("full_attention_interval")
    kept = [n if not interval or (at + 1) % interval == 0 else 0 for at, n in enumerate(own)]
    kept = kept[: count - min(number("attention.shared_kv_layers"), count)]
    default = number("embedding_length") // heads if heads else 0
    key, value = (number(f"attention.{side}_length") or default for side in ("key", "value"))
    rank = number("attention.kv_lora_rank")
    if rank and number("attention.key_length_mla"):  # one compressed row for all heads, keys and values together
        return tuple(Layer(rank + (number("rope.dimension_count") or 64), 0) for _ in kept)
    window = number("attention.sliding_window")
    pattern = metadata.get(f"{arch}.attention.sliding_window_pattern", _WINDOW_PATTERNS.get(arch, 0))
    near_key, near_value = number("attention.key_length_swa") or key, number("attention.value_length_swa") or value
    layers = []
    for at, n in enumerate(kept):
        if window and _is_near(pattern, at):
            layers.append(Layer(n * near_key, n * near_value, window))
        else:
            layers.append(Layer(n * key, n * value))
    return tuple(layer for layer in layers if layer.keys or layer.values)


def _per_layer(value: Any, default: int, at: int) -> int:
    """A setting that headers give once for all layers or as a list; absent means ``default``."""
    if isinstance(value, (list, tuple)):
        value = value[at] if at < len(value) else 0
    if value is None:
        return default
    return value if isinstance(value, int) and 0 <= value < 2**20 else 0


def _is_near(pattern: Any, at: int) -> bool:
    if isinstance(pattern, (list, tuple)):
        return at < len(pattern) and bool(pattern[at])
    return isinstance(pattern, int) and pattern > 1 and at % pattern < pattern - 1
