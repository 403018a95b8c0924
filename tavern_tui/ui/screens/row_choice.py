"""Choosing one of some rows, over whatever is on screen. Its result is the row's id, or ``None``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, ListKeys, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain


class RowChoice(Page[str | None], ListKeys):
    """The ``rows`` below a ``question``, beginning on the one with the id ``near``."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Close")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "RowChoice")
        + """
    RowChoice { & RowList { padding: 0 1 0 0; } }
    """
    )

    def __init__(
        self, question: str, rows: Sequence[ListRow], *, near: str = "", glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__()
        self._question = question
        self._rows = rows
        self._near = near
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The question, the list and its keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(self._question, self._glyphs)), id="question")
            yield RowList(glyphs=self._glyphs)
            yield Static(Content(plain("↑↓ choose · Enter use · Esc close", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Show them."""
        self.query_one(RowList).show(self._rows, select=self._near)

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        self.dismiss(message.row.id)

    def action_leave(self) -> None:
        """Choose none."""
        self.dismiss(None)
