"""``LongText``: a text to scroll through, of any length; only the lines in its window are made into cells."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tavern_tui.ui.widgets.rows import BEFORE_BAR

Lines = Callable[[int], list[Content]]
"""The lines of a text at a width in cells, none of them wider."""


class LongText(ScrollView, can_focus=False):
    """``lines``, at the width that there is. It takes no keys: screens call ``scroll_by`` and ``go_to_end``."""

    DEFAULT_CSS = """
    LongText {
        height: 1fr;
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $border;
        scrollbar-color-hover: $primary;
        scrollbar-color-active: $primary;
    }
    """

    def __init__(self, lines: Lines, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines_at = lines
        self._lines: list[Content] = []
        self._width = 0

    def show(self, lines: Lines) -> None:
        """Have this text instead, from its beginning."""
        self._lines_at = lines
        self._measure()
        self.scroll_to(y=0, animate=False)
        self.refresh()

    def scroll_by(self, lines: int) -> None:
        """Go on by lines, or back."""
        self.scroll_relative(y=lines, animate=False)

    def scroll_pages(self, pages: int) -> None:
        """Go on by windows, less a line."""
        self.scroll_by(pages * max(1, self.size.height - 1))

    def go_to_end(self, *, last: bool) -> None:
        """Go to the last line, or to the first."""
        self.scroll_to(y=self.max_scroll_y if last else 0, animate=False)

    def on_resize(self, event: Resize) -> None:
        """Wrap anew where the width changed."""
        if self.scrollable_content_region.width != self._width:
            self._measure()

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        place = y + self.scroll_offset.y
        if place >= len(self._lines):
            return Strip.blank(self._width, self.rich_style)
        strips = Visual.to_strips(self, self._lines[place], self._width, 1, self.visual_style, pad=True)
        return strips[0] if strips else Strip.blank(self._width, self.rich_style)

    def _measure(self) -> None:
        self._width = self.scrollable_content_region.width
        self._lines = self._lines_at(self._width - BEFORE_BAR) if self._width > BEFORE_BAR else []
        self.virtual_size = Size(self._width, len(self._lines))
