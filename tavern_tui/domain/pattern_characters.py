"""``CharacterReader``: the characters, escapes and classes of JavaScript's regular expressions, read from a pattern.

Groups, repetition and everything else that is made of these is ``domain.patterns``'. Source: ECMA-262, ``AtomEscape``,
``ClassContents``, ``CharacterEscape``, with Annex B.
"""

from __future__ import annotations

import re

from tavern_tui.domain.character_sets import CLASSES, WORD, CharacterSet
from tavern_tui.domain.errors import FormatError

_HEX = re.compile(r"u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})")
_HALVES = re.compile(r"u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})")
_OCTAL = re.compile(r"[0-3][0-7]{0,2}|[4-7][0-7]?")
_PROPERTY = re.compile(r"[pP]\{[A-Za-z0-9_=]{1,60}\}")
_CONTROL_LETTER = re.compile(r"c[A-Za-z]")
_CONTROLS = {"0": 0, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


class CharacterReader:
    """Reads ``pattern`` from ``at`` on. ``unicode`` and ``any_case`` are the flags ``u`` and ``i``."""

    def __init__(self, pattern: str, *, unicode: bool, any_case: bool) -> None:
        self.pattern = pattern
        self.unicode = unicode
        self.any_case = any_case
        self.at = 0

    def ahead(self, count: int = 1) -> str:
        """The next ``count`` signs of the pattern, fewer at its end."""
        return self.pattern[self.at : self.at + count]

    def cased(self, characters: CharacterSet) -> CharacterSet:
        """``characters``, in all their cases under the flag ``i``."""
        return characters.in_any_case(unicode=self.unicode) if self.any_case else characters

    def property(self) -> str:
        """The Unicode property after the backslash at hand, as Python writes it; empty where none is meant."""
        found = _PROPERTY.match(self.pattern, self.at) if self.unicode else None
        if found is None:
            return ""
        self.at = found.end()
        return f"\\{found.group()}"

    def escaped(self) -> CharacterSet:
        """What the sign after a backslash stands for, inside or outside of a class; the reader goes on behind it."""
        mark = self.ahead()
        if not mark:
            raise self.fault("the pattern ends with a lone backslash")
        if mark in CLASSES:
            self.at += 1
            wide = self.unicode and self.any_case and mark in "wW"
            return _wide_word(mark) if wide else CLASSES[mark]
        if (code := self._numbered()) is not None:
            return only(code)
        self.at += 1
        if mark == "c" and not self.unicode:  # without a letter behind it, the backslash is meant
            self.at -= 1
            return only(ord("\\"))
        if self.unicode and mark.isalnum() and mark not in _CONTROLS:
            raise self.fault(f"“\\{mark}” means nothing under the flag u", -2)
        return only(_CONTROLS.get(mark, ord(mark)))

    def _numbered(self) -> int | None:
        """The code point that is written as a number or as a control letter; ``None`` where none is."""
        if pair := _HALVES.match(self.pattern, self.at):
            self.at = pair.end()
            return 0x10000 + ((int(pair[1], 16) - 0xD800) << 10) + int(pair[2], 16) - 0xDC00
        found = _HEX.match(self.pattern, self.at)
        if found is not None and (self.unicode or found[1] is None):
            code = int(found[1] or found[2] or found[3], 16)
            if code > 0x10FFFF:
                raise self.fault("there is no character of such a high number")
            self.at = found.end()
            return code
        if control := _CONTROL_LETTER.match(self.pattern, self.at):
            self.at = control.end()
            return ord(control.group()[1]) % 32
        if octal := None if self.unicode else _OCTAL.match(self.pattern, self.at):
            self.at = octal.end()
            return int(octal.group(), 8)
        return None

    def bracketed(self) -> str:
        """The class in brackets that begins at hand, in Python's words."""
        begin = self.at
        self.at += 1
        negated = self.ahead() == "^"
        self.at += negated
        intervals: list[tuple[int, int]] = []
        properties = ""
        while self.ahead() != "]":
            if not self.ahead():
                self.at = begin
                raise self.fault("“[” is opened and never closed", hint="Write \\[ for the sign itself.")
            if self.ahead() == "\\" and (named := self._property_inside()):
                properties += named
            else:
                intervals += self._members()
        self.at += 1
        characters = self.cased(CharacterSet.of(intervals))
        if properties:
            return f"[{'^' if negated else ''}{characters.inside()}{properties}]"
        return (characters.others if negated else characters).written()

    def _property_inside(self) -> str:
        self.at += 1
        named = self.property()
        self.at -= not named
        return named

    def _members(self) -> list[tuple[int, int]]:
        """One member of a class, or a range of characters."""
        first, begins = self._member()
        if self.ahead() != "-" or self.ahead(2) in ("-]", "-"):
            return [*first.intervals]
        self.at += 1
        last, ends = self._member()
        if not (begins and ends):  # a hyphen beside ``\d`` and its like is itself
            return [*first.intervals, *last.intervals, (ord("-"), ord("-"))]
        low, high = first.intervals[0][0], last.intervals[0][0]
        if high < low:
            raise self.fault(f"“{chr(low)}-{chr(high)}” goes backwards", -3)
        return [(low, high)]

    def _member(self) -> tuple[CharacterSet, bool]:
        """One member of a class, and whether it is a single character, at which a range may begin or end."""
        mark = self.ahead()
        self.at += 1
        if mark != "\\":
            return only(ord(mark)), True
        escaped = self.ahead()
        if escaped == "b":
            self.at += 1
            return only(8), True
        return self.escaped(), escaped not in CLASSES

    def fault(self, what: str, back: int = 0, *, hint: str = "") -> FormatError:
        """The error for what stands at hand, or ``back`` signs from there."""
        column = max(1, min(self.at + back + 1, len(self.pattern)))
        return FormatError(f"The pattern cannot be used: {what} (column {column}).", hint=hint)


def only(code: int) -> CharacterSet:
    """The set of one character."""
    return CharacterSet(((code, code),))


def _wide_word(mark: str) -> CharacterSet:
    wide = WORD.in_any_case(unicode=True)
    return wide if mark == "w" else wide.others
