"""How much memory a model takes here, and whether there is that much: weights, cache, and what is needed beside them.

One rule for lists of models, for the choice of a context and for the number of layers that go to a GPU. Pure: sizes
come in from a header, free memory from the system. Source: llama.cpp's cache layout and the buffer sizes that it logs;
the tests' vectors are known models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from tavern_tui.domain.rope import RopeFacts

F16 = 2.0
PADDING = 256  # contexts are rounded up to this many tokens
UBATCH = 512  # tokens that llama.cpp computes at once
COMFORTABLE = 0.85  # of the free memory: beyond it, other programs will feel it
PROCESS_BYTES = 64 * 2**20
GPU_RESERVE = 512 * 2**20
"""Bytes of a GPU's memory that are left to its driver and to the screen."""

# Bytes per element of the cache by llama.cpp's names for its types.
ELEMENT_BYTES: Mapping[str, float] = MappingProxyType(
    {
        "f32": 4.0,
        "f16": 2.0,
        "bf16": 2.0,
        "q8_0": 1.0625,
        "q5_1": 0.75,
        "q5_0": 0.6875,
        "q4_1": 0.625,
        "q4_0": 0.5625,
        "iq4_nl": 0.5625,
    }
)


class Fit(Enum):
    """Whether a model can be loaded, in the words that lists show."""

    FITS = "fits"
    TIGHT = "tight"
    SWAPS = "will swap"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer keeps per token: ``keys`` and ``values`` elements, for ``window`` tokens (0: for all)."""

    keys: int
    values: int
    window: int = 0


class Shape(Protocol):
    """What of a model's header tells its needs: a ``formats.gguf.GgufHeader`` is one, and so is ``ModelShape``."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that keep a cache."""
        ...

    @property
    def heads(self) -> int:
        """Attention heads, the most of any layer."""
        ...

    @property
    def vocabulary(self) -> int:
        """Tokens."""
        ...


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What an engine is told of a model's header before it loads it. Empty or ``None``: nothing is known.

    ``blocks`` are the bytes of each layer's weights, ``rest`` those of what is in no layer.
    """

    blocks: tuple[int, ...] = ()
    rest: int = 0
    layers: tuple[Layer, ...] = ()
    heads: int = 0
    vocabulary: int = 0
    rope: RopeFacts | None = None

    @property
    def trained_tokens(self) -> int | None:
        """The context that the model was trained for."""
        return self.rope.trained_tokens if self.rope else None


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """What loading takes, in bytes, at ``context_tokens``; ``available`` is what is free, ``None`` where unknown."""

    weights: int
    cache: int
    overhead: int
    context_tokens: int
    available: int | None

    @property
    def total(self) -> int:
        """Weights, cache and working memory together."""
        return self.weights + self.cache + self.overhead

    @property
    def fit(self) -> Fit:
        """The total against what is free."""
        if self.available is None:
            return Fit.UNKNOWN
        if self.total <= self.available * COMFORTABLE:
            return Fit.FITS
        return Fit.TIGHT if self.total <= self.available else Fit.SWAPS


def fit(
    header: Shape,
    file_bytes: int,
    context_tokens: int,
    kv_type: str = "f16",
    free_bytes: int | None = None,
    replies: int = 1,
    response_tokens: int = 300,
    *,
    flash: bool = True,
    ubatch: int = UBATCH,
    swa_full: bool = True,
) -> MemoryNeed:
    """What a model of ``file_bytes`` of weights takes with a context of ``context_tokens``, against what is free.

    ``kv_type`` is one of ``ELEMENT_BYTES``. ``replies`` written at once need room of their own: ``cells``.
    ``ubatch`` tokens are computed at once, with ``flash`` attention or without. ``swa_full``: layers that look through
    a window keep everything all the same, as the engine does unless it is told otherwise. Raises ``KeyError`` for a
    type that there is not.
    """
    element = ELEMENT_BYTES[kv_type]
    held = cells(context_tokens, replies, response_tokens)
    return MemoryNeed(
        weights=file_bytes,
        cache=cache_bytes(header.layers, held, element, element, swa_full=swa_full),
        overhead=compute_bytes(header.heads, header.vocabulary, held, ubatch=ubatch, flash=flash),
        context_tokens=context_tokens,
        available=free_bytes,
    )


def cells(context_tokens: int, replies: int, response_tokens: int) -> int:
    """Tokens that the cache holds while ``replies`` are written side by side after one prompt that fills the context.

    They share the prompt, and each but the first needs a response's length of its own.
    """
    return context_tokens + (max(1, replies) - 1) * response_tokens


def bytes_per_token(layers: tuple[Layer, ...], keys: float = F16, values: float = F16) -> float:
    """Bytes that one more token takes in every layer, windows aside. ``keys``, ``values``: bytes per element."""
    return sum(layer.keys * keys + layer.values * values for layer in layers)


def cache_bytes(
    layers: tuple[Layer, ...], context_tokens: int, keys: float = F16, values: float = F16, *, swa_full: bool = False
) -> int:
    """Bytes of the whole cache at ``context_tokens``, for one sequence; ``swa_full``: windows save nothing."""
    total = 0.0
    for layer in layers:
        narrow = layer.window and not swa_full
        tokens = min(context_tokens, layer.window + UBATCH) if narrow else context_tokens
        total += _padded(tokens) * (layer.keys * keys + layer.values * values)
    return int(total)


def compute_bytes(
    heads: int, vocabulary: int, context_tokens: int, *, ubatch: int = UBATCH, flash: bool = False
) -> int:
    """An estimate of llama.cpp's working memory beside weights and cache, and of the process's own.

    The greater of one batch's logits and of what attention needs (they share their room): its mask, and without flash
    attention one layer's scores and a second mask. Measured against llama.cpp's "compute buffer size".
    """
    attention = ubatch * context_tokens * (2 if flash else 4 * (heads + 1))
    return max(ubatch * vocabulary * 4, attention) + PROCESS_BYTES


def gpu_layers(shape: ModelShape, need: MemoryNeed, free_bytes: int) -> int:
    """How many layers have room in ``free_bytes`` of a GPU's memory, as llama.cpp counts them.

    ``need`` is that of the whole model (``fit``). The first counted is the output, then the blocks from the last one
    back, each with its part of the cache; the whole model is one more than its blocks. 0 where not even the output has
    room, or nothing is known of the blocks.
    """
    left = free_bytes - GPU_RESERVE - need.overhead - shape.rest
    if left < 0 or not shape.blocks:
        return 0
    count, cache = 1, need.cache // len(shape.blocks)
    for block in reversed(shape.blocks):
        left -= block + cache
        if left < 0:
            break
        count += 1
    return count


def _padded(tokens: int) -> int:
    return -(-tokens // PADDING) * PADDING
