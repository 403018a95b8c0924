"""``PieceIndex``: the tokens of a vocabulary by what they spell, whatever the case of their letters of ASCII.

Pure: built once for a vocabulary, from the bytes of its tokens, and asked for every banned text.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

_BETWEEN = b"\xff\xfe\xff"
"""Between two pieces: bytes that are in no text."""


class PieceIndex:
    """The tokens that begin with some bytes, and those that hold them; ``pieces`` are the bytes of each, by its id."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        lowered = [piece.lower() for piece in pieces]
        self._order = sorted(range(len(lowered)), key=lowered.__getitem__)
        self._sorted = [lowered[token] for token in self._order]
        self._joined = _BETWEEN.join(lowered)
        lengths = (len(piece) + len(_BETWEEN) for piece in lowered)
        self._starts = list(accumulate(lengths, initial=0))

    def beginning_with(self, text: bytes) -> frozenset[int]:
        """The tokens whose bytes begin with ``text``, which is in small letters and not empty."""
        first = bisect_left(self._sorted, text)
        # No bytes of a token that begins with the text are greater than the text with a byte 255 for each of its own.
        last = bisect_right(self._sorted, text + b"\xff" * 256, lo=first)
        return frozenset(self._order[first:last])

    def holding(self, text: bytes) -> frozenset[int]:
        """The tokens that have ``text``, which is in small letters and not empty, anywhere in their bytes."""
        return frozenset(bisect_right(self._starts, place) - 1 for place in self._places(text))

    def _places(self, text: bytes) -> Iterator[int]:
        place = self._joined.find(text)
        while place >= 0:
            yield place
            place = self._joined.find(text, place + 1)
