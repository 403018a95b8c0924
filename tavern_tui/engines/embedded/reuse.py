"""What of a known sequence of tokens serves a wanted one: its beginning, and stretches that only have to move up.

When history is cut in the middle, the beginning stays, a gap opens, and what follows the gap is the same tokens at
earlier places. Pure; what a context's memory can do with the answer is asked in ``kv``.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

WORTH_MOVING = 32
"""Tokens: a shorter stretch that is the same may be the same by chance (markup), and is read again."""
LEAST_HEAD = 4
"""Tokens that must stay at the very beginning: models attend to their first tokens wherever they look, so that moving
others into their places spoils all that follows (Xiao et al. 2023, "attention sinks")."""

_ID_BYTES = array("i").itemsize


@dataclass(frozen=True, slots=True)
class Stretch:
    """``length`` tokens that stand at ``start`` in the known sequence."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The place behind the last token."""
        return self.start + self.length


def common_prefix(known: Sequence[int], wanted: Sequence[int]) -> int:
    """How many ids two sequences share from their beginning."""
    shortest = min(len(known), len(wanted))
    return next((i for i in range(shortest) if known[i] != wanted[i]), shortest)


def stretches(known: Sequence[int], wanted: Sequence[int], *, most: int | None = None) -> list[Stretch]:
    """Stretches of ``known`` which, put one behind the other, are the beginning of ``wanted``.

    The first begins at 0 and may be empty; every other begins behind a gap. ``most`` bounds their tokens together.
    """
    most = len(wanted) if most is None else min(most, len(wanted))
    head = min(common_prefix(known, wanted), most)
    found = [Stretch(0, head)]
    done = head
    known_bytes, wanted_bytes = array("i", known).tobytes(), array("i", wanted).tobytes()
    while head >= LEAST_HEAD and most - done >= WORTH_MOVING:
        sample = wanted_bytes[done * _ID_BYTES : (done + WORTH_MOVING) * _ID_BYTES]
        start = _longest(known, known_bytes, sample, found[-1].end + 1, wanted[done:])
        if start is None:
            break
        length = min(common_prefix(known[start:], wanted[done:]), most - done)
        found.append(Stretch(start, length))
        done += length
    return found


def _longest(known: Sequence[int], known_bytes: bytes, sample: bytes, first: int, rest: Sequence[int]) -> int | None:
    """Where in ``known``, from ``first`` on, the longest beginning of ``rest`` stands that begins with ``sample``."""
    best, longest = None, 0
    at = known_bytes.find(sample, first * _ID_BYTES)
    while at >= 0:
        place, odd = divmod(at, _ID_BYTES)
        if not odd and (length := common_prefix(known[place:], rest)) > longest:
            best, longest = place, length
        at = known_bytes.find(sample, at + 1)
    return best
