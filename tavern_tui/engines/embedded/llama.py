"""``LlamaModel``: one loaded model that writes replies.

Every method runs on the same one thread, which ``llama_worker`` owns. Aborting works inside a batch: llama.cpp asks a
C function that reads a flag byte, without Python. How a model is loaded is in ``loading``, how a request is answered in
``answering``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace

from tavern_tui.domain.alternatives import MOST_PER_TOKEN
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Finished, Notice
from tavern_tui.engines.embedded.answering import Answering, Prompt, prompt_of
from tavern_tui.engines.embedded.batch import MOST_AT_ONCE, Hooks
from tavern_tui.engines.embedded.binding import Flag
from tavern_tui.engines.embedded.kv import Cache
from tavern_tui.engines.embedded.loading import Loaded, load
from tavern_tui.engines.embedded.parking import Disk, Parking
from tavern_tui.engines.embedded.protocol import Generate, ModelSpec, Speed
from tavern_tui.engines.embedded.room import contexts_for
from tavern_tui.engines.embedded.worker import Emit

_UNCUT = "This model's memory cannot be cut back: after an edit or a swipe it reads everything again."


class LlamaModel:
    """One model, one context, one conversation in memory. Raises ``EngineError`` from every method.

    ``disk`` makes what keeps caches of the loaded model on disk; it gives ``None`` where they are not to be kept.
    """

    def __init__(
        self,
        spec: ModelSpec,
        flag: Flag,
        progress: Callable[[float], None],
        disk: Callable[[Loaded], Disk | None] = lambda _loaded: None,
    ) -> None:
        self._loaded = load(spec, flag, progress)
        self.vocabulary = self._loaded.vocabulary
        self.facts = replace(self._loaded.facts, parallel=MOST_AT_ONCE, alternatives=MOST_PER_TOKEN)
        self.threads = self.facts.threads
        self._flag = flag
        self._told_uncut = False
        self._disk = disk(self._loaded)
        self._parking = Parking(self._disk)
        self._cache = self._new_cache()

    def _new_cache(self) -> Cache:
        loaded = self._loaded
        return Cache(loaded.lib, loaded.context, loaded.step, self._parking, self._flag.held)

    def close(self) -> None:
        """Free the model and its context; the object is not used again."""
        self._cache.free()
        self._loaded.free()
        if self._disk is not None:
            self._disk.close()

    def keep(self) -> None:
        """Put what was read for the present chat on disk, unless it lies there already or no disk is used."""
        self._cache.store()

    def generate(
        self, work: Generate, emit: Emit, between: Callable[[], None], ended: Collection[int] = ()
    ) -> Finished:
        """Write one reply, or ``work.replies`` side by side as far as they have room, and then the rest.

        ``between`` is called between two decodes, for small work of others. ``ended`` has the numbers of replies that
        somebody has ended meanwhile. Raises ``EngineError``: ``OVERFLOW`` when the prompt leaves no room for a token,
        ``REJECTED`` when it is empty.
        """
        prompt = prompt_of(work, self.vocabulary, self.facts.context_tokens)
        if work.replies > 1:
            self._make_room(min(work.replies, MOST_AT_ONCE), prompt)
        hooks = Hooks(emit, between, lambda: self._flag.raised, ended)
        finished = Answering(self._loaded, self._cache, work, prompt, hooks).run()
        if self._cache.refused and not self._told_uncut:
            self._told_uncut = True
            emit(Notice(_UNCUT))
        return finished

    def _make_room(self, replies: int, prompt: Prompt) -> None:
        """Make the context anew where ``replies`` do not fit side by side; it keeps what it has read.

        Where there is not the memory for that, fewer are written at once.
        """
        cache = self._cache
        for tokens in contexts_for(self._loaded, cache.cells, cache.sequences, replies, prompt.limit, len(prompt.ids)):
            if self._renew(tokens, max(replies, cache.sequences)):
                return

    def _renew(self, tokens: int, sequences: int) -> bool:
        """A context with so much room in place of the present one; ``False`` where the present one stays.

        Raises ``EngineError`` where there is none any more.
        """
        loaded, before = self._loaded, self._cache
        saved = before.save()
        room_before = (before.cells, before.sequences)
        before.free()
        loaded.lib.llama_free(loaded.context)
        context = loaded.renew(tokens, sequences, self.threads)
        grown = bool(context)
        if not grown:
            context = loaded.renew(*room_before, self.threads)
        if not context:
            raise EngineError(
                f"There is no longer enough memory for {self.facts.name}.",
                fault=EngineFault.CRASHED,
                hint="Lower the context in Connections, or close other programs.",
            )
        self._loaded = replace(loaded, context=context)
        self._cache = self._new_cache()
        self._cache.chat, self._cache.speed, self._cache.refused = before.chat, before.speed, before.refused
        if saved is not None:
            self._cache.restore(saved)
        return grown

    def speed(self, threads: int, seconds: float) -> Speed:
        """Tokens generated per second with ``threads``, measured for ``seconds``; the conversation is put aside."""
        self._set_threads(threads)
        self._cache.park()
        self._cache.clear()
        self._cache.chat = ""
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
        self._set_threads(threads)

    def _set_threads(self, threads: int) -> None:
        loaded = self._loaded
        loaded.lib.llama_set_n_threads(loaded.context, threads, loaded.facts.options.batch_threads or threads)
