"""``Replies``: runs the replies of one session, one at a time, and shows them while they come."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import TavernError
from tavern_tui.session import events as out
from tavern_tui.session.session import ChatSession
from tavern_tui.ui.chat.mirror import Mirror, name_shown, voice_of
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind

STREAMING = "reply"
"""The entry of a reply that is no turn yet."""

_SLOWEST_MEASURED = 0.5
"""Seconds of text before a speed is told: the first pieces come in bursts."""


class Watcher(Protocol):
    """Who hears how a reply goes."""

    def started(self) -> None:
        """What was said is stored; the reply is being made."""

    def waiting(self, why: str, fraction: float | None) -> None:
        """The engine is busy, or loads its model."""

    def reading(self, done: int, total: int) -> None:
        """So many tokens of the prompt have been read."""

    def planned(self, tokens: int, context_tokens: int) -> None:
        """The prompt has so many tokens, of so many that fit."""

    def thinking(self, tokens: int) -> None:
        """The model has thought so many tokens."""

    def writing(self, tokens: int, per_second: float | None) -> None:
        """So many tokens of the reply have come."""

    def failed(self, error: TavernError, *, kept: bool) -> None:
        """The reply broke; ``kept``: what had come is a turn."""

    async def ended(self) -> None:
        """Nothing is being written any more."""


class Replies:
    """``run`` one stream of events after the other. ``clock`` gives seconds that only grow."""

    def __init__(
        self, session: ChatSession, mirror: Mirror, watcher: Watcher, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._mirror = mirror
        self._watcher = watcher
        self._clock = clock
        self._target = ""
        self._first_text: float | None = None

    async def run(self, stream: AsyncGenerator[out.SessionEvent, None], *, beside: str = "") -> None:
        """Show a reply from its first event to its last. ``beside`` is the turn that it takes the place of on screen,
        or, for a continuation, the turn that grows; "" for a reply at the end."""
        self._target, self._first_text = "", None
        failure: out.TurnFailed | None = None
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    if isinstance(event, out.TurnFailed):
                        failure = event
                    self._take(event, beside)
        except TavernError as error:
            failure = out.TurnFailed(error)
        self._settle()
        if failure is not None:
            self._watcher.failed(failure.error, kept=bool(failure.turn_id))
        await self._watcher.ended()

    def _take(self, event: out.SessionEvent, beside: str) -> None:
        log, watcher = self._mirror.log, self._watcher
        match event:
            case out.TurnStarted(kind=kind, name=name):
                watcher.started()
                self._begin(kind, name, beside)
            case out.PromptBuilt(plan=plan):
                watcher.planned(plan.tokens, plan.context_tokens)
            case out.EngineWaiting(why=why, fraction=fraction):
                watcher.waiting(why, fraction)
            case out.Retrying():
                watcher.waiting(str(event), None)
            case out.PrefillProgress(done=done, total=total):
                watcher.reading(done, total)
            case out.ReasoningArrived(text=text, tokens=tokens):
                entry = log.standing.entry(self._target)
                thought = entry.reasoning + text
                log.replace(replace(entry, reasoning=thought, reasoning_tokens=tokens or None, thinking=True))
                watcher.thinking(tokens)
            case out.TextArrived(text=text, tokens=tokens):
                entry = log.standing.entry(self._target)
                log.replace(replace(entry, text=text, thinking=False))
                watcher.writing(tokens, self._speed(tokens))
            case out.Notice(text=text):
                self._notice(text)
            case out.TurnSaved(turn=turn):
                self._saved(turn)
            case out.OnlySaid():
                watcher.started()
                self._mirror.keep_up(self._session.tree)
            case out.TurnFailed(turn_id=turn_id) if turn_id:
                self._saved(self._session.tree.turns[turn_id])
            case out.TurnFailed(kept_text=kept) if kept:
                # The disk refused: the text stays on screen, and is in the journal.
                self._target = ""
            case _:
                pass

    def _begin(self, kind: out.ReplyKind, name: str, beside: str) -> None:
        tree, mirror = self._session.tree, self._mirror
        self._first_text = None
        mirror.forget_problems()
        if kind is out.ReplyKind.CONTINUE:
            self._target = beside
            return
        if kind is out.ReplyKind.NORMAL:
            mirror.keep_up(tree)
        place = self._make_room(beside) if kind is out.ReplyKind.SWIPE else 1
        self._target = STREAMING
        if STREAMING in mirror.log.standing:  # the text of an earlier reply that could not be saved
            mirror.log.discard([STREAMING])
        voice = voice_of(tree, name)
        shown = name_shown(self._session.tree, name)
        mirror.log.append([ChatEntry(STREAMING, EntryKind.CHARACTER, shown, swipe=place, swipes=place, voice=voice)])

    def _make_room(self, beside: str) -> int:
        """Take away what a new reply takes the place of; which swipe it will be."""
        tree, mirror = self._session.tree, self._mirror
        turn = tree.turns[beside]
        above = beside if mirror.log.standing.entry(beside).kind is EntryKind.USER else turn.parent
        mirror.cut_after(above)
        return len(tree.children.get(above, ())) + 1

    def _notice(self, text: str) -> None:
        """Tell it above the reply that is being written."""
        log = self._mirror.log
        if self._target != STREAMING:
            self._mirror.note(text)
            return
        entry = log.standing.entry(STREAMING)
        log.discard([STREAMING])
        self._mirror.note(text)
        log.append([entry])

    def _saved(self, turn: Turn) -> None:
        """The reply is a turn of the chat now."""
        if self._target == STREAMING:
            shown = self._mirror.log.standing.entry(STREAMING)
            (entry,) = self._mirror.entries(self._session.tree, [turn])
            entry = replace(entry, selected=shown.selected, unfolded=shown.unfolded)
            self._mirror.log.replace(entry, STREAMING)
        self._target = ""
        tree = self._session.tree
        self._mirror.keep_up(tree, [turn.id, *self._mirror.display.aged(tree, 1)])

    def _settle(self) -> None:
        """Leave the log as the chat is: a reply of which nothing came leaves no trace."""
        if self._target == STREAMING and STREAMING in self._mirror.log.standing:
            self._mirror.log.discard([STREAMING])
        if self._target:
            self._mirror.keep_up(self._session.tree, [self._target])
        self._target = ""

    def _speed(self, tokens: int) -> float | None:
        """Tokens per second since the first text, ``None`` while it is too early to say."""
        now = self._clock()
        if self._first_text is None:
            self._first_text = now
        passed = now - self._first_text
        return tokens / passed if passed >= _SLOWEST_MEASURED else None
