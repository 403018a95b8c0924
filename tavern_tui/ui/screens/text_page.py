"""``TextPage``: a text over the chat that is read and closed again; the help and the receipt are such pages."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.long_text import Lines, LongText
from tavern_tui.ui.widgets.rows import plain


class TextPage(Page[None]):
    """``lines`` below ``heading``. Esc, Enter, q and the keys of ``closing`` close it."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home,g", "ends(0)", show=False),
        Binding("end,G", "ends(1)", show=False),
        Binding("escape,q,enter", "leave", "Close", show=False),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "TextPage")
        + """
    TextPage {
        & #text { padding: 0 1 0 2; }
        &.-short #question { margin: 0; }
    }
    """
    )

    def __init__(
        self, heading: str, lines: Lines, *, closing: frozenset[str] = frozenset(), glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__()
        self._heading = heading
        self._lines = lines
        self._close_keys = closing
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The heading, the text and how to move in it."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(self._heading, self._glyphs)), id="question")
            yield LongText(self._lines, id="text")
            yield Static(Content(plain("↑↓ PgUp PgDn scroll · Esc close", self._glyphs)), id="keys")

    @property
    def _text(self) -> LongText:
        return self.query_one("#text", LongText)

    def on_key(self, event: Key) -> None:
        """The key that opened the page closes it."""
        if event.key in self._close_keys:
            event.stop()
            self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Go on by lines."""
        self._text.scroll_by(lines)

    def action_page(self, pages: int) -> None:
        """Go on by windows, less a line."""
        self._text.scroll_pages(pages)

    def action_ends(self, end: int) -> None:
        """Go to the beginning or the end."""
        self._text.go_to_end(last=bool(end))

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)
