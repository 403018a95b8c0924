"""The list of bookmarks of a chat. Its result is the id of the turn to go to, or ``None``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.messages import number
from tavern_tui.session.bookmarks import bookmarked
from tavern_tui.ui.chat.days import date_shown
from tavern_tui.ui.chatlog import markup
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

_TEXT_CHARACTERS = 120
_READ_CHARACTERS = 2_000  # of a turn's text: enough for a line however much of it are marks


def bookmark_rows(tree: ChatTree) -> list[ListRow]:
    """A row for each bookmark: how the turn begins, who speaks, its number, and its day; oldest first.

    Turns are counted on their own branch; one that is not on the branch that is read says so.
    """
    here = {turn.id: place for place, turn in enumerate(tree.path(), 1)}
    rows = []
    for identity in bookmarked(tree):
        turn = tree.turns[identity]
        place = here.get(identity) or len(tree.path(identity))
        told = (turn.name, date_shown(turn.at), "" if identity in here else "on another branch")
        rows.append(
            ListRow(
                identity,
                safe_line(markup.shown_text(turn.text[:_READ_CHARACTERS]), _TEXT_CHARACTERS) or "(no text)",
                number(place),
                detail=" · ".join(safe_line(part) for part in told if part),
            )
        )
    return rows


class BookmarkList(Page[str | None]):
    """The bookmarks, beginning on the one at the turn ``near`` if there is one."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Close"), ("apostrophe", "leave", "Close")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "BookmarkList")
        + """
    BookmarkList { & RowList { padding: 0 1 0 0; } }
    """
    )

    def __init__(self, rows: Sequence[ListRow], *, near: str = "", glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._near = near
        self._shown = [ListRow(row.id, row.title, row.right, plain(row.detail, glyphs)) for row in rows]

    def compose(self) -> ComposeResult:
        """The list and its keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("Bookmarks", id="question")
            yield RowList(glyphs=self._glyphs)
            yield Static(Content(plain("↑↓ choose · Enter goes there · Esc close", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Show them."""
        self.query_one(RowList).show(self._shown, select=self._near)

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        self.dismiss(message.row.id)

    def action_move(self, rows: int) -> None:
        """Select another row."""
        self.query_one(RowList).move(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        self.query_one(RowList).page(pages)

    def action_choose(self) -> None:
        """Take the selected one."""
        self.query_one(RowList).choose()

    def action_leave(self) -> None:
        """Stay where one is."""
        self.dismiss(None)
