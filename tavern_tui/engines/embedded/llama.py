"""llama.cpp in this process: the only module that imports ``llama_cpp``, and only when it is used.

``LlamaModel`` is one loaded model with its context; every method runs on the same one thread, which ``llama_worker``
owns. Aborting works inside a batch: llama.cpp asks a C function that reads a flag byte, without Python.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Finished, Notice, PrefillProgress, StopReason, Usage
from tavern_tui.engines.embedded.cores import default_threads
from tavern_tui.engines.embedded.kv import BATCH, STEP, Cache
from tavern_tui.engines.embedded.protocol import Generate, ModelFacts, ModelSpec, Speed
from tavern_tui.engines.embedded.reply import SampledText
from tavern_tui.engines.embedded.sampling import sampler_chain
from tavern_tui.engines.embedded.segments import Encoded, encode
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tavern_tui.engines.embedded.worker import Emit, model_file, usual_contexts

_GPU_STEP = 512
_INFO, _WARN, _CONTINUED = 2, 3, 5
_EMPTY_FLAG, _RAISED_FLAG = b"\0", b"\1"

# What llama.cpp's log says of a file that it cannot load: title and hint for the user.
_LOAD_FAULTS = (
    ("file bounds", "is cut short or damaged", "Download it again, or choose another model."),
    ("incomplete", "is cut short or damaged", "Download it again, or choose another model."),
    ("magic", "is not a GGUF model", "Choose a file that ends in .gguf."),
    ("unknown model architecture", "is of a kind that this llama.cpp does not know", "Choose another model."),
    ("allocate", "does not fit into memory", "Use a smaller model, or fewer GPU layers."),
    ("out of memory", "does not fit into memory", "Use a smaller model, or fewer GPU layers."),
)


class Flag:
    """A byte that stops llama.cpp from any thread: ``strlen`` of it is 0 until it is raised."""

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)

    @property
    def address(self) -> int:
        """Where C finds it."""
        return ctypes.addressof(self._bytes)

    @property
    def raised(self) -> bool:
        """Whether the work in progress is to end."""
        return self._bytes.raw[:1] != _EMPTY_FLAG

    def put_up(self) -> None:
        """End the work in progress."""
        self._bytes[0] = _RAISED_FLAG

    def put_down(self) -> None:
        """Begin new work."""
        self._bytes[0] = _EMPTY_FLAG


class _Log:
    """llama.cpp's log lines: warnings always, everything while loading, and the latest for an error's wording."""

    def __init__(self) -> None:
        self.loading = False
        self.latest: deque[str] = deque(maxlen=40)
        self.callback: Any = None  # kept here, because llama.cpp keeps only the pointer
        self._level = _INFO

    def take(self, level: int, text: bytes | None, _data: object) -> None:
        """llama.cpp's callback."""
        self._level = self._level if level == _CONTINUED else level
        if self._level < (_INFO if self.loading else _WARN):
            return
        line = (text or b"").decode("utf-8", "replace")
        self.latest.append(line)
        sys.stderr.write(line)


_LOG = _Log()


@cache
def library() -> Any:
    """The llama.cpp binding, imported once. Raises ``EngineError`` where it is not installed or does not load."""
    try:
        lib: Any = importlib.import_module("llama_cpp.llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            "The embedded engine is not built for this Python.",
            fault=EngineFault.UNAVAILABLE,
            hint="The embedded engine must be rebuilt: `make engine`.",
        ) from error
    _LOG.callback = lib.llama_log_callback(_LOG.take)
    lib.llama_log_set(_LOG.callback, None)
    lib.llama_backend_init()
    return lib


def devices() -> tuple[str, ...]:
    """What llama.cpp can compute on here, in its own words."""
    library()
    ggml = importlib.import_module("llama_cpp._ggml").libggml
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.argtypes, ggml.ggml_backend_dev_get.restype = [ctypes.c_size_t], ctypes.c_void_p
    describe = ggml.ggml_backend_dev_description
    describe.argtypes, describe.restype = [ctypes.c_void_p], ctypes.c_char_p
    found = (describe(ggml.ggml_backend_dev_get(index)) for index in range(ggml.ggml_backend_dev_count()))
    return tuple((name or b"").decode("utf-8", "replace") for name in found)


def binding_version() -> str:
    """The version of llama-cpp-python."""
    library()
    return str(importlib.import_module("llama_cpp").__version__)


