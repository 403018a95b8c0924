"""``RowList``: a list of rows to choose from, one widget whatever its length.

Textual asks for one line at a time. It takes no keys of its own: screens call ``move``, ``page``, ``choose`` and hear
``Selected`` and ``Chosen``; a click is a choice. What a row looks like is ``rows``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.themes import SCROLL_BAR_CSS
from tavern_tui.ui.widgets.rows import MARGIN, ListRow, Tone, row_height, row_lines

SELECTED = "row-list--selected"
_BOLD = Style(bold=True)


class RowWindow(ScrollView, can_focus=False):
    """The look of what has many rows, one of them selected, and makes only the lines that are in its window."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(tone.value for tone in Tone), SELECTED}
    DEFAULT_CSS = (
        """
    RowWindow {
        height: 1fr;
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
"""
        + SCROLL_BAR_CSS
        + """
        & > .row-list--muted { color: $text-muted; }
        & > .row-list--mark { color: $text-accent; text-style: bold; }
        & > .row-list--selected { background: $surface; }
    }
    """
    )


class RowList(RowWindow):
    """Rows with one selected. ``empty`` is what stands there without any."""

    @dataclass
    class Selected(Message):
        """Another row is selected."""

        rows: RowList
        row: ListRow

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    @dataclass
    class Chosen(Message):
        """A row was chosen."""

        rows: RowList
        row: ListRow

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    def __init__(
        self,
        rows: Sequence[ListRow] = (),
        *,
        empty: str = "",
        glyphs: Glyphs = UNICODE_GLYPHS,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._rows = tuple(rows)
        self._empty = empty
        self._glyphs = glyphs
        self._place = 0
        self._width = 0
        self._ends: list[int] = []

    @property
    def rows(self) -> tuple[ListRow, ...]:
        """What can be chosen."""
        return self._rows

    @property
    def selected(self) -> ListRow | None:
        """The selected row; ``None`` where there is no row at all."""
        return self._rows[self._place] if self._rows else None

    def show(self, rows: Sequence[ListRow], select: str = "", empty: str | None = None) -> None:
        """Have these rows instead, the one with the id ``select`` selected, else the first.

        The window stays where it is as long as the same row is selected.
        """
        before = self.selected
        self._rows = tuple(rows)
        self._place = next((place for place, row in enumerate(self._rows) if row.id == select), 0) if select else 0
        if empty is not None:
            self._empty = empty
        self._measure()
        if before is None or self.selected is None or before.id != self.selected.id:
            self.scroll_to(y=0, animate=False)
        self._reveal()
        self.refresh()

    def move(self, rows: int) -> None:
        """Select the row that is ``rows`` further down (up where negative), stopping at the ends."""
        self.select(self._place + rows)

    def leave_heading(self, direction: int) -> None:
        """Go on from a heading towards ``direction``, and back where nothing follows."""
        for step in (direction, -direction):
            if self.selected is not None and self.selected.heading:
                self.move(1 if step > 0 else -1)

    def page(self, pages: int) -> None:
        """Select what is about a window's height further down, or up."""
        height = max(1, self.size.height)
        rows = max(1, height // max(1, row_height(self._rows[self._place], self._width))) if self._rows else 1
        self.select(self._place + pages * rows)

    def select(self, place: int) -> None:
        """Select the row at ``place`` (0 the first), or the nearest one."""
        place = min(max(0, place), len(self._rows) - 1)
        if not self._rows or place == self._place:
            return
        self._place = place
        self._reveal()
        self.refresh()
        self.post_message(self.Selected(self, self._rows[place]))

    def choose(self) -> None:
        """Choose the selected row."""
        if self._rows:
            self.post_message(self.Chosen(self, self._rows[self._place]))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines of all rows, for a list whose height is ``auto``."""
        return sum(row_height(row, width) for row in self._rows) or len(self._empty_lines(width))

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew where the width changed."""
        if self.scrollable_content_region.width != self._width:
            self._measure()
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        """Choose the row that was clicked on."""
        line = event.y + self.scroll_offset.y
        place = bisect_right(self._ends, line)
        top = self._ends[place - 1] if place else 0
        if place < len(self._ends) and not (self._rows[place].head and line == top):
            self.select(place)
            self.choose()

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        ground = self.rich_style
        width = self.scrollable_content_region.width
        line = y + self.scroll_offset.y
        if not self._rows:
            text = "".join(self._empty[start:end] for start, end in self._empty_lines(width)[line : line + 1])
            muted = ground + self._style(Tone.MUTED.value)
            return Strip([Segment(" " * MARGIN, ground), Segment(text, muted)]).adjust_cell_length(width, ground)
        place = bisect_right(self._ends, line)
        if place >= len(self._ends):
            return Strip.blank(width, ground)
        within = line - (self._ends[place - 1] if place else 0)
        return self._painted(self._rows[place], within, place == self._place, width)

    def _painted(self, row: ListRow, within: int, selected: bool, width: int) -> Strip:
        first = 1 if row.head else 0
        selected = selected and within >= first
        ground = self.rich_style + self._style(SELECTED) if selected else self.rich_style
        mark = (self._glyphs.on if selected and within == first else "").ljust(MARGIN)
        segments = [Segment(mark, ground + self._style(Tone.MARK.value))]
        for text, tone in row_lines(row, self._width, self._glyphs.dots)[within]:
            style = ground + self._style(tone.value)
            segments.append(Segment(text, style + _BOLD if selected and tone is Tone.TITLE else style))
        return Strip(segments).adjust_cell_length(width, ground)

    def _empty_lines(self, width: int) -> list[tuple[int, int]]:
        return wrap.lines(self._empty, max(1, width - 2 * MARGIN))

    def _style(self, name: str) -> Style:
        own = self.get_component_rich_style(name, partial=True)
        # A colour that is part of what lies behind it (as "muted" is) is only known together with that.
        return own if own.color is None else own + Style(color=self.get_component_rich_style(name).color)

    def _measure(self) -> None:
        self._width = self.scrollable_content_region.width or self.size.width
        self._ends = list(accumulate(row_height(row, self._width) for row in self._rows))
        self.virtual_size = Size(self._width, self._ends[-1] if self._ends else 1)

    def _reveal(self) -> None:
        """Scroll so that the selected row is seen as a whole."""
        if self._place >= len(self._ends) or not self.size.height:
            return
        top = self._ends[self._place - 1] if self._place else 0
        region = Region(0, top, max(1, self._width), self._ends[self._place] - top)
        self.scroll_to_region(region, animate=False, force=True)
