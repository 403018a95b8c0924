"""``HeightIndex``: which entry a line of the log belongs to, in O(log N).

A Fenwick tree over the heights of the entries: one height changes, one line is looked up, or one entry is appended in
O(log N); anything else is one pass. Knows nothing of texts or screens.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable


class HeightIndex:
    """Heights (lines, none negative) of entries in order, and the sums of them."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = array("q", heights)
        self._build()

    def _build(self) -> None:
        sums = array("q", [0])
        sums.extend(self._heights)
        size = len(sums)
        for place in range(1, size):
            above = place + (place & -place)
            if above < size:
                sums[above] += sums[place]
        self._sums = sums
        self._total = sum(self._heights)

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        """Lines of all entries together."""
        return self._total

    def height(self, place: int) -> int:
        """Lines of the entry at ``place``."""
        return self._heights[place]

    def offset(self, place: int) -> int:
        """Lines before the entry at ``place`` (which may be one past the last)."""
        lines = 0
        while place:
            lines += self._sums[place]
            place &= place - 1
        return lines

    def at(self, line: int) -> tuple[int, int]:
        """The entry that holds ``line`` (0 is the first line), and the line's number within the entry.

        Raises ``IndexError`` for a line outside of the log.
        """
        if not 0 <= line < self._total:
            raise IndexError(f"line {line} of {self._total}")
        size = len(self._heights)
        place, rest = 0, line
        step = 1 << size.bit_length()
        while step:
            ahead = place + step
            if ahead <= size and self._sums[ahead] <= rest:
                place = ahead
                rest -= self._sums[ahead]
            step >>= 1
        return place, rest

    def set(self, place: int, height: int) -> None:
        """Change the height of one entry."""
        grown = height - self._heights[place]
        self._heights[place] = height
        self._total += grown
        node, size = place + 1, len(self._sums)
        while node < size:
            self._sums[node] += grown
            node += node & -node

    def append(self, height: int) -> None:
        """Add an entry at the end."""
        self._heights.append(height)
        self._total += height
        node = len(self._heights)
        lines, child = height, node - 1
        while child > node - (node & -node):
            lines += self._sums[child]
            child &= child - 1
        self._sums.append(lines)

    def splice(self, start: int, stop: int, heights: Iterable[int]) -> None:
        """Put entries with ``heights`` in the place of those from ``start`` up to ``stop``. One pass over all."""
        self._heights[start:stop] = array("q", heights)
        self._build()
