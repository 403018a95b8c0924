"""``Answering``: one request to the embedded engine, from its ids to the last of its replies.

The prompt is read as far as the cache does not hold it, then the replies are written side by side, as many at once as
the context has room for; the rest follow when those have ended. What writes is ``batch``, what is kept ``kv``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Finished, PrefillProgress, ReplyFinished, StopReason, Usage
from tavern_tui.engines.embedded.batch import MOST_AT_ONCE, Draft, Hooks, Writing
from tavern_tui.engines.embedded.kv import Cache
from tavern_tui.engines.embedded.likely import Likely
from tavern_tui.engines.embedded.loading import Loaded
from tavern_tui.engines.embedded.protocol import Generate
from tavern_tui.engines.embedded.reply import SampledText
from tavern_tui.engines.embedded.retreat import Retreat
from tavern_tui.engines.embedded.rules import Rules, grammar_of, rules_of
from tavern_tui.engines.embedded.sampling import sampler_chain
from tavern_tui.engines.embedded.segments import Encoded, encode
from tavern_tui.engines.embedded.vocabulary import Vocabulary

_APART = 1_000_003
"""Between the seeds of a reply that has gone back, so that it does not draw the same numbers again."""
_REACH = 1_000
"""Characters of the prompt's end that a banned text may begin in."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as it is read: ``ids`` with the beginning token, ``limit`` the tokens that a reply to it may have."""

    encoded: Encoded
    ids: tuple[int, ...]
    limit: int


def prompt_of(work: Generate, vocabulary: Vocabulary, context_tokens: int) -> Prompt:
    """The prompt of a request in a context of so many tokens.

    Raises ``EngineError``: ``OVERFLOW`` when it leaves no room for a token, ``REJECTED`` when it is empty.
    """
    encoded = encode(work.prompt, vocabulary)
    ids = vocabulary.with_bos(encoded.ids)
    room = context_tokens - len(ids)
    if room < 1:
        raise EngineError(
            f"The prompt is {len(ids)} tokens; the context holds {context_tokens}.",
            fault=EngineFault.OVERFLOW,
            prompt_tokens=len(ids),
            context_tokens=context_tokens,
            hint="Raise the context, or shorten the prompt.",
        )
    if not ids:
        raise EngineError("The prompt is empty.", fault=EngineFault.REJECTED)
    return Prompt(encoded, ids, min(room, work.response_tokens))


