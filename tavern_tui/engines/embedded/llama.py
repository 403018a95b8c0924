"""``LlamaModel``: one loaded model that writes replies.

Every method runs on the same one thread, which ``llama_worker`` owns. Aborting works inside a batch: llama.cpp asks a
C function that reads a flag byte, without Python. How a model is loaded is in ``loading``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Finished, Notice, PrefillProgress, StopReason, Usage
from tavern_tui.engines.embedded.binding import Flag
from tavern_tui.engines.embedded.kv import Cache
from tavern_tui.engines.embedded.loading import load
from tavern_tui.engines.embedded.protocol import Generate, ModelSpec, Speed
from tavern_tui.engines.embedded.reply import SampledText
from tavern_tui.engines.embedded.sampling import sampler_chain
from tavern_tui.engines.embedded.segments import Encoded, encode
from tavern_tui.engines.embedded.worker import Emit


class LlamaModel:
    """One model, one context, one conversation in memory. Raises ``EngineError`` from every method."""

    def __init__(self, spec: ModelSpec, flag: Flag, progress: Callable[[float], None]) -> None:
        self._loaded = load(spec, flag, progress)
        self._lib, self._context = self._loaded.lib, self._loaded.context
        self.vocabulary = self._loaded.vocabulary
        self.facts = self._loaded.facts
        self.threads = self.facts.threads
        self._flag = flag
        self._told_uncut = False
        self._cache = Cache(self._lib, self._context, self._loaded.step)

    def close(self) -> None:
        """Free the model and its context; the object is not used again."""
        self._cache.free()
        self._loaded.free()

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
