"""Loading a model: from a ``ModelSpec`` to a model and a context of llama.cpp, and the words where that cannot be done.

Stands on ``binding``. What is done with the context is in ``llama``; what a spec can say is in ``options``.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tavern_tui.domain import loading_messages as say
from tavern_tui.domain.errors import EngineError
from tavern_tui.domain.memory_fit import PADDING, PROCESS_BYTES, Layer, ModelShape, fit
from tavern_tui.domain.rope import Rope, RopeChange, RopeFacts, rope_for
from tavern_tui.domain.wording import Wording
from tavern_tui.engines.embedded.binding import LOG, Device, Flag, binding_version, found_devices, library
from tavern_tui.engines.embedded.cores import default_threads
from tavern_tui.engines.embedded.fill_in import fill_in_of
from tavern_tui.engines.embedded.kv import BATCH, STEP
from tavern_tui.engines.embedded.loading_faults import (
    NoRoomError,
    error_of,
    lacks_memory,
    no_room_of,
    not_adapted,
    not_loaded,
)
from tavern_tui.engines.embedded.longrope import factors_of, spare_within
from tavern_tui.engines.embedded.machine import free_bytes
from tavern_tui.engines.embedded.options import ALL_LAYERS, AUTO_LAYERS, LoadOptions, ModelSpec, layer_attempts
from tavern_tui.engines.embedded.protocol import ModelFacts
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tavern_tui.engines.embedded.worker import model_file, usual_contexts

SEQUENCES = 8
"""Replies that can be written side by side, where the model's memory does not grow with each."""

