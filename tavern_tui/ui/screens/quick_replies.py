"""The list of quick replies. Its result is the place of the one to send, 1 for the first, or ``None``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

_TEXT_CHARACTERS = 200


def reply_rows(replies: Sequence[QuickReply]) -> list[ListRow]:
    """A row for each: its label and key, and what it sends where that is more."""
    rows = []
    for place, reply in enumerate(replies, 1):
        label, message = safe_line(reply.label), safe_line(reply.message, _TEXT_CHARACTERS)
        key = str(place) if place <= 9 else ""
        rows.append(ListRow(str(place), label, key, "" if message == label else message))
    return rows


class QuickReplyList(Page[int | None]):
    """The quick replies; the keys 1 to 9 take the first nine."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Close")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "QuickReplyList")
        + """
    QuickReplyList { & RowList { padding: 0 1 0 0; } }
    """
    )

    def __init__(self, replies: Sequence[QuickReply], *, folder: str, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._replies = replies
        self._folder = folder
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The list and its keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("Quick replies", id="question")
            yield RowList(reply_rows(self._replies), empty="None yet.", glyphs=self._glyphs)
            if not self._replies:
                made = f"A list of texts in a file in {safe_line(self._folder)} makes them."
                yield Static(Content(plain(made, self._glyphs)), id="note")
            keys = "Enter or a number sends · Esc close" if self._replies else "Esc close"
            yield Static(Content(plain(keys, self._glyphs)), id="keys")

    def on_key(self, event: Key) -> None:
        """A number takes its reply."""
        if event.key.isdecimal() and 0 < int(event.key) <= len(self._replies):
            event.stop()
            self.dismiss(int(event.key))

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        self.dismiss(int(message.row.id))

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
        """Send none."""
        self.dismiss(None)
