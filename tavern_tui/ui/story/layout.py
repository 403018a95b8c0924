"""``StoryLayout``: on which rows the lines of a story stand, at a width in cells.

A change wraps the lines that it touched and no others; ``wrapped`` counts them. Rows are wrapped as everywhere
(``chatlog.wrap``). Columns are characters, cells are what they take on screen. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import split_graphemes

from tavern_tui.domain.display import safe
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.story.sums import Sums
from tavern_tui.ui.story.text import Place, Splice, StoryText

_KEPT: Final = 256
"""How many lines' breaks are remembered: more than any screen shows."""

_UNSHOWABLE: Final = "\ufffd"
_PLAIN: Final = re.compile(r"[ -~]*\Z")


def shown(line: str) -> str:
    """``line`` as it may be shown, character for character: none drives the terminal, and each has its column."""
    if line.isprintable():
        return line  # which also leaves out every separator but the space
    return "".join(" " if sign == "\t" else (safe(sign) or _UNSHOWABLE) for sign in line)


def graphemes(line: str) -> Iterator[tuple[int, int, int]]:
    """What is seen as one character each: from which column to which, and its cells."""
    if _PLAIN.match(line):
        return ((place, place + 1, 1) for place in range(len(line)))
    return iter(split_graphemes(line)[0])


@dataclass(frozen=True, slots=True)
class Row:
    """What stands on one row: of ``line``, the columns from ``start`` up to ``end``; blanks at its end hang over.

    ``last``: the line ends here.
    """

    line: int
    start: int
    end: int
    last: bool


class StoryLayout:
    """The rows of ``text`` at ``width`` cells. Tell every change of it by ``changed``."""

    def __init__(self, text: StoryText, width: int) -> None:
        self._text = text
        self.width = max(wrap.NARROWEST, width)
        self.wrapped = 0
        self._breaks: dict[str, list[int]] = {}
        self._heights = Sums(self._height(line) for line in text.lines())

    @property
    def height(self) -> int:
        """Rows of the whole document."""
        return self._heights.total

    def set_width(self, width: int) -> None:
        """Wrap everything anew, at another width."""
        width = max(wrap.NARROWEST, width)
        if width != self.width:
            self.width = width
            self._breaks.clear()
            self._heights = Sums(self._height(line) for line in self._text.lines())

    def changed(self, splice: Splice) -> int:
        """Wrap the lines that changed; by how many rows the document has grown."""
        before = self._heights.total
        lines = self._text.lines(splice.line, splice.line + splice.added)
        self._heights.splice(splice.line, splice.line + splice.removed, [self._height(line) for line in lines])
        return self._heights.total - before

    def top(self, line: int) -> int:
        """The first row of a line."""
        return self._heights.before(line)

    def rows(self, line: int) -> int:
        """How many rows a line takes."""
        return self._heights[line]

    def row(self, number: int) -> Row:
        """What stands on a row of the document (0 is the first)."""
        line, within = self._heights.at(number)
        return self._row(line, within)

    def row_of(self, place: Place) -> int:
        """The row of the document on which ``place`` is. At a break it is at the beginning of the later row."""
        return self.top(place[0]) + self._within(place)

    def cell(self, place: Place) -> int:
        """The cell of its row at which ``place`` is; blanks that hang over the end are all at the end."""
        row = self._row(place[0], self._within(place))
        text = shown(self._text.line(place[0]))[row.start : row.end]
        used = sum(cells for _, end, cells in graphemes(text) if row.start + end <= place[1])
        return min(used, self.width)

    def at(self, number: int, cell: int) -> Place:
        """The place nearest to ``cell`` on a row, never inside of what is seen as one character."""
        row = self.row(max(0, min(number, self.height - 1)))
        text = shown(self._text.line(row.line))[row.start : row.end]
        used = 0
        for start, _, cells in graphemes(text):
            if used + cells > cell:
                return row.line, row.start + start
            used += cells
        return row.line, row.end if row.last else self._before_last(row, text)

    def row_start(self, place: Place) -> Place:
        """The beginning of the row on which ``place`` is."""
        return place[0], self._row(place[0], self._within(place)).start

    def row_end(self, place: Place) -> Place:
        """The last place of the row on which ``place`` is."""
        row = self._row(place[0], self._within(place))
        if row.last:
            return row.line, row.end
        return row.line, self._before_last(row, shown(self._text.line(row.line))[row.start : row.end])

    def _before_last(self, row: Row, text: str) -> int:
        """The last column that is on a row which goes on: before its last character, most often a blank."""
        ends = [start for start, _, _ in graphemes(text)]
        return row.start + (ends[-1] if ends else 0)

    def _within(self, place: Place) -> int:
        line, column = place
        return sum(1 for stop in self._broken(self._text.line(line)) if stop <= column)

    def _row(self, line: int, within: int) -> Row:
        text = self._text.line(line)
        stops = self._broken(text)
        start = stops[within - 1] if within else 0
        last = within == len(stops)
        return Row(line, start, len(text) if last else stops[within], last)

    def _broken(self, line: str) -> list[int]:
        """The columns at which the second and later rows of a line begin; those on screen are remembered."""
        found = self._breaks.get(line)
        if found is None:
            found = wrap.breaks(shown(line), self.width) if line else []
            if len(self._breaks) >= _KEPT:
                self._breaks.clear()
            self._breaks[line] = found
        return found

    def _height(self, line: str) -> int:
        self.wrapped += 1
        return len(wrap.breaks(shown(line), self.width)) + 1 if line else 1
