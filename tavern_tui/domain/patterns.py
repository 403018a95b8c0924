"""JavaScript's regular expressions in Python's words: what ``/…/flags`` of a script or a key means, exactly.

The two languages read the same signs differently: ``$``, ``.``, ``\\d``, ``\\b``, braces, empty classes, case, groups
that took no part. What differs is written out here, so that ``re`` and ``regex`` both do what a browser does; what has
no counterpart is refused with a ``FormatError`` that says where and why. Differences that remain: a character is a
whole one, never half of a surrogate pair; a look-behind reads forwards; a repetition may end with an empty round.
Compiling and running within a time limit is ``prompt.pattern_runs``'. Source: ECMA-262, ``Pattern``, with Annex B.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tavern_tui.domain.character_sets import CLASSES, LINE_ENDS, WORD
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.pattern_characters import CharacterReader, only

LONGEST = 10_000
"""Characters that a pattern may have."""

_DEEPEST = 50
_MOST_REPEATED = 20_000  # single characters that counted repetitions may come to, written out
_FLAGS = "gimsuyd"
_SETS_FLAG = "v"
_WRITTEN = re.compile(r"/(.*)/([A-Za-z]*)\s*", re.DOTALL)
_COUNTED = re.compile(r"\{(\d{1,9})(,?)(\d{0,9})\}")
_OPENING = re.compile(r"\(\?(?:(?P<look>[=!]|<=|<!)|<(?P<name>[^>]*)>|(?P<on>[ims]*)(?:-(?P<off>[ims]*))?:)")
_GROUPS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|(?P<group>\((?!\?)|\(\?<(?![=!])(?P<name>[^>]*)>)", re.DOTALL)
_NAME = re.compile(r"(?:[^\W\d]|\$)[\w$]*")
_NUMBER = re.compile(r"\d{1,5}")
_REFERENCE = re.compile(r"k<([^>]*)>")
_WORD_BORDERS = {"b": "(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", "B": "(?:(?<={0})(?={0})|(?<!{0})(?!{0}))"}
_ANYTHING = only(0).others | only(0)


@dataclass(frozen=True, slots=True)
class Translated:
    """A pattern in Python's words, to be compiled without flags.

    ``groups`` are Python's numbers of JavaScript's groups, from 1; ``names`` the numbers behind JavaScript's names.
    ``within`` maps a group to the one in whose last round it must have been caught: in JavaScript a repeated group
    forgets what earlier rounds caught. ``everywhere`` and ``sticky`` are the flags ``g`` and ``y``.
    """

    python: str
    groups: tuple[int, ...] = ()
    names: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    within: Mapping[int, int] = field(default_factory=dict)
    everywhere: bool = False
    sticky: bool = False


def taken_apart(written: str) -> tuple[str, str]:
    """Pattern and flags of what a script says is to be found: ``/pattern/flags``, or a bare pattern without flags.

    Slashes round something whose end cannot be flags are part of a bare pattern (``/usr/bin``), as in SillyTavern.
    Raises ``FormatError`` for flags that cannot be used.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None or not found[1] or set(found[2]) - {*_FLAGS, _SETS_FLAG}:
        return written, ""
    pattern, flags = found[1], found[2]
    if len(set(flags)) < len(flags):
        raise FormatError(f"A flag stands twice in “{flags}”.", hint="Write each flag once.")
    if _SETS_FLAG in flags:
        raise FormatError("The flag v (sets of sets) is not known here.", hint="Write the classes out and use u.")
    return pattern, flags


@lru_cache(maxsize=1024)
def translated(pattern: str, flags: str = "") -> Translated:
    """``pattern`` under JavaScript's ``flags``. Raises ``FormatError`` saying what is wrong and in which column."""
    if len(pattern) > LONGEST:
        raise FormatError(f"The pattern has {len(pattern):,} characters; {LONGEST:,} are read at most.")
    return _PatternReader(pattern, flags).result()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A capturing group opens here; JavaScript's number, or a negative one for a group of ours."""

    number: int


@dataclass(frozen=True, slots=True)
class _Again:
    """What a group caught is wanted here again."""

    number: int
    any_case: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """A group that is being read.

    ``begin`` is where its output begins, ``caught`` how many groups were opened before it, ``size`` what came before it
    written out, ``state`` the flags to go back to. ``number`` is 0 where it does not capture.
    """

    begin: int
    number: int
    look: str
    caught: int
    size: int
    state: tuple[bool, bool, bool]