class Answering:
    """The replies to one request, on a model with its cache. ``run`` it once."""

    def __init__(self, loaded: Loaded, cache: Cache, work: Generate, prompt: Prompt, hooks: Hooks) -> None:
        self._loaded = loaded
        self._cache = cache
        self._work = work
        self._prompt = prompt
        self._hooks = hooks
        self._several = work.replies > 1
        self._ended: list[ReplyFinished] = []
        self._read = Usage()

    def run(self) -> Finished:
        """Read the prompt and write every reply. Raises ``EngineError``."""
        grammar_of(rules_of(self._work))  # what is refused is refused before minutes of reading
        waiting = deque(range(max(1, self._work.replies)))
        self._cache.turn_to(self._work.chat, self._prompt.ids)
        while waiting and not (self._ended and self._hooks.aborted()):
            together = [waiting.popleft() for _ in range(min(len(waiting), self._at_once()))]
            if self._read_prompt(first=not self._ended):
                self._write(together)
            else:
                self._not_written(together)
        self._not_written(waiting)
        return self._finished()

    def _at_once(self) -> int:
        """Replies that have room side by side: they share the prompt, and each has its own length."""
        room = (self._cache.cells - len(self._prompt.ids)) // max(1, self._prompt.limit)
        return max(1, min(room, self._cache.sequences, MOST_AT_ONCE))

    def _read_prompt(self, *, first: bool) -> bool:
        """Read what the cache lacks; ``False`` when that was aborted. Sets what it took."""
        ids, emit = self._prompt.ids, self._hooks.emit
        began = time.perf_counter()
        kept = self._cache.keep(ids, shift=self._work.shift)
        if first:
            emit(PrefillProgress(kept.tokens, len(ids)))

        def progress(done: int) -> bool:
            if first:
                emit(PrefillProgress(done, len(ids)))
            self._hooks.between()
            return not self._hooks.aborted()

        complete = self._cache.read(ids[kept.tokens :], progress)
        self._read = Usage(
            evaluated=max(0, len(self._cache.ids) - kept.tokens),
            reused=kept.reused,
            generated=0,
            prompt_ms=(time.perf_counter() - began) * 1000,
            generation_ms=0.0,
            shifted=kept.shifted,
        )
        return complete

    def _write(self, numbers: Sequence[int]) -> None:
        loaded, work = self._loaded, self._work
        likely = Likely(loaded.lib, loaded.vocabulary, work.alternatives)
        writing = Writing(loaded.lib, loaded.context, self._cache, loaded.vocabulary, likely)
        with ExitStack() as chains:
            drafts = [self._draft(sequence, number, chains) for sequence, number in enumerate(numbers)]
            self._cache.fork(len(drafts))
            writing.run(drafts, self._hooks, self._done)

    def _draft(self, sequence: int, number: int, chains: ExitStack) -> Draft:
        """A reply before its first token; its sampler chains live as long as ``chains``."""
        work, limit = self._work, self._prompt.limit
        retreat = Retreat(rules_of(work), possible=self._goes_back)
        own = chains.enter_context(ExitStack())

        def chained(rules: Rules, reply: Sequence[int]) -> Any:
            own.close()
            seed = work.seed if work.seed is None else work.seed + number + retreat.count * _APART
            return own.enter_context(
                sampler_chain(
                    self._loaded.lib,
                    self._loaded.vocabulary,
                    work.sampling,
                    context=self._loaded.facts.context_tokens,
                    seed=seed,
                    history=self._prompt.ids,
                    rules=rules,
                    reply=reply,
                )
            )

        banned = work.banned if retreat.watches else ()
        text = SampledText(work.stop, number, banned=banned, before=self._prompt.encoded.text[-_REACH:])
        return Draft(number, sequence, chained, text, limit, retreat, chained(retreat.rules, ()))

    @property
    def _goes_back(self) -> bool:
        """Whether a reply can forget its last tokens: a window that keeps no more than itself has let go of others."""
        return not self._cache.one_state and (self._loaded.facts.options.swa_full or not self._cache.window)

    def _not_written(self, numbers: Collection[int]) -> None:
        """These end without a word: the request was aborted first."""
        for number in numbers:
            usage = Usage(0, 0, 0, 0.0, 0.0, 0) if self._ended else self._read
            self._end(ReplyFinished(number, StopReason.ABORTED, usage))

    def _done(self, draft: Draft) -> None:
        """One reply was written. The first of those written together answers for what was read for them."""
        usage = replace(self._read, generated=draft.generated, generation_ms=draft.ms)
        if draft.sequence:
            usage = replace(usage, evaluated=0, reused=len(self._prompt.ids), shifted=0, prompt_ms=0.0)
        reason = draft.reason or StopReason.ABORTED
        self._end(ReplyFinished(draft.number, reason, usage, self._is_canonical(draft.text)))

    def _end(self, ended: ReplyFinished) -> None:
        self._ended.append(ended)
        if self._several:
            self._hooks.emit(ended)

    def _is_canonical(self, text: SampledText) -> bool | None:
        """Whether tokenising the text anew gives the ids that were sampled; ``None`` when they do not cover it."""
        if not text.covered:
            return None
        encoded = self._prompt.encoded
        return tuple(self._loaded.vocabulary.tokenize(encoded.text + text.text)) == (*encoded.plain, *text.ids)

    def _finished(self) -> Finished:
        """What all replies took together; how the first of them ended."""
        first = min(self._ended, key=lambda ended: ended.reply)
        if not self._several:
            return Finished(first.reason, first.usage, first.canonical)
        usages = [ended.usage for ended in self._ended]
        usage = replace(
            first.usage,
            evaluated=sum(usage.evaluated or 0 for usage in usages),
            generated=sum(usage.generated or 0 for usage in usages),
            prompt_ms=sum(usage.prompt_ms or 0.0 for usage in usages),
            generation_ms=max(usage.generation_ms or 0.0 for usage in usages),
        )
        return Finished(first.reason, usage)
