"""What a GBNF grammar would cost an engine, reckoned before one is given it: some never come to an end.

llama.cpp keeps a stack for every way in which a grammar may go on, and looks at each for every token. A rule that comes
back to itself before it has read anything grows them without end, and a few optional parts inside of each other make
more of them than can be counted. Neither can be stopped from outside. Reckoned on grammars that ``grammar`` can read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tavern_tui.domain.grammar import TOKENS, GrammarProblem

MOST_WAYS = 20_000
"""Ways to go on from one place, each a stack of llama.cpp's. Measured: 10,000 take it half a second, 40,000 five."""
MOST_ALIKE = 24
"""Parts that may be left out one after the other and begin alike: which of them a letter belongs to is tried out, in
as many combinations as there are, for every token."""

_EMPTY_LITERAL = '""'
_ANYTHING = ""
_ROUNDS = 8  # of a repetition without an end whose part may be empty


@dataclass(frozen=True, slots=True)
class _Part:
    """One element: what reads a character, a ``rule`` by name, or ``choices`` in brackets; from ``least`` times on.

    ``reads`` is the character that it begins with, ``_ANYTHING`` for one of several.
    """

    rule: str = ""
    choices: tuple[tuple[_Part, ...], ...] = ()
    reads: str | None = None
    least: int = 1
    most: int | None = 1


@dataclass(frozen=True, slots=True)
class _Rule:
    line: int
    choices: tuple[tuple[_Part, ...], ...]


@dataclass(slots=True)
class _Open:
    """Choices that are still being read."""

    choices: list[list[_Part]] = field(default_factory=lambda: [[]])

    def closed(self) -> tuple[tuple[_Part, ...], ...]:
        return tuple(map(tuple, self.choices))


def cost_problem(text: str, *, made: bool = False) -> GrammarProblem | None:
    """Why a grammar that can be read would never end or take too long; ``None`` where it will do.

    ``made``: it was made from a schema, where fields that may be left out begin with a comma and differ right behind.
    """
    try:
        return _Reckoning(dict(_rules(text)), made=made).problem()
    except RecursionError:
        return GrammarProblem(1, "its rules are nested too deep")


class _Reckoning:
    """The costs of every rule, each reckoned once."""

    def __init__(self, rules: dict[str, _Rule], *, made: bool) -> None:
        self._rules = rules
        self._made = made
        self._empty = self._nullable()
        self._ways: dict[str, int] = {}
        self._alike: dict[str, Counter[str]] = {}

    def problem(self) -> GrammarProblem | None:
        seen: dict[str, bool] = {}
        for name, rule in self._rules.items():
            if self._comes_back(name, seen):
                return GrammarProblem(rule.line, f"the rule “{name}” begins with itself")
        for rule in self._rules.values():
            for choices in _all_choices(rule.choices):
                if self._too_many(choices):
                    return GrammarProblem(rule.line, "there are too many ways to go on here")
        return None

    def _too_many(self, choices: tuple[tuple[_Part, ...], ...]) -> bool:
        """Whether one place in ``choices`` leaves too many ways open: at its beginning, or behind any part."""
        begins = 0
        for choice in choices:
            ways, alike = 0, Counter[str]()
            for part in reversed(choice):
                empty = _may_be_empty(part, self._empty)
                ways = self._ways_into(part) + (ways if empty else 0)
                alike = self._alike_in(part) + (alike if empty else Counter())
                if ways > MOST_WAYS or _most(alike, but="," if self._made else None) > MOST_ALIKE:
                    return True
            begins += ways
        return begins > MOST_WAYS

    def _nullable(self) -> set[str]:
        """The rules that may read nothing."""
        empty: set[str] = set()
        grows = True
        while grows:
            grows = False
            for name, rule in self._rules.items():
                if name not in empty and any(all(_may_be_empty(part, empty) for part in one) for one in rule.choices):
                    empty.add(name)
                    grows = True
        return empty

    def _first(self, choice: tuple[_Part, ...]) -> Iterator[_Part]:
        """The parts that may be the first to read something."""
        for part in choice:
            yield part
            if not _may_be_empty(part, self._empty):
                return

    def _comes_back(self, name: str, seen: dict[str, bool]) -> bool:
        """Whether a rule leads back to itself before anything is read. ``seen``: rules on the way, and done ones."""
        if name in seen:
            return seen[name]
        seen[name] = True
        found = any(self._comes_back(rule, seen) for rule in self._leads_to(self._rules[name].choices))
        seen[name] = found
        return found

    def _leads_to(self, choices: tuple[tuple[_Part, ...], ...]) -> Iterator[str]:
        for choice in choices:
            for part in self._first(choice):
                if part.rule:
                    yield part.rule
                yield from self._leads_to(part.choices)

    def _ways_of(self, choice: tuple[_Part, ...]) -> int:
        """In how many places ``choice`` may read its first character."""
        return sum(self._ways_into(part) for part in self._first(choice))

    def _ways_into(self, part: _Part) -> int:
        if part.rule and part.rule not in self._ways:
            self._ways[part.rule] = sum(map(self._ways_of, self._rules[part.rule].choices))
        once = (
            self._ways[part.rule] if part.rule else int(part.reads is not None) + sum(map(self._ways_of, part.choices))
        )
        again = _may_be_empty(_once(part), self._empty)
        return min(once * ((part.most or part.least or 1) if again else 1), MOST_WAYS + 1)

    def _alike_of(self, choice: tuple[_Part, ...]) -> Counter[str]:
        """How many parts one after the other may be the first to read, by the character that they begin with."""
        return sum((self._alike_in(part) for part in self._first(choice)), Counter())

    def _alike_in(self, part: _Part) -> Counter[str]:
        if part.rule and part.rule not in self._alike:
            self._alike[part.rule] = self._alike_among(self._rules[part.rule].choices)
        once = self._alike[part.rule] if part.rule else self._alike_among(part.choices)
        if part.reads is not None:
            return Counter((part.reads,))
        if not _may_be_empty(_once(part), self._empty):
            return once
        times = _ROUNDS if part.most is None else min(part.most, MOST_ALIKE + 1)
        return Counter({begins: min(count * times, MOST_ALIKE + 1) for begins, count in once.items()})

    def _alike_among(self, choices: tuple[tuple[_Part, ...], ...]) -> Counter[str]:
        """Of choices only one is taken."""
        found = Counter[str]()
        for choice in choices:
            found |= self._alike_of(choice)
        return found


