"""The messages sent before, and walking through them with the unsent one as the newest. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tavern_tui.ui.composer.state import ComposerState

KEPT: Final = 200
"""How many messages are remembered; the oldest go first."""


class SentHistory:
    """Messages, oldest first. What is changed in one while walking stays in it until the next message is sent."""

    def __init__(self, sent: Iterable[str] = ()) -> None:
        self._entries: list[ComposerState] = []
        self._changed: dict[int, ComposerState] = {}
        for text in sent:
            self._append(ComposerState(text, len(text)))
        self._at = len(self._entries)

    def remember(self, state: ComposerState) -> None:
        """Add what was sent; the next walk begins behind it. The same text twice in a row is kept once."""
        self._append(ComposerState(state.text, len(state.text), state.folds))
        self._changed.clear()
        self._at = len(self._entries)

    def back(self, current: ComposerState) -> ComposerState | None:
        """The message before the one that is shown as ``current``; None at the oldest."""
        return self._go(self._at - 1, current)

    def forward(self, current: ComposerState) -> ComposerState | None:
        """The message after the one that is shown as ``current``, at last the unsent one; None there."""
        return self._go(self._at + 1, current)

    def _go(self, to: int, current: ComposerState) -> ComposerState | None:
        if not 0 <= to <= len(self._entries):
            return None
        self._changed[self._at] = current
        self._at = to
        if (changed := self._changed.get(to)) is not None:
            return changed
        return self._entries[to] if to < len(self._entries) else ComposerState()

    def _append(self, state: ComposerState) -> None:
        if state.text.strip() and not (self._entries and self._entries[-1].text == state.text):
            self._entries.append(state)
            del self._entries[:-KEPT]
