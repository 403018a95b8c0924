"""``TextPage``: a text over the chat that is read and closed again; the help and the receipt are such pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL
from tavern_tui.ui.widgets.rows import plain

Lines = Callable[[int], list[Content]]
"""The lines of a text at a width in cells, none of them wider."""


class _Text(Widget):
    """The text, as long as it is at its width."""

    DEFAULT_CSS = """
    _Text { height: auto; color: $foreground; text-wrap: nowrap; }
    """

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The number of its lines."""
        return len(self._lines(width))

    def render(self) -> Content:
        """All lines."""
        return Content("\n").join(self._lines(self.content_size.width))


class TextPage(ModalScreen[None]):
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
        & #text {
            height: 1fr;
            padding: 0 1 0 2;
            background: $background;
            scrollbar-size-vertical: 1;
            scrollbar-background: $background;
            scrollbar-background-hover: $background;
            scrollbar-background-active: $background;
            scrollbar-color: $border;
            scrollbar-color-hover: $primary;
            scrollbar-color-active: $primary;
        }
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
        with Vertical(id="page"):
            yield Static(Content(plain(self._heading, self._glyphs)), id="question")
            yield VerticalScroll(_Text(self._lines), id="text", can_focus=False)
            yield Static(Content(plain("↑↓ PgUp PgDn scroll · Esc close", self._glyphs)), id="keys")

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#text", VerticalScroll)

    def on_key(self, event: Key) -> None:
        """The key that opened the page closes it."""
        if event.key in self._close_keys:
            event.stop()
            self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Go on by lines."""
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Go on by windows, less a line."""
        self._scroll.scroll_relative(y=pages * max(1, self._scroll.size.height - 1), animate=False)

    def action_ends(self, end: int) -> None:
        """Go to the beginning or the end."""
        self._scroll.scroll_to(y=self._scroll.max_scroll_y if end else 0, animate=False)

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)
