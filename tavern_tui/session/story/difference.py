"""What changed between two texts: the edits that make one of the other, and the words that differ. Pure.

Lines that both texts have once are anchors between which the search goes on (the patience difference), so that a book
of which an editor changed a page costs little more than reading it. Small pieces are compared word by word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_FEW = 400  # lines or words that are compared each with each
_LONGEST_WORD = 20  # characters: a text of more than so many for each of them has too many words
_MOST_PAIRS = 4_000_000  # that are compared in all: a few seconds; what then differs is one edit
_WORDS = re.compile(r"\s+|\w+|[^\w\s]+")


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from ``start`` to ``end`` of a text become ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of two texts: ``old`` became ``new``; both are the same where nothing changed."""

    old: str
    new: str

    @property
    def same(self) -> bool:
        """Whether nothing changed here."""
        return self.old == self.new


def edits(old: str, new: str) -> list[Edit]:
    """The edits of ``old`` that make it ``new``, in their order, none touching another.

    Applied from the last to the first, each finds its characters where it says.
    """
    if old == new:
        return []
    start, left = _common(old, new)
    # Whole lines, so that what is put behind a sentence is not taken for words before its full stop.
    start, end = old.rfind("\n", 0, start) + 1, old.find("\n", len(old) - left)
    left = len(old) - end - 1 if end >= 0 else 0
    return list(_by_lines(old[start : len(old) - left], new[start : len(new) - left], start))


def applied(text: str, made: Iterable[Edit]) -> str:
    """``text`` with ``made``, edits in their order."""
    parts, at = [], 0
    for edit in made:
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def changes(old: str, new: str) -> list[Change]:
    """Both texts as stretches that are the same and stretches that differ, word by word."""
    found, at = [], 0
    for edit in edits(old, new):
        if edit.start > at:
            found.append(Change(old[at : edit.start], old[at : edit.start]))
        found.append(Change(old[edit.start : edit.end], edit.text))
        at = edit.end
    return [*found, Change(old[at:], old[at:])] if at < len(old) else found


@dataclass(slots=True)
class _Patience:
    """How many more pairs of lines or words are compared."""

    pairs: int = _MOST_PAIRS

    def has_room(self, old: int, new: int) -> bool:
        """Whether so many of both are compared; they then count."""
        if old > _FEW or new > _FEW or old * new > self.pairs:
            return False
        self.pairs -= old * new
        return True


def _by_lines(old: str, new: str, start: int) -> Iterator[Edit]:
    """The edits of ``old``, which begins at ``start``, found by its lines."""
    patience = _Patience()
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    offsets = _offsets(before)
    others = _offsets(after)
    for i, i_end, j, j_end in _differing(before, after, patience):
        was, now = old[offsets[i] : offsets[i_end]], new[others[j] : others[j_end]]
        yield from _by_words(was, now, start + offsets[i], patience)


def _by_words(old: str, new: str, start: int, patience: _Patience) -> Iterator[Edit]:
    few = old and new and max(len(old), len(new)) <= _FEW * _LONGEST_WORD
    before, after = (_WORDS.findall(old), _WORDS.findall(new)) if few else ([], [])
    if not few or not patience.has_room(len(before), len(after)):
        kept, left = _common(old, new)
        yield Edit(start + kept, start + len(old) - left, new[kept : len(new) - left])
        return
    offsets, others = _offsets(before), _offsets(after)
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Edit(start + offsets[i], start + offsets[i_end], new[others[j] : others[j_end]])


def _differing(old: Sequence[str], new: Sequence[str], patience: _Patience) -> Iterator[tuple[int, int, int, int]]:
    """Where ``old`` and ``new`` differ: from and to in both, in their order."""
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        i, i_end, j, j_end = waiting.pop()
        while i < i_end and j < j_end and old[i] == new[j]:
            i, j = i + 1, j + 1
        while i < i_end and j < j_end and old[i_end - 1] == new[j_end - 1]:
            i_end, j_end = i_end - 1, j_end - 1
        if i == i_end and j == j_end:
            continue
        anchors = _anchors(old, i, i_end, new, j, j_end) if i < i_end and j < j_end else []
        if anchors:
            borders = [(i, j), *((a + 1, b + 1) for a, b in anchors)]
            ends = [*anchors, (i_end, j_end)]
            between = [(a, c, b, d) for (a, b), (c, d) in zip(borders, ends, strict=True)]
            waiting += reversed(between)
        elif patience.has_room(i_end - i, j_end - j):
            matcher = SequenceMatcher(None, old[i:i_end], new[j:j_end], autojunk=False)
            for tag, a, a_end, b, b_end in matcher.get_opcodes():
                if tag != "equal":
                    yield i + a, i + a_end, j + b, j + b_end
        else:
            yield i, i_end, j, j_end


def _anchors(old: Sequence[str], i: int, i_end: int, new: Sequence[str], j: int, j_end: int) -> list[tuple[int, int]]:
    """The most lines that stand once in either part and in the same order in both."""
    here, there = _once(old, i, i_end), _once(new, j, j_end)
    pairs = [(place, there[line]) for line, place in here.items() if line in there]
    return _longest_rising(pairs)


def _once(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """The lines that stand there once, with their places, in their order."""
    places: dict[str, int] = {}
    for at in range(start, end):
        places[lines[at]] = -1 if lines[at] in places else at
    return {line: at for line, at in places.items() if at >= 0}


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of ``pairs``, which rise in their first numbers, the most that rise in their second, too."""
    lowest: list[int] = []
    chosen: list[int] = []
    before: list[int] = []
    for number, (_, other) in enumerate(pairs):
        at = bisect_left(lowest, other)
        before.append(chosen[at - 1] if at else -1)
        if at == len(lowest):
            lowest.append(other)
            chosen.append(number)
        else:
            lowest[at], chosen[at] = other, number
    found, number = [], chosen[-1] if chosen else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _common(old: str, new: str) -> tuple[int, int]:
    """How many characters at the start and, of the rest, at the end are the same."""
    start = _same_start(old, new)
    shorter = min(len(old), len(new)) - start
    low, high = 0, shorter
    while low < high:
        middle = (low + high + 1) // 2
        if old.endswith(new[len(new) - middle : len(new) - low], 0, len(old) - low):
            low = middle
        else:
            high = middle - 1
    return start, low


def _same_start(old: str, new: str) -> int:
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old.startswith(new[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low


def _offsets(parts: Sequence[str]) -> list[int]:
    """Where each part starts, and where the last one ends."""
    offsets, at = [0], 0
    for part in parts:
        at += len(part)
        offsets.append(at)
    return offsets
