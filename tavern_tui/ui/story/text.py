"""``StoryText``: the text of a story in lines, each stretch of it with where it comes from.

A line is a paragraph of the document, without its newline. Places are (line, column), in characters; offsets count
from the beginning of the document, a newline as one. Pure; how lines wrap is ``layout``, what keys do is ``editing``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story.sums import Sums

Place = tuple[int, int]
"""A line and a column, both from 0."""

Run = tuple[str, Origin]
"""A stretch of text, which may hold newlines, and its origin."""

Marks = tuple[tuple[int, Origin], ...]
"""The runs of one line, as the columns at which they end and their origins; of an empty line, none."""


@dataclass(frozen=True, slots=True)
class Splice:
    """Which lines a change touched: those from ``line`` on, ``removed`` of them, have become ``added`` others."""

    line: int
    removed: int
    added: int


def merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """``runs`` with neighbours of one origin as one, and without empty ones."""
    full = (run for run in runs if run[0])
    return tuple(
        ("".join(text for text, _ in group), origin) for origin, group in groupby(full, key=lambda run: run[1])
    )


class StoryText:
    """Lines of text, of which there is always at least one."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._lines, self._marks = _split(runs)
        self._lengths = Sums(len(line) + 1 for line in self._lines)
        self._words = Sums(len(line.split()) for line in self._lines)

    @property
    def words(self) -> int:
        """Words of the whole text: what blanks divide."""
        return self._words.total

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    @property
    def end(self) -> Place:
        """Behind the last character."""
        return len(self._lines) - 1, len(self._lines[-1])

    @property
    def length(self) -> int:
        """Characters, newlines included."""
        return self._lengths.total - 1

    def line(self, number: int) -> str:
        """The text of a line."""
        return self._lines[number]

    def marks(self, number: int) -> Marks:
        """Where the stretches of a line come from."""
        return self._marks[number]

    def offset(self, place: Place) -> int:
        """The characters before ``place``."""
        return self._lengths.before(place[0]) + place[1]

    def place(self, offset: int) -> Place:
        """The place that has so many characters before it; the nearest where there are fewer."""
        if offset > self.length:
            return self.end
        return self._lengths.at(max(0, offset))

    def clamped(self, place: Place) -> Place:
        """``place``, or the nearest one that there is."""
        line = max(0, min(place[0], len(self._lines) - 1))
        return line, max(0, min(place[1], len(self._lines[line])))

    def origin(self, place: Place) -> Origin | None:
        """Where the character behind ``place`` comes from; ``None`` at the end of a line."""
        return next((origin for end, origin in self._marks[place[0]] if place[1] < end), None)

    def slice(self, start: Place, end: Place) -> tuple[Run, ...]:
        """The runs between two places. A newline has the origin of what stands before it."""
        found: list[Run] = []
        last = Origin.WRITTEN
        for number in range(start[0], end[0] + 1):
            first = start[1] if number == start[0] else 0
            stop = end[1] if number == end[0] else len(self._lines[number])
            for text, origin in self._runs(number, first, stop):
                found.append((text, origin))
                last = origin
            if number < end[0]:
                found.append(("\n", last))
        return merged(found)

    def text(self, start: Place = (0, 0), end: Place | None = None) -> str:
        """The characters between two places, the whole document by default."""
        end = end or self.end
        if start[0] == end[0]:
            return self._lines[start[0]][start[1] : end[1]]
        middle = self._lines[start[0] + 1 : end[0]]
        return "\n".join((self._lines[start[0]][start[1] :], *middle, self._lines[end[0]][: end[1]]))

    def lines(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """The lines from ``start`` up to ``stop``."""
        return iter(self._lines[start:stop])

    def replace(self, start: Place, end: Place, runs: Iterable[Run]) -> tuple[Splice, Place]:
        """Put ``runs`` in the place of what stands between two places; which lines changed, and where they end."""
        before = (*self._runs(start[0], 0, start[1]),)
        after = (*self._runs(end[0], end[1], len(self._lines[end[0]])),)
        lines, marks = _split(merged((*before, *runs, *after)))
        removed = end[0] - start[0] + 1
        self._lines[start[0] : end[0] + 1] = lines
        self._marks[start[0] : end[0] + 1] = marks
        self._lengths.splice(start[0], end[0] + 1, (len(line) + 1 for line in lines))
        self._words.splice(start[0], end[0] + 1, (len(line.split()) for line in lines))
        tail = sum(len(text) for text, _ in after)
        last = start[0] + len(lines) - 1
        return Splice(start[0], removed, len(lines)), (last, len(lines[-1]) - tail)

    def _runs(self, number: int, first: int, stop: int) -> Iterator[Run]:
        line, begin = self._lines[number], 0
        for end, origin in self._marks[number]:
            if text := line[max(first, begin) : min(stop, end)]:
                yield text, origin
            begin = end


def _split(runs: Iterable[Run]) -> tuple[list[str], list[Marks]]:
    """The lines of ``runs``, and their marks."""
    lines: list[list[str]] = [[]]
    marks: list[list[tuple[int, Origin]]] = [[]]
    width = 0
    for text, origin in runs:
        for place, piece in enumerate(text.split("\n")):
            if place:
                lines.append([])
                marks.append([])
                width = 0
            if piece:
                width += len(piece)
                lines[-1].append(piece)
                marks[-1].append((width, origin))
    return ["".join(pieces) for pieces in lines], [tuple(line) for line in marks]
