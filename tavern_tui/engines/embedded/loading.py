"""Loading a model: from a ``ModelSpec`` to a model and a context of llama.cpp, and the words where that cannot be done.

Stands on ``binding``. What is done with the context is in ``llama``.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.embedded.binding import LOG, Flag, binding_version, devices, library
from tavern_tui.engines.embedded.cores import default_threads
from tavern_tui.engines.embedded.kv import BATCH, STEP
from tavern_tui.engines.embedded.protocol import ModelFacts, ModelSpec
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tavern_tui.engines.embedded.worker import model_file, usual_contexts

_GPU_STEP = 512

# What llama.cpp's log says of a file that it cannot load: title and hint for the user.
_LOAD_FAULTS = (
    ("file bounds", "is cut short or damaged", "Download it again, or choose another model."),
    ("incomplete", "is cut short or damaged", "Download it again, or choose another model."),
    ("magic", "is not a GGUF model", "Choose a file that ends in .gguf."),
    ("unknown model architecture", "is of a kind that this llama.cpp does not know", "Choose another model."),
    ("allocate", "does not fit into memory", "Use a smaller model, or fewer GPU layers."),
    ("out of memory", "does not fit into memory", "Use a smaller model, or fewer GPU layers."),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and its context, as llama.cpp's handles. ``step`` is how many tokens are computed at once.

    ``params`` are what the context was made with. ``renew`` makes another context of the same kind with room for so
    many tokens and sequences, and with all that belongs to a context; ``None`` where there is not the memory for it.
    """

    lib: Any
    model: Any
    context: Any
    vocabulary: Vocabulary
    step: int
    facts: ModelFacts
    params: Any = None
    renew: Callable[[int, int], Any] = lambda _tokens, _sequences: None

    def free(self) -> None:
        """Give the memory back; nothing of this is used again."""
        self.lib.llama_free(self.context)
        self.lib.llama_model_free(self.model)


def load(spec: ModelSpec, flag: Flag, progress: Callable[[float], None]) -> Loaded:
    """Load what ``spec`` asks for. ``progress`` hears 0.0 to 1.0; a raised ``flag`` ends it. Raises ``EngineError``."""
    return _Loading(spec, flag, progress).done()


class _Loading:
    """One attempt to load, with what it needs at hand."""

    def __init__(self, spec: ModelSpec, flag: Flag, progress: Callable[[float], None]) -> None:
        self._lib = library()
        self._spec = spec
        self._flag = flag
        self._progress = progress
        self._threads = spec.threads or default_threads()
        self._params = self._lib.llama_context_default_params()

    def done(self) -> Loaded:
        """The model and its context. Raises ``EngineError``; nothing is left in memory then."""
        model = self._load()
        try:
            context = self._make_context(model)
        except EngineError:
            self._lib.llama_model_free(model)
            raise
        vocabulary = Vocabulary(self._lib, model)
        facts = self._describe(model, context, vocabulary)

        def renew(tokens: int, sequences: int) -> Any:
            self._params.n_ctx, self._params.n_seq_max, self._params.kv_unified = tokens, sequences, True
            return self._new_context(model)

        return Loaded(self._lib, model, context, vocabulary, self._step(), facts, self._params, renew)

    def _load(self) -> Any:
        lib, path = self._lib, model_file(self._spec)

        def step(fraction: float, _data: object) -> bool:
            self._progress(fraction)
            return not self._flag.raised

        params = lib.llama_model_default_params()
        params.n_gpu_layers = self._spec.gpu_layers
        params.progress_callback = lib.llama_progress_callback(step)
        LOG.loading = True
        LOG.latest.clear()
        try:
            model = lib.llama_model_load_from_file(os.fsencode(path), params)
        finally:
            LOG.loading = False
        if not model:
            raise self._not_loaded(path)
        return model

    def _not_loaded(self, path: Path) -> EngineError:
        if self._flag.raised:
            return EngineError(f"Loading {path.name} was stopped.", fault=EngineFault.NO_MODEL, where=str(path))
        said = "".join(LOG.latest).lower()
        for needle, what, hint in _LOAD_FAULTS:
            if needle in said:
                return EngineError(f"{path.name} {what}.", fault=EngineFault.NO_MODEL, where=str(path), hint=hint)
        return EngineError(
            f"llama.cpp cannot load {path.name}.",
            fault=EngineFault.NO_MODEL,
            where=str(path),
            hint="Its reason is in the engine's log: `tavern-tui engine status` names it.",
        )

    def _make_context(self, model: Any) -> Any:
        lib, spec = self._lib, self._spec
        trained: int = lib.llama_model_n_ctx_train(model)
        params = self._params
        params.n_batch = BATCH
        params.n_ubatch = self._step()
        params.n_threads = params.n_threads_batch = self._threads
        # A pointer to C's strlen, not to a Python function: llama.cpp asks it thousands of times per token.
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, lib.ggml_abort_callback)
        params.abort_callback, params.abort_callback_data = strlen, self._flag.address
        all_on_gpu = self._on_gpu() and not 0 <= spec.gpu_layers <= lib.llama_model_n_layer(model)
        for tokens in [spec.context_tokens] if spec.context_tokens else usual_contexts(trained, all_on_gpu=all_on_gpu):
            params.n_ctx = tokens
            if context := self._new_context(model):
                return context
        raise EngineError(
            f"There is not enough memory for {Path(spec.path).name} with a context of {params.n_ctx} tokens.",
            fault=EngineFault.NO_MODEL,
            where=spec.path,
            hint="Lower the context in Connections, or use a smaller model.",
        )

    def _new_context(self, model: Any) -> Any:
        return self._lib.llama_init_from_model(model, self._params)

    def _on_gpu(self) -> bool:
        return self._spec.gpu_layers != 0 and bool(self._lib.llama_supports_gpu_offload())

    def _step(self) -> int:
        return _GPU_STEP if self._on_gpu() else STEP

    def _describe(self, model: Any, context: Any, vocabulary: Vocabulary) -> ModelFacts:
        lib, spec = self._lib, self._spec
        template = lib.llama_model_chat_template(model, None) or b""
        where = devices()
        return ModelFacts(
            path=spec.path,
            name=Path(spec.path).stem,
            context_tokens=lib.llama_n_ctx(context),
            trained_tokens=lib.llama_model_n_ctx_train(model),
            chat_template=template.decode("utf-8", "replace"),
            fingerprint=vocabulary.fingerprint(),
            add_bos=vocabulary.add_bos,
            device=", ".join(where if self._on_gpu() else where[-1:]),
            worker="llama.cpp",
            worker_version=binding_version(),
            threads=self._threads,
            bos_token=vocabulary.name(vocabulary.bos),
            eos_token=vocabulary.name(vocabulary.eos),
        )
