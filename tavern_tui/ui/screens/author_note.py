"""The author's note: its text, and below it where it stands, who says it and how often. Its result is the note.

Closing keeps what is written; there is nothing to save. A note without text is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from tavern_tui.domain.note import MOST_DEPTH, MOST_INTERVAL, ChatNote, NotePlace, NoteRole
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

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
_WRITING, _CHOOSING = "Tab where and when · Esc done", "↑↓ ←→ choose · Tab text · Esc done"


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


class AuthorNoteScreen(Page[ChatNote]):
    """``note`` to be written. Esc and the keys of ``closing`` close it."""

    AUTO_FOCUS = "FoldedArea"
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", show=False, priority=True),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("left,h", "turn(-1)", show=False),
        Binding("right,l,enter,space", "turn(1)", show=False),
        Binding("escape", "leave", "Close", show=False, priority=True),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "AuthorNoteScreen")
        + """
    AuthorNoteScreen {
        & FoldedArea { height: 1fr; min-height: 2; border: none; padding: 0 1 0 2; }
        & FoldedArea:focus { border: none; }
        & RowList { height: auto; padding: 0 1 0 0; margin: 1 0; }
        &.-short #question { margin: 0; }
        &.-short RowList { margin: 0; }
    }
    """
    )

    def __init__(
        self, note: ChatNote, *, closing: frozenset[str] = frozenset(), glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__()
        self._note = note
        self._close_keys = closing
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The text, the choices, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("Author's note of this chat", id="question")
            yield FoldedArea(fold_mark="+")
            yield RowList(glyphs=self._glyphs)
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Show the note."""
        self._area.text = self._note.text
        self._area.move_cursor(self._area.document.end)
        self._show()

    def on_key(self, event: Key) -> None:
        """The key that opened the page closes it."""
        if event.key in self._close_keys:
            event.stop()
            event.prevent_default()
            self.action_leave()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        """A click turns a choice."""
        self._turn(message.row.id, 1)

    def action_other(self) -> None:
        """Go from the text to the choices, or back."""
        if self.focused is None:
            self._area.focus()
        else:
            self.set_focus(None)
        self.call_after_refresh(self._show)

    def action_move(self, rows: int) -> None:
        """Go to another choice."""
        self._rows.move(rows)

    def action_turn(self, steps: int) -> None:
        """Choose otherwise."""
        if self._rows.selected is not None:
            self._turn(self._rows.selected.id, steps)

    def action_leave(self) -> None:
        """Close it; what is written stays."""
        self.dismiss(replace(self._note, text=self._area.full_text))

    @property
    def _area(self) -> FoldedArea:
        return self.query_one(FoldedArea)

    @property
    def _rows(self) -> RowList:
        return self.query_one(RowList)

    def _turn(self, option: str, steps: int) -> None:
        self._note = turned(self._note, option, steps)
        self._show(option)

    def _show(self, select: str = "") -> None:
        chosen = select or (self._rows.selected.id if self._rows.selected else "")
        rows = [ListRow(option, _TITLES[option], self._choice(option)) for option in OPTIONS]
        self._rows.show(rows, select=chosen)
        keys = _CHOOSING if self.focused is None else _WRITING
        self.query_one("#keys", Static).update(Content(plain(keys, self._glyphs)))

    def _choice(self, option: str) -> str:
        return f"{self._glyphs.back} {shown(self._note, option)} {self._glyphs.on}"