class _PatternReader(CharacterReader):
    """Reads one pattern from left to right and writes it down in pieces."""

    def __init__(self, pattern: str, flags: str) -> None:
        super().__init__(pattern, unicode="u" in flags, any_case="i" in flags)
        self.flags = flags
        self.lines, self.dot_all = "m" in flags, "s" in flags
        self.out: list[str | _Opened | _Again] = []
        self.open: list[_Group] = []
        self.caught: list[int] = []
        self.closed: set[int] = set()
        self.within: dict[int, int] = {}
        self.size = 0
        self.numbered = 0
        found = [one for one in _GROUPS.finditer(pattern) if one["group"]]
        self.groups = len(found)
        self.names: dict[str, list[int]] = {}
        for number, one in enumerate(found, 1):
            if one["name"] is not None:
                self.names.setdefault(one["name"], []).append(number)

    def result(self) -> Translated:
        """The whole pattern."""
        while self.at < len(self.pattern):
            self._piece()
        if self.open:
            raise self.fault("a group is opened and never closed", hint="Write \\( for the sign itself.")
        opened = (piece.number for piece in self.out if isinstance(piece, _Opened))
        numbers = {number: place for place, number in enumerate(opened, 1)}
        return Translated(
            python="".join(_in_python(piece, numbers) for piece in self.out),
            groups=tuple(numbers[number] for number in range(1, self.numbered + 1)),
            names={name: tuple(numbers[one] for one in known) for name, known in self.names.items()},
            within={numbers[one]: numbers[outer] for one, outer in self.within.items()},
            everywhere="g" in self.flags,
            sticky="y" in self.flags,
        )

    def _piece(self) -> None:
        """The next piece, with the quantifier behind it."""
        mark = self.ahead()
        if mark == "(":
            self._open_group()
        elif mark == ")":
            self._close_group()
        elif mark in "^$|":
            self.out.append(self._border(mark))
            self.at += 1
            self._not_repeated(mark)
        elif mark in "*+?" or self._quantifier():
            raise self.fault(
                f"nothing stands before “{mark}” that it could repeat", hint=f"Write \\{mark} for the sign."
            )
        else:
            self.out.append(self._atom(mark))
            self._repeat(1)

    def _border(self, mark: str) -> str:
        if mark == "|" or not self.lines:
            return {"|": "|", "^": r"\A", "$": r"\Z"}[mark]
        return f"(?{'<' if mark == '^' else ''}!{LINE_ENDS.others.written()})"

    def _atom(self, mark: str) -> str | _Again:
        """One character, class or escape."""
        if mark == "[":
            return self.bracketed()
        self.at += 1
        if mark == "\\":
            return self._escape()
        if mark == ".":
            return (_ANYTHING if self.dot_all else LINE_ENDS.others).written()
        if self.unicode and mark in "{}]":
            raise self.fault(f"“{mark}” needs a backslash under the flag u", -1)
        return self.cased(only(ord(mark))).written()

    def _escape(self) -> str | _Again:
        """What a backslash begins, outside of a class."""
        mark = self.ahead()
        if mark and mark in "bB":
            self.at += 1
            self._not_repeated(f"\\{mark}")
            return _WORD_BORDERS[mark].format((self.cased(WORD) if self.unicode else WORD).written())
        if mark and mark in "123456789" and (number := self._reference()):
            return self._again(number)
        if mark == "k" and (self.names or self.unicode):
            return self._again(self._named())
        if named := self.property():
            return named
        characters = self.escaped()
        return (characters if mark in CLASSES else self.cased(characters)).written()

    # Groups.

    def _open_group(self) -> None:
        if len(self.open) >= _DEEPEST:
            raise self.fault(f"groups are nested more than {_DEEPEST} deep")
        state, number, look, begin = (self.any_case, self.lines, self.dot_all), 0, "", len(self.out)
        found = _OPENING.match(self.pattern, self.at)
        name = found["name"] if found is not None else None
        if self.ahead(2) == "(?" and (found is None or (name is not None and not _NAME.fullmatch(name))):
            raise self.fault(_no_group(self.ahead(4)))
        if found is None or name is not None:
            self.numbered += 1
            number = self.numbered
            self.out.append(_Opened(number))
        elif found["look"]:
            look = found["look"]
            self.out.append(f"(?{look}")
        else:
            on, off = found["on"], found["off"] or ""
            switched = ((was or flag in on) and flag not in off for flag, was in zip("ims", state, strict=True))
            self.any_case, self.lines, self.dot_all = switched
            self.out.append("(?:")
        self.at = found.end() if found is not None else self.at + 1
        self.open.append(_Group(begin, number, look, len(self.caught), self.size, state))
        self.caught += [number] if number else []
        self.size = 0

    def _close_group(self) -> None:
        if not self.open:
            raise self.fault("“)” closes nothing", hint="Write \\) for the sign itself.")
        group = self.open.pop()
        self.out.append(")")
        self.at += 1
        self.any_case, self.lines, self.dot_all = group.state
        self.closed.add(group.number)
        inner, self.size = self.size, group.size
        if group.look.startswith("<") or (group.look and self.unicode):
            self._not_repeated("a look-behind" if group.look.startswith("<") else "under the flag u a look-ahead")
        times = self._repeat(inner + 1)
        if times and group.look:
            self.out[group.begin : -1] = ["(?:", *self.out[group.begin : -1], ")"]
        elif times > 1:
            self._forget(group)

    def _forget(self, group: _Group) -> None:
        """What is caught inside a repeated group counts only where its last round caught it."""
        inner = [one for one in self.caught[group.caught :] if one != group.number and one not in self.within]
        if not inner:
            return
        outer = group.number
        if not outer:
            outer = -1 - len(self.caught)
            self.out[group.begin] = _Opened(outer)
            self.caught.append(outer)
        self.within |= dict.fromkeys(inner, outer)

    def _reference(self) -> int:
        """The group that ``\\12`` means; 0 where it is no reference but an old way of writing a character."""
        found = _NUMBER.match(self.pattern, self.at)
        number = int(found.group()) if found is not None else 0
        if number > self.groups:
            if self.unicode:
                raise self.fault(f"there is no group {number}", -1)
            return 0
        self.at += len(str(number))
        return number

    def _named(self) -> int:
        """The group that ``\\k<name>`` means."""
        found = _REFERENCE.match(self.pattern, self.at)
        known = self.names.get(found[1], []) if found is not None else []
        if found is None or not known:
            raise self.fault("“\\k” names no group that there is", -1, hint="Write \\k<name> for a group (?<name>…).")
        if len(known) > 1:
            raise self.fault(f"several groups are called “{found[1]}”, so \\k cannot mean one of them", -1)
        self.at = found.end()
        return known[0]

    def _again(self, number: int) -> str | _Again:
        """What a group caught; nothing where it is not closed yet, as JavaScript takes it."""
        return _Again(number, self.any_case) if number in self.closed else "(?:)"

    # Repetition.

    def _quantifier(self) -> re.Match[str] | str | None:
        """The quantifier at hand; ``None`` where there is none. A brace may stand for itself."""
        mark = self.ahead()
        if mark == "{":
            return _COUNTED.match(self.pattern, self.at)
        return mark if mark and mark in "*+?" else None

    def _repeat(self, size: int) -> int:
        """Take in the quantifier at hand; how often what is before it may stand: 0 for none, 2 for more than once.

        ``size`` is how many characters that is, written out.
        """
        found = self._quantifier()
        if found is None:
            self._grow(size)
            return 0
        if isinstance(found, str):
            written, least, most = found, int(found == "+"), 1 if found == "?" else 2
        else:
            written, least = found.group(), int(found[1])
            most = int(found[3]) if found[3] else least + 2 * bool(found[2])
            if most < least:
                raise self.fault(f"the numbers in “{written}” are out of order")
        self._grow(size * max(1, least))
        self.at += len(written)
        if self.ahead() == "?":
            written += "?"
            self.at += 1
        self._not_repeated(f"“{written}”")
        self.out.append(written)
        return min(2, most) or 1

    def _grow(self, size: int) -> None:
        self.size += size
        if self.size > _MOST_REPEATED:
            raise self.fault("its counted repetitions are too large", hint="Use * or + instead of a large number.")

    def _not_repeated(self, what: str) -> None:
        if what != "|" and self._quantifier():
            raise self.fault(f"{what} cannot be repeated in JavaScript")


def _in_python(piece: str | _Opened | _Again, numbers: Mapping[int, int]) -> str:
    match piece:
        case _Opened():
            return "("
        case _Again(number=number, any_case=any_case):
            # A group that took no part is empty in JavaScript; in Python it would match nothing.
            again = f"(?i:\\{numbers[number]})" if any_case else f"\\{numbers[number]}"
            return f"(?({numbers[number]}){again}|)"
        case _:
            return piece


def _no_group(start: str) -> str:
    if start.startswith("(?P"):
        return "“(?P” is Python's way; JavaScript writes (?<name>…) and \\k<name>"
    if start.startswith("(?>"):
        return "“(?>” (an atomic group) is not known to JavaScript"
    if start.startswith("(?#"):
        return "“(?#” (a comment) is not known to JavaScript"
    return f"“{start}” begins no group that JavaScript knows"
