"""``Sums``: numbers in order with the sums before them: rows of lines, characters of lines.

A line that is put in or taken out among fifty thousand moves memory and adds up stretches of it, both done by the
interpreter in C; nothing is done for each number in Python. Knows nothing of texts.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

STRETCH: Final = 128
"""How many numbers have one sum."""


class Sums:
    """Numbers, none negative."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._numbers = array("q", numbers)
        self._before = array("q", [0])
        self._add_up(0)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: int) -> int:
        return self._numbers[place]

    @property
    def total(self) -> int:
        """All numbers together."""
        return self._before[-1]

    def before(self, place: int) -> int:
        """The sum of the numbers before ``place`` (which may be one past the last)."""
        stretch = place // STRETCH
        return self._before[stretch] + sum(self._numbers[stretch * STRETCH : place])

    def at(self, sum_: int) -> tuple[int, int]:
        """The place whose number reaches beyond ``sum_``, and what of ``sum_`` lies within it.

        A sum of all numbers or more is at the end: one past the last place.
        """
        if sum_ >= self.total:
            return len(self._numbers), sum_ - self.total
        stretch = bisect_right(self._before, sum_) - 1
        first, rest = stretch * STRETCH, sum_ - self._before[stretch]
        ends = list(accumulate(self._numbers[first : first + STRETCH]))
        within = bisect_right(ends, rest)
        return first + within, rest - (ends[within - 1] if within else 0)

    def splice(self, start: int, stop: int, numbers: Iterable[int]) -> None:
        """Put ``numbers`` in the place of those from ``start`` up to ``stop``."""
        new = array("q", numbers)
        if len(new) == stop - start == 1:
            self._change(start, new[0])
            return
        self._numbers[start:stop] = new
        self._add_up(start // STRETCH)

    def _change(self, place: int, number: int) -> None:
        grown = number - self._numbers[place]
        self._numbers[place] = number
        if grown:
            first = place // STRETCH + 1
            self._before[first:] = array("q", (sum_ + grown for sum_ in self._before[first:]))

    def _add_up(self, first: int) -> None:
        """Make the sums anew from that of stretch ``first`` on."""
        starts = range(first * STRETCH, len(self._numbers), STRETCH)
        stretches = (sum(self._numbers[start : start + STRETCH]) for start in starts)
        self._before[first:] = array("q", accumulate(stretches, initial=self._before[first]))