def _most(alike: Counter[str], but: str | None) -> int:
    """The most parts that the same character may begin, ``but`` one."""
    single = max((count for begins, count in alike.items() if begins not in (_ANYTHING, but)), default=0)
    return single + alike[_ANYTHING]


def _once(part: _Part) -> _Part:
    return _Part(part.rule, part.choices, part.reads)


def _may_be_empty(part: _Part, empty: set[str]) -> bool:
    if part.least == 0:
        return True
    if part.rule:
        return part.rule in empty
    return part.reads is None and any(all(_may_be_empty(one, empty) for one in choice) for choice in part.choices)


def _all_choices(choices: tuple[tuple[_Part, ...], ...]) -> Iterator[tuple[tuple[_Part, ...], ...]]:
    """``choices``, and those in brackets within."""
    yield choices
    for choice in choices:
        for part in choice:
            if part.choices:
                yield from _all_choices(part.choices)


def _rules(text: str) -> Iterator[tuple[str, _Rule]]:
    """The rules of a grammar that can be read, by name."""
    name, name_line, line = "", 1, 1
    opened: list[_Open] = []
    awaits = False
    for match in TOKENS.finditer(text):
        kind, found = match.lastgroup, match.group()
        if kind == "newline":
            if len(opened) == 1 and not awaits:
                yield name, _Rule(name_line, opened.pop().closed())
            line += 1
        elif kind == "name" and not opened:
            name, name_line = found, line
        elif kind == "defines":
            opened, awaits = [_Open()], True
        elif kind != "blank" and opened:
            awaits = kind == "or"
            _take(opened, kind or "", found)
    if opened:
        yield name, _Rule(name_line, opened[0].closed())


def _take(opened: list[_Open], kind: str, found: str) -> None:
    """One word of a rule."""
    choice = opened[-1].choices[-1]
    if kind == "open":
        opened.append(_Open())
    elif kind == "close":
        choices = opened.pop().closed()
        opened[-1].choices[-1].append(_Part(choices=choices))
    elif kind == "or":
        opened[-1].choices.append([])
    elif kind == "repeat":
        least, most = _times(found)
        part = choice.pop()
        choice.append(_Part(choices=((part,),), least=least, most=most))
    elif kind == "name":
        choice.append(_Part(rule=found))
    elif kind == "literal" and found != _EMPTY_LITERAL:
        choice.append(_Part(reads=found[1:3] if found[1] == "\\" else found[1]))
    elif kind != "literal":
        choice.append(_Part(reads=_ANYTHING))


def _times(found: str) -> tuple[int, int | None]:
    """How often ``?``, ``*``, ``+`` or ``{m,n}`` repeats what is before it."""
    plain: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
    if found in plain:
        return plain[found]
    least, comma, most = found.strip("{}").partition(",")
    return int(least), int(most) if most else None if comma else int(least)
