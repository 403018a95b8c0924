"""``Others``: shows what other terminals do to the chat: their turns at once, their replies while they are written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from tavern_tui.session.events import SessionEvent
from tavern_tui.session.following import (
    ChatChanged,
    ChatFollower,
    Followed,
    FollowingRefused,
    OtherReply,
    OtherReplyEnded,
    OtherReplyGrew,
    OtherReplyStarted,
)
from tavern_tui.session.session import ChatSession
from tavern_tui.ui.chat.mirror import Mirror, name_shown
from tavern_tui.ui.chat.progress import Progress
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.widgets.status import Elsewhere


class Others:
    """Follows the chat of ``session``; ``run`` it beside everything else. ``on_state``: others began or ended one.

    ``on_change`` is called when others changed the chat.
    """

    def __init__(
        self, session: ChatSession, mirror: Mirror, progress: Progress, *, on_state: Callable[[], None]
    ) -> None:
        self._session = session
        self._on_state = on_state
        self._mirror = mirror
        self._progress = progress
        self.follower = ChatFollower(session.log)
        self.writing = False
        self.on_change: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Show what happens, until the task is cancelled."""
        async for event in self.follower.events():
            self._take(event)

    async def in_turn(self, stream: AsyncGenerator[SessionEvent, None]) -> AsyncGenerator[SessionEvent, None]:
        """``stream``, begun once no other terminal writes: of two messages sent at once, each gets its reply."""
        async with self.follower.floor(), aclosing(stream):
            async for event in stream:
                yield event

    def _take(self, event: Followed) -> None:
        match event:
            case ChatChanged():
                self._changed(event)
            case OtherReplyStarted(reply=reply):
                self.writing = True
                self._progress.phase(Elsewhere())
                self._show(reply)
                self._on_state()
            case OtherReplyGrew(reply=reply):
                self._show(reply)
            case OtherReplyEnded(reply=reply):
                self.writing = bool(self.follower.writing)
                if not self._session.busy:
                    self._progress.idle()
                    self._mirror.keep_up(self._session.tree, [reply.turn])
                self._on_state()
            case FollowingRefused(error=error):
                self._mirror.note(str(error))

    def _changed(self, event: ChatChanged) -> None:
        tree = self._session.tree
        self.on_change()
        if self._session.busy:
            # What is being written here stands at the end of the log, and is no turn yet.
            for turn in event.turns:
                self._mirror.refresh(tree, turn)
        else:
            self._mirror.keep_up(tree, event.turns)

    def _show(self, reply: OtherReply) -> None:
        """Show a reply as far as another process has written it."""
        log = self._mirror.log
        if self._session.busy:
            return
        if reply.turn in log.standing:
            entry = log.standing.entry(reply.turn)
            thinking = bool(reply.reasoning) and not reply.text
            log.replace(replace(entry, text=reply.text, reasoning=reply.reasoning, thinking=thinking))
        elif reply.parent in log.standing or not reply.parent:
            self._mirror.cut_after(reply.parent)
            siblings = len(self._session.tree.children.get(reply.parent, ())) + 1
            name = name_shown(self._session.tree, reply.name)
            entry = ChatEntry(reply.turn, EntryKind.CHARACTER, name, reply.text, reply.reasoning)
            log.append([replace(entry, swipe=siblings, swipes=siblings)])
