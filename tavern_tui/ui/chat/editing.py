"""``TurnEditor``: a turn's text in the composer, to be changed; what was being written there comes back afterwards."""

from __future__ import annotations

from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.composer.widget import Composer


class TurnEditor:
    """Edits at most one turn at a time: ``turn`` is its id, "" for none. ``kept`` is what stood in the composer."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self.kept: ComposerState | None = None
        self._before = ""
        self.turn = ""

    def begin(self, turn: str, text: str) -> None:
        """Put ``text`` into the composer; what stands there is kept aside."""
        if not self.turn:
            self.kept = self._composer.state()
        self.turn, self._before = turn, text
        self._composer.put(text)

    def end(self) -> str | None:
        """Give the composer back; the new text, ``None`` where it is the old one or nothing."""
        text = self._composer.full_text
        changed = text if text.strip() and text != self._before else None
        self.turn = ""
        if self.kept is not None:
            self._composer.restore(self.kept)
            self.kept = None
        return changed