class LlamaModel:
    """One model, one context, one conversation in memory. Raises ``EngineError`` from every method."""

    def __init__(self, spec: ModelSpec, flag: Flag, progress: Callable[[float], None]) -> None:
        self._lib = library()
        self._flag = flag
        self._told_uncut = False
        self._model = self._load(spec, progress)
        self.vocabulary = Vocabulary(self._lib, self._model)
        self.threads = spec.threads or default_threads()
        try:
            self._context = self._make_context(spec)
        except EngineError:
            self._lib.llama_model_free(self._model)
            raise
        self._cache = Cache(self._lib, self._context, self._step(spec))
        self.facts = self._describe(spec)

    def _load(self, spec: ModelSpec, progress: Callable[[float], None]) -> Any:
        lib, path = self._lib, model_file(spec)

        def step(fraction: float, _data: object) -> bool:
            progress(fraction)
            return not self._flag.raised

        params = lib.llama_model_default_params()
        params.n_gpu_layers = spec.gpu_layers
        params.progress_callback = lib.llama_progress_callback(step)
        _LOG.loading = True
        _LOG.latest.clear()
        try:
            model = lib.llama_model_load_from_file(os.fsencode(path), params)
        finally:
            _LOG.loading = False
        if not model:
            raise self._not_loaded(path)
        return model

    def _not_loaded(self, path: Path) -> EngineError:
        if self._flag.raised:
            return EngineError(f"Loading {path.name} was stopped.", fault=EngineFault.NO_MODEL, where=str(path))
        said = "".join(_LOG.latest).lower()
        for needle, what, hint in _LOAD_FAULTS:
            if needle in said:
                return EngineError(f"{path.name} {what}.", fault=EngineFault.NO_MODEL, where=str(path), hint=hint)
        return EngineError(
            f"llama.cpp cannot load {path.name}.",
            fault=EngineFault.NO_MODEL,
            where=str(path),
            hint="Its reason is in the engine's log: `tavern-tui engine status` names it.",
        )

    def _make_context(self, spec: ModelSpec) -> Any:
        lib = self._lib
        trained: int = lib.llama_model_n_ctx_train(self._model)
        params = lib.llama_context_default_params()
        params.n_batch = BATCH
        params.n_ubatch = self._step(spec)
        params.n_threads = params.n_threads_batch = self.threads
        # A pointer to C's strlen, not to a Python function: llama.cpp asks it thousands of times per token.
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, lib.ggml_abort_callback)
        params.abort_callback, params.abort_callback_data = strlen, self._flag.address
        all_on_gpu = self._on_gpu(spec) and not 0 <= spec.gpu_layers <= lib.llama_model_n_layer(self._model)
        for tokens in [spec.context_tokens] if spec.context_tokens else usual_contexts(trained, all_on_gpu=all_on_gpu):
            params.n_ctx = tokens
            if context := lib.llama_init_from_model(self._model, params):
                return context
        raise EngineError(
            f"There is not enough memory for {Path(spec.path).name} with a context of {params.n_ctx} tokens.",
            fault=EngineFault.NO_MODEL,
            where=spec.path,
            hint="Lower the context in Connections, or use a smaller model.",
        )

    def _on_gpu(self, spec: ModelSpec) -> bool:
        return spec.gpu_layers != 0 and bool(self._lib.llama_supports_gpu_offload())

    def _step(self, spec: ModelSpec) -> int:
        return _GPU_STEP if self._on_gpu(spec) else STEP

    def _describe(self, spec: ModelSpec) -> ModelFacts:
        lib = self._lib
        template = lib.llama_model_chat_template(self._model, None) or b""
        where = devices()
        return ModelFacts(
            path=spec.path,
            name=Path(spec.path).stem,
            context_tokens=lib.llama_n_ctx(self._context),
            trained_tokens=lib.llama_model_n_ctx_train(self._model),
            chat_template=template.decode("utf-8", "replace"),
            fingerprint=self.vocabulary.fingerprint(),
            add_bos=self.vocabulary.add_bos,
            device=", ".join(where if self._on_gpu(spec) else where[-1:]),
            worker="llama.cpp",
            worker_version=binding_version(),
            threads=self.threads,
            bos_token=self.vocabulary.name(self.vocabulary.bos),
            eos_token=self.vocabulary.name(self.vocabulary.eos),
        )

    def close(self) -> None:
        """Free the model and its context; the object is not used again."""
        self._cache.free()
        self._lib.llama_free(self._context)
        self._lib.llama_model_free(self._model)

    def generate(self, work: Generate, emit: Emit, between: Callable[[], None]) -> Finished:
        """Write one reply. ``between`` is called between two decodes, for small work of others.

        Raises ``EngineError``: ``OVERFLOW`` when the prompt leaves no room for a token, ``REJECTED`` when it is empty.
        """
        prompt = encode(work.prompt, self.vocabulary)
        ids = self.vocabulary.with_bos(prompt.ids)
        room = self.facts.context_tokens - len(ids)
        if room < 1:
            raise EngineError(
                f"The prompt is {len(ids)} tokens; the context holds {self.facts.context_tokens}.",
                fault=EngineFault.OVERFLOW,
                prompt_tokens=len(ids),
                context_tokens=self.facts.context_tokens,
                hint="Raise the context, or shorten the prompt.",
            )
        if not ids:
            raise EngineError("The prompt is empty.", fault=EngineFault.REJECTED)
        began = time.perf_counter()
        self._cache.turn_to(work.chat, ids)
        reused = self._cache.cut(ids)
        self._tell_uncut(emit)
        emit(PrefillProgress(reused, len(ids)))

        def progress(done: int) -> bool:
            emit(PrefillProgress(done, len(ids)))
            between()
            return not self._flag.raised

        finished = self._cache.read(ids[reused:], progress)
        read = time.perf_counter()
        evaluated = max(0, len(self._cache.ids) - reused)
        if not finished:
            usage = Usage(evaluated, reused, 0, (read - began) * 1000, 0.0)
            return Finished(StopReason.ABORTED, usage)
        text = SampledText(work.stop)
        reason, generated = self._write(work, ids, min(room, work.response_tokens), text, emit, between)
        usage = Usage(evaluated, reused, generated, (read - began) * 1000, (time.perf_counter() - read) * 1000)
        return Finished(reason, usage, canonical=self._is_canonical(prompt, text))

    def _tell_uncut(self, emit: Emit) -> None:
        if self._cache.refused and not self._told_uncut:
            self._told_uncut = True
            emit(Notice("This model's memory cannot be cut back: after an edit or a swipe it reads everything again."))

    def _write(
        self,
        work: Generate,
        ids: tuple[int, ...],
        limit: int,
        text: SampledText,
        emit: Emit,
        between: Callable[[], None],
    ) -> tuple[StopReason, int]:
        """Sample up to ``limit`` tokens; why it ended and how many were sampled."""
        lib, vocabulary = self._lib, self.vocabulary
        context = self.facts.context_tokens
        reason, generated = StopReason.LENGTH, 0
        with sampler_chain(lib, vocabulary, work.sampling, context=context, seed=work.seed, history=ids) as chain:
            while generated < limit:
                token: int = lib.llama_sampler_sample(chain, self._context, -1)
                if vocabulary.ends(token):
                    reason = StopReason.END
                    break
                generated += 1
                arrived = text.feed(token, vocabulary.piece(token))
                if arrived:
                    emit(arrived)
                if text.stopped:
                    return StopReason.STOP_STRING, generated
                between()
                if self._flag.raised or (generated < limit and not self._cache.decode((token,))):
                    reason = StopReason.ABORTED
                    break
        rest = text.finish()
        if rest:
            emit(rest)
        return reason, generated

    def _is_canonical(self, prompt: Encoded, text: SampledText) -> bool | None:
        """Whether tokenising the text anew gives the ids that were sampled; ``None`` when they do not cover it."""
        if not text.covered:
            return None
        return tuple(self.vocabulary.tokenize(prompt.text + text.text)) == (*prompt.plain, *text.ids)

    def speed(self, threads: int, seconds: float) -> Speed:
        """Tokens generated per second with ``threads``, measured for ``seconds``; forgets the conversation."""
        self._lib.llama_set_n_threads(self._context, threads, threads)
        self._cache.clear()
        token = max(0, self.vocabulary.bos)
        self._cache.decode((token,))
        began, count = time.perf_counter(), 0
        while not self._flag.raised and (elapsed := time.perf_counter() - began) < seconds:
            if len(self._cache.ids) >= self.facts.context_tokens:
                self._cache.clear()
            count += self._cache.decode((token,))
        self._cache.clear()
        return Speed(threads, round(count / max(elapsed, 1e-6), 2) if count else 0.0)

    def use_threads(self, threads: int) -> None:
        """Compute with ``threads`` from now on."""
        self.threads = threads
        self._lib.llama_set_n_threads(self._context, threads, threads)
