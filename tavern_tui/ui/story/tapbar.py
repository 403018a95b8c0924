"""``TapBar``: the row of keys of a story, of which each can be tapped; on a phone four of them, written short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message

from tavern_tui.config.action import Action
from tavern_tui.ui.glyphs import key_shown
from tavern_tui.ui.widgets.keybar import MOST, KeyBar, useful_keys

SHORT_BELOW: Final = 60
"""Columns below which ``ctrl+g`` is written ``^g``."""

_BETWEEN: Final = 2  # cells between two of them


class TapBar(KeyBar):
    """As ``KeyBar``; a tap on a key does what the key does."""

    @dataclass
    class Tapped(Message):
        """The action, by id, that was tapped on."""

        action: str

    def on_click(self, event: events.Click) -> None:
        """Say what was tapped on."""
        for begin, key, title, action in self._placed():
            if begin <= event.x <= begin + cell_len(f"{key} {title}"):
                self.post_message(self.Tapped(action.id))
                return

    def render(self) -> Content:
        """The row at the present width."""
        pairs = [
            Content.assemble((key, "bold $text-accent"), " ", (title, "$text-muted"))
            for _, key, title, _ in self._placed()
        ]
        return Content.assemble(" ", Content(" " * _BETWEEN).join(pairs))

    def _placed(self) -> Iterator[tuple[int, str, str, Action]]:
        """What is shown: the cell at which it begins, key, title, and what it does."""
        width, begin, count = self.size.width, 1, 0
        for key, action in useful_keys(self._keymap, self._holding):
            shown, title = key_shown(key, self._glyphs), self._titles.get(action.id, action.label)
            if width < SHORT_BELOW:
                shown = shown.replace("ctrl+", "^")
            end = begin + cell_len(shown) + 1 + cell_len(title)
            if title and end <= width and count < MOST:
                yield begin, shown, title, action
                begin, count = end + _BETWEEN, count + 1
