"""Asking for a server's key, over whatever is on screen: nothing of it is shown. Its result is what was typed."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.rows import plain


class KeyEntry(Page[str]):
    """The entry for the key of the server at ``origin``; "" where it was left."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Close")]
    DEFAULT_CSS = PAGE_CSS.replace("PAGE", "KeyEntry")

    def __init__(self, origin: str, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._origin = origin
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """For whom it is, the entry, and its keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(f"Key for {safe_line(self._origin, 80)}", self._glyphs)), id="question")
            yield Input(password=True, placeholder="not shown while it is typed", id="entry", compact=True)
            yield Static(Content(plain("It is sent there, and nowhere else.", self._glyphs)), id="note")
            yield Static(Content(plain("Enter keeps it · Esc leaves it as it was", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Be ready to take it."""
        self.query_one(Input).focus()

    def action_leave(self) -> None:
        """Keep nothing."""
        self.dismiss("")

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        self.dismiss(message.value)