_GPU_STEP = 512
_GGML_TYPES: Mapping[str, int] = {"f16": 1, "q4_0": 2, "q8_0": 8}
_FLASH: Mapping[str, int] = {"auto": -1, "off": 0, "on": 1}
# mmap, mlock → llama_load_mode; the usual one leaves it to llama.cpp, which maps files where the device can.
_LOAD_MODES = {(True, False): -1, (True, True): 3, (False, True): 2, (False, False): 0}
_FREQUENCIES = re.compile(r"freq_(base|scale)\s*=\s*([\d.e+-]+)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and its context, as llama.cpp's handles. ``step`` is how many tokens are computed at once.

    ``sequences`` and ``cells`` are what the context has room for: replies side by side, and tokens of all together.
    ``state_settings`` names what a saved state of this context depends on beside the model's file and the build.
    ``renew`` makes another context of the same kind with room for so many tokens and sequences, computed by so many
    threads; ``None`` where there is not the memory for it.
    """

    lib: Any
    model: Any
    context: Any
    vocabulary: Vocabulary
    step: int
    facts: ModelFacts
    sequences: int
    cells: int
    state_settings: str
    renew: Callable[[int, int, int], Any]

    def free(self) -> None:
        """Give the memory back; nothing of this is used again."""
        self.lib.llama_free(self.context)
        self.lib.llama_model_free(self.model)


def load(
    spec: ModelSpec,
    flag: Flag,
    progress: Callable[[float], None],
    *,
    lib: Any = None,
    found: Callable[[], tuple[Device, ...]] = found_devices,
    free: Callable[[], int | None] = free_bytes,
) -> Loaded:
    """Load what ``spec`` asks for. ``progress`` hears 0.0 to 1.0; a raised ``flag`` ends it.

    ``lib`` is the binding, ``found`` what it can compute on, ``free`` the memory in bytes that nobody uses. Raises
    ``EngineError``; nothing is left in memory then.
    """
    spec.options.check()
    here = _Here(lib or library(), flag, progress, found(), free)
    path = model_file(spec)
    if spec.options.lora and not Path(spec.options.lora).is_file():
        raise error_of(say.no_adapter(spec.options.lora), spec.options.lora)
    trained = (spec.shape and spec.shape.trained_tokens) or 2**31
    contexts = [spec.context_tokens] if spec.context_tokens else usual_contexts(trained, all_on_gpu=True)
    first, *lower = layer_attempts(spec.gpu_layers, spec.shape, contexts, spec.options, here.gpu_memory)
    try:
        return _Loading(here, spec, path, first).done()
    except NoRoomError:
        if not lower:
            raise
    return _Loading(here, spec, path, lower[0], lowered=True).done()


@dataclass(frozen=True, slots=True)
class _Here:
    """What loading stands on: the binding, what stops it, who hears of it, and what there is to compute on."""

    lib: Any
    flag: Flag
    progress: Callable[[float], None]
    devices: tuple[Device, ...]
    free: Callable[[], int | None]

    @property
    def gpu_memory(self) -> int | None:
        """Free bytes of all GPUs, over which llama.cpp spreads a model; ``None`` where there is none."""
        gpus = [device.free for device in self.devices if device.is_gpu]
        return sum(gpus) if gpus and self.lib.llama_supports_gpu_offload() else None


class _Loading:
    """One attempt to load with a number of GPU ``layers``. ``lowered``: with more of them it did not load."""

    def __init__(self, here: _Here, spec: ModelSpec, path: Path, layers: int, *, lowered: bool = False) -> None:
        self._here = here
        self._lib = here.lib
        self._spec = spec
        self._options: LoadOptions = spec.options
        self._path = path
        self._layers = layers if here.gpu_memory is not None else 0
        self._lowered = lowered
        self._threads = spec.threads or default_threads()
        self._step = self._options.ubatch_tokens or (_GPU_STEP if self._layers else STEP)
        self._notes: list[str] = []
        self._params: Any = None
        self._adapter: Any = None

    def done(self) -> Loaded:
        """The model and its context. Raises ``EngineError``, ``NoRoomError`` where fewer layers may help."""
        model = self._load()
        context = None
        try:
            context, tokens = self._make_context(model)
            frequencies = {name: float(value) for name, value in _FREQUENCIES.findall(LOG.said)}
            self._adapt(model, context)
        except EngineError:
            if context:
                self._lib.llama_free(context)
            self._lib.llama_model_free(model)
            raise
        vocabulary = Vocabulary(self._lib, model)
        facts = self._describe(model, vocabulary, tokens, frequencies)
        return Loaded(
            lib=self._lib,
            model=model,
            context=context,
            vocabulary=vocabulary,
            step=self._step,
            facts=facts,
            sequences=self._lib.llama_n_seq_max(context),
            cells=self._lib.llama_n_ctx(context),
            state_settings=_state_settings(facts, factors_of(self._lib, model, self._lib.llama_n_ctx(context))),
            renew=partial(self._renew, model),
        )

    def _load(self) -> Any:
        lib, here = self._lib, self._here

        def step(fraction: float, _data: object) -> bool:
            here.progress(fraction)
            return not here.flag.raised

        shape = self._spec.shape or ModelShape()
        size = sum(shape.blocks) + shape.rest or self._path.stat().st_size
        if not self._layers and (self._options.mlock or not self._options.mmap) and self._exceeds_memory(size):
            raise no_room_of(say.no_memory_for_model(self._path.name, gpu=False), str(self._path))
        params = lib.llama_model_default_params()
        params.n_gpu_layers = self._layers
        params.load_mode = _LOAD_MODES[self._options.mmap, self._options.mlock]
        params.progress_callback = lib.llama_progress_callback(step)
        with LOG.listening():
            model = lib.llama_model_load_from_file(os.fsencode(self._path), params)
        if not model and here.flag.raised:
            raise error_of(say.load_stopped(self._path.name), str(self._path))
        if not model:
            raise not_loaded(self._path, LOG.said, build=binding_version(), gpu=self._layers != 0)
        if self._options.mlock and "failed to mlock" in LOG.said.lower():
            self._note(say.not_locked())
        return model

    def _make_context(self, model: Any) -> tuple[Any, int]:
        """A context, and how many tokens of it are for one conversation."""
        lib, options = self._lib, self._options
        params = self._params = lib.llama_context_default_params()
        params.n_batch, params.n_ubatch = max(options.batch_tokens or BATCH, self._step), self._step
        params.n_threads, params.n_threads_batch = self._threads, options.batch_threads or self._threads
        params.flash_attn_type = _FLASH[options.flash_attention]
        params.type_k = params.type_v = _GGML_TYPES[options.kv_type]
        params.swa_full, params.kv_unified, params.n_seq_max = options.swa_full, True, self._sequences(model)
        # A pointer to C's strlen, not to a Python function: llama.cpp asks it thousands of times per token.
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, lib.ggml_abort_callback)
        params.abort_callback, params.abort_callback_data = strlen, self._here.flag.address
        for tokens in self._contexts(model):
            spare = spare_within(lib, model, tokens, options.spare_cells)
            rope = self._rope(tokens)
            params.rope_freq_base, params.rope_freq_scale = rope.base, rope.scale
            params.n_ctx = _padded(tokens + spare)
            if not self._layers and self._exceeds_memory(self._context_bytes(model, tokens + spare)):
                continue
            with LOG.listening():
                context = lib.llama_init_from_model(model, params)
            if context:
                self._tell_rope(rope, tokens)
                return context, min(_padded(tokens), lib.llama_n_ctx(context) - spare)
            if not lacks_memory(LOG.said) and options.kv_type != "f16":
                raise error_of(say.cache_type_refused(self._path.name, options.kv_type), str(self._path))
        raise no_room_of(say.no_memory_for_context(self._path.name, tokens, options.kv_type), str(self._path))

    def _context_bytes(self, model: Any, tokens: int) -> int:
        """What a context of ``tokens`` takes beside the weights."""
        lib, options = self._lib, self._options
        layers = self._spec.shape.layers if self._spec.shape else ()
        heads = lib.llama_model_n_head(model)
        if not layers:
            elements = lib.llama_model_n_head_kv(model) * lib.llama_model_n_embd(model) // max(1, heads)
            layers = (Layer(elements, elements),) * lib.llama_model_n_layer(model)
        need = fit(
            ModelShape(
                layers=layers, heads=heads, vocabulary=lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
            ),
            0,
            tokens,
            options.kv_type,
            flash=options.flash_attention != "off",
            ubatch=self._step,
            swa_full=options.swa_full,
        )
        return need.total - PROCESS_BYTES

    def _exceeds_memory(self, size: int) -> bool:
        """Whether there is no room for ``size`` bytes: the system would give them, and end the process later."""
        free = self._here.free()
        return free is not None and size > free

    def _renew(self, model: Any, tokens: int, sequences: int, threads: int) -> Any | None:
        """A context like the first one of other sizes, with all that belongs to a context."""
        params = self._params
        params.n_ctx, params.n_seq_max = tokens, sequences
        params.n_threads, params.n_threads_batch = threads, self._options.batch_threads or threads
        context = self._lib.llama_init_from_model(model, params)
        if context and self._adapter is not None and not self._put_on(context, self._adapter):
            self._lib.llama_free(context)
            return None
        return context or None

    def _contexts(self, model: Any) -> list[int]:
        """The sizes to try, in tokens."""
        if self._spec.context_tokens:
            return [self._spec.context_tokens]
        everything = self._lib.llama_model_n_layer(model) + 1
        return usual_contexts(
            self._lib.llama_model_n_ctx_train(model), all_on_gpu=self._on_gpu(everything - 1) == everything
        )

    def _on_gpu(self, blocks: int) -> int:
        """How many layers are on a GPU, of ``blocks`` and the output."""
        return blocks + 1 if self._layers == ALL_LAYERS else min(self._layers, blocks + 1)

    def _sequences(self, model: Any) -> int:
        """Replies side by side: where each one costs memory, as many as are asked for."""
        lib, options = self._lib, self._options
        dear = lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model)
        dear = dear or (lib.llama_model_n_swa(model) > 0 and not options.swa_full)
        return options.replies if dear else max(SEQUENCES, options.replies)

    def _rope(self, tokens: int) -> Rope:
        base, scale = self._options.rope_base, self._options.rope_scale
        facts = (self._spec.shape and self._spec.shape.rope) or RopeFacts()
        return rope_for(facts, tokens, base=base, scale=scale)

    def _tell_rope(self, rope: Rope, tokens: int) -> None:
        facts = (self._spec.shape and self._spec.shape.rope) or RopeFacts()
        trained = facts.trained_tokens or 0
        if rope.change is RopeChange.RAISED:
            self._note(say.rope_raised(tokens, trained, rope.base, facts.base))
        elif rope.change is RopeChange.OWN:
            self._note(say.rope_left_alone(tokens, trained))
        elif rope.change is RopeChange.MANUAL:
            self._note(say.rope_as_set(rope.base, rope.scale))

    def _adapt(self, model: Any, context: Any) -> None:
        """Put the LoRA on the context; it is freed with the model."""
        lib, lora = self._lib, Path(self._options.lora)
        if not self._options.lora:
            return
        with LOG.listening():
            adapter = lib.llama_adapter_lora_init(model, os.fsencode(lora))
        if not adapter:
            raise not_adapted(lora, self._path, LOG.said)
        if not self._put_on(context, adapter):
            raise not_adapted(lora, self._path, LOG.said)
        self._adapter = adapter

    def _put_on(self, context: Any, adapter: Any) -> bool:
        adapters = (self._lib.llama_adapter_lora_p_ctypes * 1)(adapter)
        strengths = (ctypes.c_float * 1)(self._options.lora_strength)
        return bool(self._lib.llama_set_adapters_lora(context, adapters, 1, strengths) == 0)

    def _note(self, wording: Wording) -> None:
        self._notes.append(wording.plain)

    def _describe(
        self, model: Any, vocabulary: Vocabulary, tokens: int, frequencies: Mapping[str, float]
    ) -> ModelFacts:
        lib, spec = self._lib, self._spec
        template = lib.llama_model_chat_template(model, None) or b""
        blocks = lib.llama_model_n_layer(model)
        layers = self._on_gpu(blocks)
        if spec.gpu_layers == AUTO_LAYERS and self._here.gpu_memory is not None and layers <= blocks:
            tell = say.fewer_on_gpu if self._lowered else say.partly_on_gpu
            self._note(tell(layers, blocks + 1))
        used = self._here.devices if layers else self._here.devices[-1:]
        return ModelFacts(
            path=spec.path,
            name=spec.name,
            context_tokens=tokens,
            trained_tokens=lib.llama_model_n_ctx_train(model),
            chat_template=template.decode("utf-8", "replace"),
            fingerprint=vocabulary.fingerprint(),
            add_bos=vocabulary.add_bos,
            device=", ".join(device.name for device in used),
            worker="llama.cpp",
            worker_version=binding_version(),
            threads=self._threads,
            bos_token=vocabulary.name(vocabulary.bos),
            eos_token=vocabulary.name(vocabulary.eos),
            options=spec.options,
            gpu_layers=layers,
            layers=blocks + 1,
            rope_base=frequencies.get("base", 0.0),
            rope_scale=frequencies.get("scale", 0.0),
            notes=tuple(self._notes),
            fill_in=fill_in_of(lib, model, vocabulary),
        )


def _padded(tokens: int) -> int:
    return -(-tokens // PADDING) * PADDING


def _state_settings(facts: ModelFacts, factors: str) -> str:
    """What the numbers in a saved state depend on, beside the model's file and the build of llama.cpp.

    ``factors``: ``longrope.factors_of`` the context.
    """
    options = facts.options
    lora = ""
    if options.lora:
        found = Path(options.lora).stat()
        lora = f"{options.lora}:{found.st_size}:{found.st_mtime_ns}:{options.lora_strength!r}"
    rope = f"{facts.rope_base!r}:{facts.rope_scale!r}:{factors}"
    return f"kv={options.kv_type} flash={options.flash_attention} swa={options.swa_full} rope={rope} lora={lora}"
