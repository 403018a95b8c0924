"""What is loaded and how, as every worker of the host understands it, and how many layers go to a GPU.

Part of what a loaded model is: one that was loaded otherwise is another, but for what ``serves`` says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.loading_messages import cache_needs_flash
from tavern_tui.domain.memory_fit import ModelShape, cells, fit, gpu_layers

ALL_LAYERS = -1
AUTO_LAYERS = -2
"""Values of ``ModelSpec.gpu_layers``: everything, and as much as its memory has room for."""

FlashAttention = Literal["auto", "on", "off"]
KvType = Literal["f16", "q8_0", "q4_0"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load. 0 in a number of threads or tokens means the engine's usual one.

    ``batch_threads`` read prompts (else as many as write). A prompt is read in batches of ``batch_tokens``, of which
    ``ubatch_tokens`` are computed at once. ``kv_type`` is what the cache is kept in, keys and values. ``mmap`` reads
    weights as they are needed, ``mlock`` forbids to swap them out. ``swa_full`` keeps the whole cache of layers that
    look through a window, so that it can be cut anywhere. ``rope_base`` and ``rope_scale`` of 0 leave positions to the
    automatic rule. ``lora`` is an adapter's path or empty. ``replies`` of ``response_tokens`` have room side by side
    after a prompt that fills the context.
    """

    batch_threads: int = 0
    batch_tokens: int = 0
    ubatch_tokens: int = 0
    flash_attention: FlashAttention = "auto"
    kv_type: KvType = "f16"
    mmap: bool = True
    mlock: bool = False
    swa_full: bool = True
    rope_base: float = 0.0
    rope_scale: float = 0.0
    lora: str = ""
    lora_strength: float = 1.0
    replies: int = 1
    response_tokens: int = 300

    def check(self) -> None:
        """Raises ``EngineError`` for options that exclude each other."""
        if self.kv_type != "f16" and self.flash_attention == "off":
            wording = cache_needs_flash(self.kv_type)
            raise EngineError(wording.title, fault=EngineFault.NO_MODEL, hint=wording.hint)

    def serves(self, wanted: LoadOptions) -> bool:
        """Whether a model loaded so will do for one who wants ``wanted``: what changes no reply may differ."""
        room = self.spare_cells >= wanted.spare_cells and self.replies >= wanted.replies
        return room and replace(wanted, **{name: getattr(self, name) for name in _ANY}) == self

    @property
    def spare_cells(self) -> int:
        """Tokens of the cache that are there beyond the context, for replies side by side."""
        return cells(0, self.replies, self.response_tokens)


_ANY = ("batch_threads", "batch_tokens", "ubatch_tokens", "mmap", "mlock", "replies", "response_tokens")


USUAL = LoadOptions()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The model that a call is about. ``path`` is absolute.

    ``context_tokens`` of 0 means what the model was trained for, at most 8,192, or 16,384 with all layers on a GPU.
    ``threads`` of 0 means one less than the physical cores. ``gpu_layers`` of -1 means all of them, of -2 as many as
    the GPU's memory has room for. ``shape`` is what the file's header says, by which that is judged; it names nothing.
    A context that nobody chose (``context_chosen``) may be larger when the model is loaded already. ``title`` is what
    people know the model by, where that is not the file's name (parts of a split model, Ollama's blobs).
    """

    path: str
    context_tokens: int = 0
    threads: int = 0
    gpu_layers: int = -1
    options: LoadOptions = USUAL
    shape: ModelShape | None = field(default=None, compare=False)
    context_chosen: bool = field(default=True, compare=False)
    title: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What the model is called: its ``title``, else the file's name."""
        return self.title or Path(self.path).stem

    def serves(self, wanted: ModelSpec) -> bool:
        """Whether a model loaded by this will do for ``wanted``, its context's size aside."""
        alike = (self.path, self.gpu_layers) == (wanted.path, wanted.gpu_layers)
        return alike and self.options.serves(wanted.options)


def layer_attempts(
    wanted: int, shape: ModelShape | None, contexts: list[int], options: LoadOptions, free_bytes: int | None
) -> tuple[int, ...]:
    """Numbers of GPU layers to load with, one after the other until one succeeds.

    ``free_bytes`` is the GPUs' free memory, ``None`` without any; ``contexts`` are those that may come to be, in
    tokens, largest first: the first at which the whole model has room counts, else the last. Only the automatic number
    (``AUTO_LAYERS``) is lowered, and once.
    """
    if wanted != AUTO_LAYERS:
        return (wanted,)
    if not free_bytes:
        return (0,)
    if shape is None or not shape.blocks:
        return (ALL_LAYERS, 0)
    flash = options.flash_attention != "off"
    count = 0
    for context in contexts:
        need = fit(
            shape,
            sum(shape.blocks) + shape.rest,
            context,
            options.kv_type,
            replies=options.replies,
            response_tokens=options.response_tokens,
            flash=flash,
            swa_full=options.swa_full,
        )
        count = gpu_layers(shape, need, free_bytes)
        if count > len(shape.blocks):
            break
    return (count, count * 3 // 4) if count else (0,)
