"""``EntryTable``: the entries of a lorebook in columns, one widget whatever their number; ``ColumnHeads`` names them.

Only the lines in the window are made. It takes no keys of its own; a click selects, a click on what is selected
chooses. What a line looks like is ``ui.lore.lines``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Static

from tavern_tui.session.lore_listing import EntryRow
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.lore.lines import columns, heading, runs
from tavern_tui.ui.widgets.row_list import SELECTED, RowWindow
from tavern_tui.ui.widgets.rows import BEFORE_BAR, MARGIN, Tone

_BOLD = Style(bold=True)
_BESIDE = 2  # cells of the scroll bar, and of the blank at its right


class ColumnHeads(Static):
    """The names of the columns of a table that is as wide as this."""

    DEFAULT_CSS = "ColumnHeads { height: 1; color: $text-muted; text-wrap: nowrap; }"

    def on_resize(self, event: events.Resize) -> None:
        """Name the columns that there is room for."""
        room = max(1, event.size.width - MARGIN - BEFORE_BAR - _BESIDE)
        self.update(Content(" " * MARGIN + heading(columns(room))))


class EntryTable(RowWindow):
    """Rows with one selected, some of them marked. ``empty`` stands there without any."""

    @dataclass
    class Selected(Message):
        """Another entry is selected."""

        row: EntryRow

    @dataclass
    class Chosen(Message):
        """An entry was chosen."""

        row: EntryRow

    def __init__(self, *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._rows: Sequence[EntryRow] = ()
        self._marked: Collection[int] = ()
        self._place = 0
        self._empty = ""

    @property
    def rows(self) -> Sequence[EntryRow]:
        """What is shown."""
        return self._rows

    @property
    def selected(self) -> EntryRow | None:
        """The selected entry."""
        return self._rows[self._place] if self._rows else None

    @property
    def at_first(self) -> bool:
        """Whether the first entry is selected."""
        return self._place == 0

    def show(self, rows: Sequence[EntryRow], marked: Collection[int], *, empty: str = "") -> None:
        """Have these rows; the entry that was selected stays so where it is among them."""
        before = self.selected
        self._rows, self._marked, self._empty = rows, marked, empty
        uid = before.entry.uid if before is not None else None
        self._place = next((at for at, row in enumerate(rows) if row.entry.uid == uid), 0)
        self.virtual_size = Size(self.scrollable_content_region.width, max(1, len(rows)))
        self._reveal()
        self.refresh()

    def move(self, rows: int) -> None:
        """Select the entry that is ``rows`` further down, stopping at the ends."""
        self.select(self._place + rows)

    def page(self, pages: int) -> None:
        """Select what is a window's height further."""
        self.move(pages * max(1, self.size.height - 1))

    def select(self, place: int) -> None:
        """Select the entry at ``place``, or the nearest one."""
        place = min(max(0, place), len(self._rows) - 1)
        if self._rows and place != self._place:
            self._place = place
            self._reveal()
            self.refresh()
            self.post_message(self.Selected(self._rows[place]))

    def on_resize(self, event: events.Resize) -> None:
        """Keep the selected entry in sight."""
        self.virtual_size = Size(self.scrollable_content_region.width, max(1, len(self._rows)))
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        """Select the entry that was clicked on; choose it where it was selected."""
        place = event.y + self.scroll_offset.y
        if place >= len(self._rows):
            return
        if place == self._place:
            self.post_message(self.Chosen(self._rows[place]))
        self.select(place)

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        ground, width = self.rich_style, self.scrollable_content_region.width
        place = y + self.scroll_offset.y
        if place >= len(self._rows):
            text = f"{' ' * MARGIN}{self._empty}" if not self._rows and place == 0 else ""
            return Strip([Segment(text, ground + self._style(Tone.MUTED))]).adjust_cell_length(width, ground)
        row, chosen = self._rows[place], place == self._place
        if chosen:
            ground += self.get_component_rich_style(SELECTED, partial=True)
        sign = (self._glyphs.on if chosen else " ") + ("+" if row.entry.uid in self._marked else " ")
        segments = [Segment(sign, ground + self._style(Tone.MARK))]
        for text, tone in runs(row, columns(self._room), self._glyphs):
            style = ground + self._style(tone)
            segments.append(Segment(text, style + _BOLD if chosen and tone is Tone.TITLE else style))
        return Strip(segments).adjust_cell_length(width, ground)

    @property
    def _room(self) -> int:
        return max(1, self.scrollable_content_region.width - MARGIN - BEFORE_BAR)

    def _style(self, tone: Tone) -> Style:
        own = self.get_component_rich_style(tone.value, partial=True)
        # A colour that is part of what lies behind it (as "muted" is) is only known together with that.
        return own if own.color is None else own + Style(color=self.get_component_rich_style(tone.value).color)

    def _reveal(self) -> None:
        if self.size.height:
            region = Region(0, self._place, 1, 1)
            self.scroll_to_region(region, animate=False, force=True)
