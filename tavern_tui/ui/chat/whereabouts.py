"""``Whereabouts``: what this terminal shows and what is being written in it, kept so that a hang-up costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import StorageError
from tavern_tui.session.coming_back import Place, PlaceKeeper
from tavern_tui.session.session import ChatSession
from tavern_tui.ui.composer.state import ComposerState

if TYPE_CHECKING:
    from textual.timer import Timer

    from tavern_tui.ui.screens.chat import ChatScreen

_SOON_SECONDS = 0.25
"""Scrolling and a streaming reply move the screen many times a second: where it is, is looked at once in this time."""


class Whereabouts:
    """The place of one screen in its chat.

    ``found`` is where it was left. ``elsewhere`` gives the turn and the place in it where something that lies over the
    log has the reader.
    """

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._keeper = PlaceKeeper(screen.tavern.workspace.directories.state)
        self._open = False
        self._soon: Timer | None = None
        self.found = Place()
        self.elsewhere: Callable[[], tuple[str, int]] | None = None

    @property
    def left_open(self) -> bool:
        """Whether the last visit ended without the user's wish."""
        return self._keeper.left_open

    async def restore(self, session: ChatSession) -> Place:
        """Put the screen where it was left, with the draft of this terminal or of one that is gone.

        Raises ``StorageError``: nothing is kept then.
        """
        if not session.log.kept:
            return Place()
        place = self.found = await self._keeper.open(session.log)
        self._open = True
        composer, log = self._screen.composer, self._screen.mirror.log
        if place.draft and composer.is_empty:
            composer.restore(ComposerState(place.draft, index_of(place.draft, place.cursor)))
        self._screen.editor.left |= dict(place.edits)
        if place.turn and place.turn in log.standing:
            log.call_after_refresh(log.show_entry, place.turn, place.line)
        if place.selected and not place.draft:
            self._screen.selection.select(place.selected)
        return place

    def moved(self) -> None:
        """The screen was scrolled, a turn selected or added: keep where it is before long."""
        if self._open and self._soon is None:
            self._soon = self._screen.set_timer(_SOON_SECONDS, self.keep)

    def keep(self) -> None:
        """This is where the screen is now; on disk half a second later."""
        if self._soon is not None:
            self._soon.stop()
            self._soon = None
        if self._open:
            self._keeper.keep(self._now())

    async def close(self, *, ended: bool) -> None:
        """Write the last of it; ``ended``: the user ended the visit."""
        if self._open:
            self.keep()
            self._open = False
            try:
                await self._keeper.close(ended=ended)
            except StorageError:
                pass  # it was told when the disk first refused

    def hang_up(self) -> None:
        """The terminal is gone: write at once, and let a new one take the draft."""
        if self._open:
            self.keep()
            self._open = False
            self._keeper.hang_up()

    def _now(self) -> Place:
        screen, log = self._screen, self._screen.mirror.log
        turn, line = ("", 0) if log.following else log.top
        if self.elsewhere is not None:
            turn, line = self.elsewhere()
        state = screen.editor.kept or screen.composer.state()
        # An edit that a crash cuts off comes back as a draft: better in the wrong place than lost.
        before = (screen.outbox.unsent, screen.editor.unsaved)
        text = "\n\n".join(part for part in (*before, state.text) if part)
        shift = len(text) - len(state.text)
        return Place(
            turn=turn,
            line=line,
            selected=screen.selection.turn,
            draft=text,
            cursor=location_of(text, shift + state.cursor),
            edits=tuple(screen.editor.left.items()),
        )


def location_of(text: str, index: int) -> tuple[int, int]:
    """The row and column, from 0, of the character at ``index``."""
    before = text[:index]
    return before.count("\n"), index - (before.rfind("\n") + 1)


def index_of(text: str, location: tuple[int, int]) -> int:
    """The index of the character at a row and column, as near as ``text`` has one."""
    row, column = location
    lines = text.split("\n")
    row = max(0, min(row, len(lines) - 1))
    return sum(len(line) + 1 for line in lines[:row]) + max(0, min(column, len(lines[row])))
