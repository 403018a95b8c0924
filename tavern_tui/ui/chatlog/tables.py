"""Tables in a paragraph, as Markdown writes them: columns are put in line, and nothing else about the text changes.

A table is a line with bars, a line of dashes with as many cells below it, and the lines with bars that follow. What is
shown between two cells replaces the blanks and the bar that stand there in the source; so every shown character still
knows where it comes from. A table wider than ``WIDEST`` stays as it was written.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise, zip_longest
from typing import NamedTuple

from rich.cells import cell_len

from tavern_tui.ui.chatlog.marks import Change, applied

WIDEST = 84
"""Cells: the reading measure. Where a window is narrower, lines are wrapped like any other."""

# Possessive throughout: a line of 100,000 dashes or blanks is looked at once.
_RULE = re.compile(r"^ {0,3}\|?+ *+:?+-++:?+ *+(?:\| *+:?+-++:?+ *+)*+\|?+ *+$", re.M)
_BAR = re.compile(r"(?<!\\)\|")


class _Cell(NamedTuple):
    """What stands between two bars, without the blanks round it; where nothing does, both ends are after the bar."""

    start: int
    end: int


class _Row(NamedTuple):
    """A line of a table. ``start`` and ``end`` are those of the line without the blanks round it."""

    start: int
    end: int
    cells: list[_Cell]


def with_tables(text: str, changes: list[Change]) -> list[Change]:
    """``changes`` (in order) of a paragraph, and those that put its tables' columns in line, in order."""
    if _RULE.search(text) is None:
        return changes
    for rows in _tables(text):
        table = _Table(text, rows, changes)
        if table.width <= WIDEST:
            changes = sorted(table.changes(), key=lambda change: change[:2])
    return changes


def _tables(text: str) -> Iterator[list[_Row]]:
    """The tables' rows: the header, the line of dashes, and what follows."""
    rows = [_row(text, match.start(), match.end()) for match in re.finditer(r"[^\n]+", text)]
    done = 0
    for place, row in enumerate(rows):
        if place <= done or not _RULE.match(text, text.rfind("\n", 0, row.start) + 1):
            continue
        if not 2 <= len(row.cells) == len(rows[place - 1].cells):
            continue
        end = place + 1
        while end < len(rows) and _BAR.search(text, rows[end].start, rows[end].end):
            end += 1
        yield rows[place - 1 : end]
        done = end


def _row(text: str, start: int, end: int) -> _Row:
    line = text[start:end]
    start, end = start + len(line) - len(line.lstrip()), start + len(line.rstrip())
    bars = [match.start() for match in _BAR.finditer(text, start, end)]
    edges = [start - 1, *bars, end]
    cells = [_cell(text, left + 1, right) for left, right in pairwise(edges)]
    if bars and bars[0] == start:
        del cells[0]
    if bars and bars[-1] == end - 1:
        del cells[-1]
    return _Row(start, max(start, end), cells)


def _cell(text: str, start: int, end: int) -> _Cell:
    stretch = text[start:end]
    bare = stretch.strip()
    if not bare:
        return _Cell(start, start)
    start += stretch.index(bare)
    return _Cell(start, start + len(bare))


class _Table:
    """One table in the making: how wide its cells are shown, and what makes its columns as wide as their widest."""

    def __init__(self, text: str, rows: list[_Row], changes: list[Change]) -> None:
        self._text, self._rows, self._changes = text, rows, changes
        self._starts = [change.start for change in changes]
        self._dashes = [text[cell.start : cell.end] for cell in rows[1].cells]
        self._wide = [[self._width(cell) for cell in row.cells] if row is not rows[1] else [] for row in rows]
        self._widths = [max(1, *column) for column in zip_longest(*self._wide, fillvalue=0)]

    @property
    def width(self) -> int:
        """Cells of a whole line, its bars included."""
        return sum(self._widths) + 3 * len(self._widths) + 1

    def changes(self) -> Iterator[Change]:
        """Those of the paragraph outside of the table, those within its cells, and those between them; in no order."""
        first, last = self._rows[0].start, self._rows[-1].end
        yield from (change for change in self._changes if change.end <= first or change.start >= last)
        for row, wide in zip(self._rows, self._wide, strict=True):
            if row is self._rows[1]:
                yield from self._between(row, self._widths)
                yield from (
                    Change(*cell, shows="-" * width) for cell, width in zip(row.cells, self._widths, strict=False)
                )
            else:
                yield from self._between(row, wide)
                yield from (change for cell in row.cells for change in self._inside(cell))

    def _inside(self, cell: _Cell) -> list[Change]:
        begin = bisect_left(self._starts, cell.start)
        end = bisect_left(self._starts, cell.end, begin)
        return [change for change in self._changes[begin:end] if change.end <= cell.end]

    def _width(self, cell: _Cell) -> int:
        moved = [one._replace(start=one.start - cell.start, end=one.end - cell.start) for one in self._inside(cell)]
        return cell_len(applied(self._text[cell.start : cell.end], moved))

    def _between(self, row: _Row, wide: list[int]) -> Iterator[Change]:
        """What stands before, between and after the cells of a row, which are shown ``wide``."""
        done, owed = row.start, 0
        for column, cell in enumerate(row.cells):
            spare = self._widths[column] - wide[column]
            before = _before(self._dashes[column] if column < len(self._dashes) else "", spare)
            bar = " | " if column else "| " if self._text[row.start] == "|" else ""
            yield Change(done, cell.start, shows=" " * owed + bar + " " * before)
            done, owed = cell.end, spare - before
        if done < row.end:
            yield Change(done, row.end, shows=" " * owed + " |")


def _before(dashes: str, spare: int) -> int:
    """How many of a cell's spare blanks stand before it: as the colons of the dashes want it."""
    if not dashes.endswith(":"):
        return 0
    return spare // 2 if dashes.startswith(":") else spare
