"""``TurnEditor``: a turn's text in the composer, to be changed; what was being written there comes back afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.composer.widget import Composer

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


class TurnEditor:
    """Edits at most one turn at a time: ``turn`` is its id, "" for none. ``kept`` is what stood in the composer."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self.kept: ComposerState | None = None
        self._before = ""
        self._number = ""
        self.turn = ""

    @property
    def way_out(self) -> str:
        """The keys that end the edit, and last, where it is left out last, the turn; "" while nothing is edited."""
        return f"Enter saves · Esc cancels · editing turn {self._number}" if self.turn else ""

    @property
    def unsaved(self) -> str:
        """The turn's text as it is being written, "" where nothing of it was changed yet."""
        text = self._composer.full_text if self.turn else ""
        return text if text != self._before else ""

    def begin(self, turn: str, text: str, number: str) -> None:
        """Put ``text`` of turn ``number`` into the composer; what stands there is kept aside."""
        if not self.turn:
            self.kept = self._composer.state()
        self.turn, self._before, self._number = turn, text, number
        self._composer.put(text)

    @property
    def changed(self) -> str | None:
        """The new text, ``None`` where it is the old one or nothing.

        Nothing is no text for a turn: whoever wants it gone deletes it.
        """
        text = self._composer.full_text
        return text if text.strip() and text != self._before else None

    def end(self) -> None:
        """Give the composer back with what stood there before."""
        self.turn = ""
        if self.kept is not None:
            self._composer.restore(self.kept)
            self.kept = None


async def save_edit(screen: ChatScreen, turn: str, text: str) -> None:
    """Give ``turn`` another text."""
    await screen.open_session.changes.edit(turn, text)
    screen.mirror.refresh(screen.open_session.tree, turn)
    screen.cost_ahead.look(anew=True)
    screen.hint("Changed · {undo} brings the old text back")
