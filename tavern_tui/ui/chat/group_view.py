"""``GroupView``: a group on the chat screen: who is here and who speaks next, ``@`` to choose, auto, and cut lines.

Made when a group is opened; a chat with one character knows nothing of it. Source: ``docs/ux.md`` §20.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Final

from textual.events import Key

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import Speaker
from tavern_tui.session import events as out
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.auto import MOST, AutoRound
from tavern_tui.session.groups.choosing import NextSpeaker
from tavern_tui.session.groups.part import GroupPart
from tavern_tui.ui.chat.refusing import refused_while_busy
from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.widgets.member_strip import MemberStrip, Strip, StripMember

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

_CHOOSING: Final = re.compile(r"@\S*")
_SHOWN_LINE = 40  # characters of a cut line


class GroupView:
    """The group ``part`` on ``screen``. ``show`` it after whatever has changed."""

    def __init__(self, screen: ChatScreen, part: GroupPart) -> None:
        self._screen = screen
        self._part = part
        self._strip = MemberStrip(picked=self.pick, glyphs=screen.tavern.glyphs, id="members")
        self._at = 0
        self._walked = False
        self._auto: AutoRound | None = None
        screen.mount(self._strip, before=screen.mirror.log)
        if screen.open_session.no_card is None:
            screen.composer.placeholder = "Message the group · @ lets one speak"
        self.names()
        self._show_greetings()

    @property
    def choosing(self) -> bool:
        """Whether a member is being chosen: the composer holds ``@``, and perhaps a number or how a name begins."""
        return not self._screen.editor.turn and bool(_CHOOSING.fullmatch(self._screen.composer.full_text))

    def names(self) -> None:
        """Let the status line and the composer know who is there."""
        members = self._part.facts.members
        self._screen.progress.names(", ".join(members), self._screen.open_session.tree.title)
        self._screen.composer.names = [*members, *(f"@{name}" for name in members)]

    def _show_greetings(self) -> None:
        """Where nothing but greetings was said, they are read from the first."""
        tree, most = self._screen.open_session.tree, len(self._part.facts.members)
        path = list(islice(tree.walk_back(), most + 1))
        if path and len(path) <= most and all(turn.speaker is Speaker.CHARACTER for turn in path):
            self._screen.call_after_refresh(self._screen.mirror.log.show_entry, path[-1].id, 0)

    def show(self) -> None:
        """Say who is here and who speaks next."""
        screen, facts = self._screen, self._part.facts
        away, missing = self._part.away(), self._part.missing
        coming = () if screen.busy else self._part.next_speakers(self._typed)
        states = dict.fromkeys(away, "away") | dict.fromkeys(facts.muted, "muted")
        states |= dict.fromkeys(missing, "no card")
        first = coming[0].name if coming else ""
        members = tuple(StripMember(name, states.get(name, ""), name == first) for name in facts.members)
        if not self.choosing:
            self._at, self._walked = 0, False
        meant = self._meant() if self.choosing else None
        self._strip.show(Strip(members, meant, self.choosing))
        told = "" if screen.busy else told_next(coming)
        if meant is not None:
            told = f"Enter lets {safe_line(facts.members[meant])} speak · ←→ x mutes"
        screen.progress.tell(next=told)

    def asked(self, text: str) -> str:
        """The member that ``text`` asks to speak, empty where it is something to be said.

        Raises ``NotFoundError`` for ``@`` and the beginning of a name that nobody has.
        """
        typed = text.strip()
        if not typed.startswith("@") or "\n" in typed:
            return ""
        tree = self._screen.open_session.tree
        if typed == "@":
            return self._part.facts.members[self._meant() or 0]
        try:
            return changing.member_called(tree, typed)
        except NotFoundError:
            if " " in typed:
                return ""  # a message to somebody
            raise

    def speak(self, name: str) -> None:
        """Let ``name`` speak now. Raises ``NotFoundError`` where it cannot."""
        if not refused_while_busy(self._screen):
            self._screen.start(self._screen.open_session.reply(by=name))

    def begin_auto(self, replies: int = MOST) -> None:
        """Let the members talk among themselves."""
        if refused_while_busy(self._screen):
            return
        self._auto = AutoRound(self._screen.open_session, replies)
        self._screen.start(self._counted(self._auto))

    async def take(self, event: Key) -> bool:
        """Do what a key means for the group; whether that was all that it means."""
        screen = self._screen
        if self._auto is not None and not self._auto.over():
            self._auto.stop("you stopped it" if event.key == "escape" else "you typed")
            screen.hint("Auto ends with this reply · Esc stops it", lasting=True)
            return False
        if screen.selection.turn:
            return False
        if event.key == "tab" and screen.composer.is_empty and self._part.cut_line is not None and not screen.busy:
            await self.keep()
            return True
        return self.choosing and await self._take_choosing(event)

    async def keep(self) -> None:
        """Make the line that was cut off the last reply a turn. Raises ``NotFoundError``."""
        screen = self._screen
        turn = await self._part.keep_cut_line()
        screen.mirror.keep_up(screen.open_session.tree, [turn.id])
        screen.hint(f"Kept as {safe_line(turn.name)}'s · {{undo}} takes it back")
        screen.show_state()

    async def mute(self, name: str) -> None:
        """Mute a member, or let it speak again."""
        session = self._screen.open_session
        quiet = name not in self._part.facts.muted
        await session.changes.write(*changing.muted(session.tree, name, quiet))
        self._screen.hint(f"{safe_line(name)} {'is muted' if quiet else 'may speak again'} · {{undo}} takes it back")
        self.show()

    def reply_ended(self) -> None:
        """Offer what was cut off, and show who is next."""
        self._auto = None
        self.names()
        line = self._part.cut_line
        if line is not None:
            text = safe_line(line.text)
            shown = text if len(text) <= _SHOWN_LINE else f"{text[:_SHOWN_LINE].rstrip()}…"
            self._screen.hint(f"“{shown}” was cut · keep as {safe_line(line.name)}? Tab keeps it", lasting=True)

    def pick(self, place: int) -> None:
        """Begin to choose, at the member of that place."""
        if self._screen.composer.is_empty:
            self._screen.composer.put("@")
        if self.choosing:
            self._at, self._walked = place, True
            self.show()

    @property
    def _typed(self) -> str:
        """What would be said if it were sent now."""
        text = self._screen.composer.full_text
        return "" if self._screen.editor.turn or text.startswith("/") or self.choosing else text

    def _meant(self) -> int | None:
        """The place of the member that is meant by what is typed; ``None`` for nobody."""
        typed = self._screen.composer.full_text.strip()
        members = self._part.facts.members
        if typed == "@":
            return min(self._at, len(members) - 1)
        try:
            return members.index(changing.member_called(self._screen.open_session.tree, typed))
        except NotFoundError:
            return None

    async def _take_choosing(self, event: Key) -> bool:
        screen, members = self._screen, self._part.facts.members
        alone = screen.composer.full_text == "@"
        if event.key == "escape":
            screen.composer.restore(ComposerState())
            return True
        if alone and event.key in ("left", "right", "up", "down"):
            steps = 1 if event.key in ("right", "down") else -1
            self._at, self._walked = (self._at + steps) % len(members), True
            self.show()
            return True
        free = self._walked or not any(name.casefold().startswith("x") for name in members)
        if alone and event.key == "x" and free:
            await self.mute(members[self._meant() or 0])
            return True
        return False

    async def _counted(self, auto: AutoRound) -> AsyncGenerator[out.SessionEvent, None]:
        """The round's events, its count said beside."""
        async with aclosing(auto.run()) as events:
            async for event in events:
                if isinstance(event, out.TurnStarted) and not auto.over():
                    self._screen.hint(f"auto {auto.done + 1}/{auto.limit} · Esc stops", lasting=True)
                yield event


def told_next(coming: tuple[NextSpeaker, ...]) -> str:
    """Who speaks next and why, for the status line."""
    if not coming:
        return "next: nobody · @ lets one speak"
    first, *rest = coming
    then = f", then {', '.join(safe_line(one.name) for one in rest)}" if rest else ""
    return f"next: {safe_line(first.name)} · {first.why}{then}"
