"""The author's note: its text, and below it where it stands, who says it and how often. Its result is the note.

Closing keeps what is written; there is nothing to save. A note without text is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from textual.events import Key

from tavern_tui.domain.note import MOST_DEPTH, MOST_INTERVAL, ChatNote, NotePlace, NoteRole
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.text_and_rows import TextAndRows
from tavern_tui.ui.widgets.rows import ListRow

_Choice = TypeVar("_Choice")

OPTIONS: Final = ("place", "depth", "role", "interval", "scan")
"""What can be chosen, by the note's fields."""

_TITLES: Final = {
    "place": "It stands",
    "depth": "Turns below it",
    "role": "Said by the",
    "interval": "Read",
    "scan": "Its lore keys",
}


def shown(note: ChatNote, option: str) -> str:
    """What is chosen, in words."""
    match option:
        case "place":
            return note.place.value
        case "depth":
            return str(note.depth) if note.place is NotePlace.CHAT else "-"
        case "role":
            return note.role.value if note.place is NotePlace.CHAT else "-"
        case "interval":
            often = {0: "never", 1: "always", 2: "with every second of your turns"}
            return often.get(note.interval, f"with every {note.interval} of your turns")
        case _:
            return "looked for" if note.scan else "left alone"


def turned(note: ChatNote, option: str, steps: int) -> ChatNote:
    """The note with the next choice of ``option``, or with the one before."""
    match option:
        case "place":
            return replace(note, place=_next(list(NotePlace), note.place, steps))
        case "role":
            return replace(note, role=_next(list(NoteRole), note.role, steps))
        case "depth":
            return replace(note, depth=min(MOST_DEPTH, max(0, note.depth + steps)))
        case "interval":
            return replace(note, interval=min(MOST_INTERVAL, max(0, note.interval + steps)))
        case _:
            return replace(note, scan=not note.scan)


def _next(choices: Sequence[_Choice], chosen: _Choice, steps: int) -> _Choice:
    return choices[(choices.index(chosen) + steps) % len(choices)]


class AuthorNoteScreen(TextAndRows[ChatNote]):
    """``note`` to be written. Esc and the keys of ``closing`` close it."""

    while_writing = "Tab where and when · Esc done"

    def __init__(
        self, note: ChatNote, *, closing: frozenset[str] = frozenset(), glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__("Author's note of this chat", glyphs=glyphs)
        self._note = note
        self._close_keys = closing

    def on_mount(self) -> None:
        """Show the note."""
        self.area.text = self._note.text
        self.area.move_cursor(self.area.document.end)
        self.show()

    def on_key(self, event: Key) -> None:
        """The key that opened the page closes it."""
        if event.key in self._close_keys:
            event.stop()
            event.prevent_default()
            self.action_leave()

    def listed(self) -> list[ListRow]:
        """What can be chosen, and what is."""
        return [ListRow(option, _TITLES[option], self.choice(shown(self._note, option))) for option in OPTIONS]

    def do(self, row: str, steps: int) -> None:
        """Choose otherwise."""
        self._note = turned(self._note, row, steps)
        self.show(row)

    def result(self) -> ChatNote:
        """The note as it is written."""
        return replace(self._note, text=self.area.full_text)
