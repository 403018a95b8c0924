"""Writing replies token by token: one, or several side by side, each with a sampler chain and a text of its own.

Side by side they share the prompt in one cache, and each step decodes one token of each in one batch: the number of
decode calls is that of the longest reply, not of all together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from tavern_tui.engines.base import StopReason
from tavern_tui.engines.embedded.kv import Cache
from tavern_tui.engines.embedded.likely import Likely
from tavern_tui.engines.embedded.reply import SampledText
from tavern_tui.engines.embedded.retreat import Retreat
from tavern_tui.engines.embedded.rules import Rules
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tavern_tui.engines.embedded.worker import Emit

MOST_AT_ONCE = 8
"""Replies that are written side by side, at most; what is asked for beyond that follows."""


@dataclass(slots=True)
class Draft:
    """A reply that is being written: ``number`` of those asked for, ``sequence`` in the cache, up to ``limit`` tokens.

    ``chain`` is its llama.cpp sampler, which ``chained`` makes for rules and what was written so far, in place of the
    last one. ``tokens`` are those that it consists of. ``reason`` is ``None`` while it goes on; ``ms`` is what it took.
    """

    number: int
    sequence: int
    chained: Callable[[Rules, Sequence[int]], Any]
    text: SampledText
    limit: int
    retreat: Retreat
    chain: Any
    tokens: list[int] = field(default_factory=list)
    reason: StopReason | None = None
    ms: float = 0.0

    @property
    def generated(self) -> int:
        """How many tokens it has."""
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What happens outside while replies are written.

    ``between`` is called between two decodes, for small work of others. ``aborted`` says whether to end them all,
    ``ended`` holds the numbers of those that somebody has ended.
    """

    emit: Emit
    between: Callable[[], None]
    aborted: Callable[[], bool]
    ended: Collection[int] = ()


class Writing:
    """Writes drafts after the prompt whose last logits ``cache`` has just computed. ``run`` it once."""

    def __init__(self, lib: Any, context: Any, cache: Cache, vocabulary: Vocabulary, likely: Likely) -> None:
        self._lib = lib
        self._context = context
        self._cache = cache
        self._vocabulary = vocabulary
        self._likely = likely
        self._prompt_tokens = len(cache.ids)

    def run(self, drafts: Sequence[Draft], hooks: Hooks, done: Callable[[Draft], None]) -> None:
        """Write ``drafts``, whose sequences are forked already, until each has ended, which ``done`` hears.

        Raises ``EngineError``.
        """
        began = time.perf_counter()
        live = list(drafts)
        after_prompt = True
        while live:
            tokens: dict[int, int] = {}
            for index, draft in enumerate(live):
                place = -1 if after_prompt else index  # all begin after the prompt's last token
                token: int = self._lib.llama_sampler_sample(draft.chain, self._context, place)
                following = self._take(draft, token, place, hooks)
                if draft.reason is None:
                    tokens[draft.sequence] = following
            hooks.between()
            if hooks.aborted() or (tokens and not self._cache.decode_each(tokens)):
                for draft in live:
                    draft.reason = draft.reason or StopReason.ABORTED
            for draft in live:
                if draft.reason is not None:
                    draft.ms = (time.perf_counter() - began) * 1000
                    self._finish(draft, hooks)
                    done(draft)
            live = [draft for draft in live if draft.reason is None]
            after_prompt = False

    def _take(self, draft: Draft, token: int, place: int, hooks: Hooks) -> int:
        """Take in one sampled token; the one to be decoded next. Sets the draft's reason where it ends there."""
        if draft.number in hooks.ended:
            draft.reason = StopReason.ABORTED
            return token
        if self._vocabulary.ends(token):
            draft.reason = StopReason.END
            return token
        draft.tokens.append(token)
        choice = self._likely.choice(self._context, place, token)
        arrived = draft.text.feed(token, self._vocabulary.piece(token), choice)
        if arrived:
            hooks.emit(arrived)
        if draft.text.slipped:
            return self._go_back(draft)
        if draft.text.stopped:
            draft.reason = StopReason.STOP_STRING
        elif draft.generated >= draft.limit:
            draft.reason = StopReason.LENGTH
        return token

    def _go_back(self, draft: Draft) -> int:
        """Forget a banned text, and decode what stands before it once more. Where that is refused, the reply ends."""
        place = len(draft.tokens) - draft.text.take_back()
        first = draft.tokens[place]
        del draft.tokens[place:]
        last = self._cache.step_back(draft.sequence, self._prompt_tokens + place)
        if last is None:
            draft.reason = StopReason.END
            return first
        draft.chain = draft.chained(draft.retreat.slipped(place, first), draft.tokens)
        if not draft.retreat.watches:
            draft.text.allow()
        return last

    def _finish(self, draft: Draft, hooks: Hooks) -> None:
        rest = None if draft.text.stopped else draft.text.finish()
        if rest:
            hooks.emit(rest)
