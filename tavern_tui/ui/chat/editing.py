"""``TurnEditor``: a turn's text in the composer, to be changed; what was being written there comes back afterwards.

An edit that is left is kept, and goes on when the turn is edited again (``docs/ux.md`` §6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.composer.widget import Composer

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


class TurnEditor:
    """Edits at most one turn at a time: ``turn`` is its id, "" for none. ``kept`` is what stood in the composer.

    ``left`` has the texts of edits that were left, by the turn's id.
    """

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self.kept: ComposerState | None = None
        self.left: dict[str, str] = {}
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

    def begin(self, turn: str, text: str, number: str, *, written: str | None = None) -> bool:
        """Put ``text`` of turn ``number`` into the composer; what stands there is kept aside.

        Over it comes what is ``written`` of an edit already, or was when one of this turn was left: undoing the typing
        shows ``text``. Whether an edit goes on so.
        """
        if self.turn:
            self._keep_unsaved()
        else:
            self.kept = self._composer.state()
        self.turn, self._before, self._number = turn, text, number
        self._composer.put(text)
        left = self.left.pop(turn, None)
        if (begun := left if written is None else written) in (None, text):
            return False
        self._composer.put(begun)
        return True

    @property
    def changed(self) -> str | None:
        """The new text, ``None`` where it is the old one or nothing.

        Nothing is no text for a turn: whoever wants it gone deletes it.
        """
        text = self._composer.full_text
        return text if text.strip() and text != self._before else None

    def leave(self) -> bool:
        """End the edit without saving; whether something of it is kept, to go on with."""
        kept = self._keep_unsaved()
        self.end()
        return kept

    def _keep_unsaved(self) -> bool:
        if not self.unsaved.strip():
            return False
        self.left[self.turn] = self.unsaved
        return True

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
