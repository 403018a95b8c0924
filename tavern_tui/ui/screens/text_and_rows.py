"""``TextAndRows``: a text to be written, and rows below it that are turned with ←→; Tab goes between the two."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ScreenResultType
from textual.widgets import Static

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain


class TextAndRows(Page[ScreenResultType]):
    """Below ``heading`` a text, then ``listed`` rows. ``do`` says what a row does, ``result`` what closing gives.

    ``while_writing`` and ``while_choosing`` name the keys.
    """

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
        PAGE_CSS.replace("PAGE", "TextAndRows")
        + """
    TextAndRows {
        & FoldedArea { height: 1fr; min-height: 2; border: none; padding: 0 1 0 2; }
        & FoldedArea:focus { border: none; }
        & RowList { height: auto; padding: 0 1 0 0; margin: 1 0; }
        &.-short #question { margin: 0; }
        &.-short RowList { margin: 0; }
    }
    """
    )
    while_writing: ClassVar[str] = "Tab what else · Esc done"
    while_choosing: ClassVar[str] = "↑↓ ←→ choose · Tab text · Esc done"

    def __init__(self, heading: str, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._heading = heading
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The heading, the text, the rows, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(self._heading, self._glyphs)), id="question")
            yield FoldedArea(fold_mark="+")
            yield RowList(glyphs=self._glyphs)
            yield Static(id="keys")

    def listed(self) -> list[ListRow]:
        """The rows as they are now."""
        raise NotImplementedError

    def do(self, row: str, steps: int) -> None:
        """Do what the row with that id says, or turn its choice by ``steps``."""
        raise NotImplementedError

    def result(self) -> ScreenResultType:
        """What closing the screen now gives."""
        raise NotImplementedError

    @property
    def area(self) -> FoldedArea:
        """The text."""
        return self.query_one(FoldedArea)

    def show(self, select: str = "") -> None:
        """Show the rows and keys as they are now, the row with the id ``select`` selected."""
        rows = self.query_one(RowList)
        rows.show(self.listed(), select=select or (rows.selected.id if rows.selected else ""))
        keys = self.while_choosing if self.focused is None else self.while_writing
        self.query_one("#keys", Static).update(Content(plain(keys, self._glyphs)))

    def choice(self, words: str) -> str:
        """``words`` between the signs that say that they can be turned."""
        return f"{self._glyphs.back} {words} {self._glyphs.on}"

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        """A click does what Enter does."""
        self.do(message.row.id, 1)

    def action_other(self) -> None:
        """Go from the text to the rows, or back."""
        if self.focused is None:
            self.set_focus(self.area)  # at once: the next key is typed
        else:
            self.set_focus(None)
        self.call_after_refresh(self.show)

    def action_move(self, rows: int) -> None:
        """Go to another row."""
        self.query_one(RowList).move(rows)

    def action_turn(self, steps: int) -> None:
        """Do what the row says, or choose otherwise."""
        selected = self.query_one(RowList).selected
        if selected is not None:
            self.do(selected.id, steps)

    def action_leave(self) -> None:
        """Close it; what is written stays."""
        self.dismiss(self.result())
