"""``CharacterSet``: sets of characters as JavaScript's regular expressions know them, and which characters are one.

A set is written down as a class that means the same to Python's ``re`` and to ``regex``. Case is written out, since
Python's rules differ from JavaScript's (there ``/s/i`` finds no ``ſ``). Source: ECMA-262, ``CharacterClassEscape``,
``WhiteSpace``, ``LineTerminator`` and ``Canonicalize``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_LAST = 0x10FFFF
_LAST_CASED = 0x1F000  # no letter above has another case
_PLAIN = frozenset(map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !\"%',/:;<=>@_`"))

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """Characters by their code points: ``intervals`` rise, do not touch one another, and include both ends."""

    intervals: tuple[Interval, ...] = ()

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> CharacterSet:
        """The set of everything in ``intervals``, which may come in any order and overlap."""
        merged: list[Interval] = []
        for first, last in sorted(intervals):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def just(cls, characters: str) -> CharacterSet:
        """The set of these characters."""
        return cls.of((ord(one), ord(one)) for one in characters)

    def __contains__(self, code: int) -> bool:
        place = bisect_right(self.intervals, (code, _LAST))
        return place > 0 and self.intervals[place - 1][1] >= code

    def __or__(self, other: CharacterSet) -> CharacterSet:
        return CharacterSet.of((*self.intervals, *other.intervals))

    @property
    def others(self) -> CharacterSet:
        """Every character that is not in the set."""
        found: list[Interval] = []
        begin = 0
        for first, last in self.intervals:
            if begin < first:
                found.append((begin, first - 1))
            begin = last + 1
        if begin <= _LAST:
            found.append((begin, _LAST))
        return CharacterSet(tuple(found))

    def in_any_case(self, *, unicode: bool) -> CharacterSet:
        """The set with the other cases of its letters; ``unicode`` as under JavaScript's flag ``u``."""
        if not unicode and (not self.intervals or self.intervals[-1][1] < 0x80):
            letters = [chr(code) for code in range(0x41, 0x7B) if code in self and chr(code).isalpha()]
            return self | CharacterSet.just("".join(letter.swapcase() for letter in letters))
        return _in_any_case(self, unicode)

    def written(self) -> str:
        """The set as Python writes it: one character, a class, or what never matches."""
        if not self.intervals:
            return "(?!)"
        if self.intervals == ((0, _LAST),):
            return r"[\s\S]"
        first, last = self.intervals[0]
        if len(self.intervals) == 1 and first == last:
            return literal(first)
        if last == _LAST or (first == 0 and self.intervals[-1][1] == _LAST):
            return f"[^{self.others.inside()}]"
        return f"[{self.inside()}]"

    def inside(self) -> str:
        """What stands between the brackets of the set's class."""
        return "".join(
            literal(first) if first == last else f"{literal(first)}-{literal(last)}" for first, last in self.intervals
        )


def literal(code: int) -> str:
    """One character as it stands for itself in a pattern, inside and outside of a class."""
    if code in _PLAIN or (code > 0xA0 and chr(code).isprintable()):
        return chr(code)
    if code < 0x100:
        return f"\\{chr(code)}" if chr(code).isprintable() and code < 0x80 else f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


DIGITS = CharacterSet.of([(0x30, 0x39)])
WORD = CharacterSet.of([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
LINE_ENDS = CharacterSet.just("\n\r\u2028\u2029")
BLANKS = (
    LINE_ENDS | CharacterSet.just("\t\v\f \xa0\u1680\u202f\u205f\u3000\ufeff") | CharacterSet.of([(0x2000, 0x200A)])
)

CLASSES = {
    "d": DIGITS,
    "D": DIGITS.others,
    "w": WORD,
    "W": WORD.others,
    "s": BLANKS,
    "S": BLANKS.others,
}
"""What ``\\d`` and its like stand for."""


def _one_of_all(character: str, *, unicode: bool) -> str:
    """The character that stands for all its cases."""
    if unicode:
        folded = character.casefold()
        if len(folded) > 1:
            folded = character.lower()
        return folded if len(folded) == 1 else character
    upper = character.upper()
    if len(upper) > 1 or (ord(character) >= 0x80 > ord(upper)):
        return character
    return upper


@lru_cache(maxsize=512)
def _in_any_case(characters: CharacterSet, unicode: bool) -> CharacterSet:
    cased, families = _families(unicode)
    added = {
        other
        for first, last in characters.intervals
        for code in cased[bisect_left(cased, first) : bisect_right(cased, last)]
        for other in families[code]
    }
    return CharacterSet.of((*characters.intervals, *((code, code) for code in added))) if added else characters


@lru_cache(maxsize=2)
def _families(unicode: bool) -> tuple[list[int], dict[int, tuple[int, ...]]]:
    """Every character that has another case, rising, and all that differ from it in case alone, itself included."""
    groups: dict[str, list[int]] = {}
    for code in range(_LAST_CASED):
        character = chr(code)
        one = _one_of_all(character, unicode=unicode)
        if one != character:
            groups.setdefault(one, [ord(one)]).append(code)
    families = {code: tuple(group) for group in groups.values() for code in group}
    return sorted(families), families
