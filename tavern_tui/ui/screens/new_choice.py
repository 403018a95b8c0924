"""Choosing one of some rows, each of which has a letter at its right that chooses it at once."""

from __future__ import annotations

from textual.events import Key

from tavern_tui.ui.screens.row_choice import RowChoice


class NewChoice(RowChoice):
    """The rows below a question; ``right`` of a row is its letter."""

    def on_key(self, event: Key) -> None:
        """Choose the row with this letter."""
        chosen = next((row for row in self._rows if row.right and row.right == event.character), None)
        if chosen is not None:
            event.stop()
            self.dismiss(chosen.id)
