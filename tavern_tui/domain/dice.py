"""Dice: what may be thrown, throwing it, and what the total is called.

Notation: terms joined by ``+`` and ``-``; a term is a number or ``NdM``, where ``N`` may be left out, ``M`` may be
``%`` for a hundred, and ``khK`` or ``klK`` behind it keeps the ``K`` highest or lowest. Randomness comes in as numbers
from 0 up to 1. The six bands of the 20-sided die are KoboldAI Lite's (``docs/spec/kobold-lite.md`` §2.2), the
others ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.events import Roll

MOST_DICE = 1_000
"""Dice in one throw."""

MOST_SIDES = 1_000_000
"""Sides of one die."""

MOST_MODIFIER = 1_000_000
"""What may be added or taken off."""

OUTCOMES = ("terrible", "poor", "fair", "good", "excellent", "perfect")
"""The six bands, the worst first."""

_TERM = re.compile(r"([+-]?)(?:([0-9]*)d([0-9]+|%)(?:k([hl])([0-9]+))?|([0-9]+))", re.IGNORECASE | re.ASCII)
_ROUND_SIGNS = re.compile(r"\s*([+-])\s*")
_LONGEST = 100
_AGAIN = " · rolled again"
_TABLES: dict[tuple[int, int], tuple[int, ...]] = {
    (1, 20): (5, 9, 13, 17, 20),
    (2, 12): (4, 6, 8, 10, 12),
    (1, 100): (11, 31, 51, 76, 96),
}
"""The least totals of the bands from the second on, by the least and the greatest total of the dice."""


@dataclass(frozen=True, slots=True)
class Term:
    """``count`` dice of ``sides``, of which ``keep`` count (0: all), the highest or the ``lowest``; ``sign`` 1 or -1.

    A number is that many dice with one side.
    """

    sign: int
    count: int
    sides: int
    keep: int = 0
    lowest: bool = False

    @property
    def counting(self) -> int:
        """How many of the dice count."""
        return self.keep or self.count


@dataclass(frozen=True, slots=True)
class Dice:
    """What is thrown: ``written`` in one way for each throw."""

    written: str
    terms: tuple[Term, ...]

    @property
    def bare(self) -> tuple[Term, ...]:
        """The dice without the numbers that are added."""
        return tuple(term for term in self.terms if term.sides > 1)

    @property
    def added(self) -> int:
        """The numbers that are added, together."""
        return sum(term.sign * term.count for term in self.terms if term.sides == 1)

    @property
    def bare_range(self) -> tuple[int, int]:
        """The least and the greatest total without the numbers that are added."""
        least = most = 0
        for term in self.bare:
            ends = (term.sign * term.counting, term.sign * term.counting * term.sides)
            least, most = least + min(ends), most + max(ends)
        return least, most


def read_dice(text: str) -> Dice:
    """The dice that ``text`` names. Raises ``SettingsError`` for what is no throw, and for more than can be thrown."""
    packed = _ROUND_SIGNS.sub(r"\1", text.strip())
    terms: list[Term] = []
    at = 0
    while at < len(packed) <= _LONGEST:
        found = _TERM.match(packed, at)
        if found is None or (at and not found[1]):
            break
        terms.append(_term(found))
        at = found.end()
    if not terms or at < len(packed):
        raise SettingsError(
            "That is no throw of dice.", hint="Write it like 1d20, 2d6+1, d% or 4d6kh3 (the 3 highest count)."
        )
    numbers = sum(term.count for term in terms if term.sides == 1)
    dice = [term for term in terms if term.sides > 1]
    if sum(term.count for term in dice) > MOST_DICE or any(term.sides > MOST_SIDES for term in dice):
        raise SettingsError(
            "Nobody can throw that.",
            hint=f"At most {MOST_DICE:,} dice of at most {MOST_SIDES:,} sides are thrown at once.",
        )
    if not dice or numbers > MOST_MODIFIER:
        raise SettingsError(
            "There is nothing to throw.", hint=f"Name a die, like 1d20; up to {MOST_MODIFIER:,} may be added to it."
        )
    return Dice(_written(terms), tuple(terms))


def with_modifier(dice: Dice, modifier: int) -> Dice:
    """The same dice with ``modifier`` added to what is added already."""
    added = modifier + dice.added
    terms = [*dice.bare]
    if added:
        terms.append(Term(1 if added > 0 else -1, abs(added), 1))
    return Dice(_written(terms), tuple(terms))


def throw(dice: Dice, random: Callable[[], float]) -> Roll:
    """One throw; ``random`` gives numbers from 0 up to 1, one for each die."""
    return judged(dice, sum(_thrown(term, random) for term in dice.terms))


def judged(dice: Dice, total: int) -> Roll:
    """The roll of a person who threw ``dice`` and got ``total`` in all."""
    return Roll(dice.written, total, outcome(dice, total))


def outcome(dice: Dice, total: int) -> str:
    """What ``total`` is called. What is added moves it along the bands of the bare dice, and not beyond them."""
    least, most = dice.bare_range
    inside = min(max(total, least), most)
    bands = _TABLES.get((least, most))
    if bands is None:  # the bands of the 20-sided die, over as many totals as there are
        span = most - least + 1
        bands = tuple(least - (-(one - 1) * span // 20) for one in _TABLES[1, 20])
    return OUTCOMES[sum(1 for one in bands if inside >= one)]


def told(roll: Roll) -> str:
    """A roll in a line: ``1d20+2 = 9 · fair``."""
    return f"{roll.dice} = {roll.total}" + (f" · {roll.outcome}" if roll.outcome else "")


def again(roll: Roll) -> Roll:
    """The roll, saying that the dice were thrown another time."""
    return replace(roll, outcome=f"{band(roll)}{_AGAIN}")


def band(roll: Roll) -> str:
    """The outcome alone."""
    return roll.outcome.removesuffix(_AGAIN)


def _term(found: re.Match[str]) -> Term:
    sign = -1 if found[1] == "-" else 1
    if found[6]:
        return Term(sign, _number(found[6]), 1)
    count = _number(found[2]) if found[2] else 1
    sides = 100 if found[3] == "%" else _number(found[3])
    keep = _number(found[5]) if found[5] else 0
    if not count or not sides or (found[5] and not 0 < keep <= count):
        raise SettingsError("There is nothing to throw.", hint="A throw has at least one die with at least one side.")
    return Term(sign, count, sides, keep if keep < count else 0, (found[4] or "").lower() == "l")


def _number(digits: str) -> int:
    """The number; of one that nobody can throw the digits do not matter."""
    return int(digits) if len(digits) <= 9 else 10**9


def _written(terms: list[Term]) -> str:
    texts: list[str] = []
    for term in terms:
        sign = "-" if term.sign < 0 else "+" if texts else ""
        keep = f"k{'l' if term.lowest else 'h'}{term.keep}" if term.keep else ""
        texts.append(f"{sign}{term.count}" + (f"d{term.sides}{keep}" if term.sides > 1 else ""))
    return "".join(texts)


def _thrown(term: Term, random: Callable[[], float]) -> int:
    if term.sides == 1:
        return term.sign * term.count
    shown = sorted((1 + min(int(random() * term.sides), term.sides - 1) for _ in range(term.count)), reverse=True)
    if term.keep:
        shown = shown[-term.keep :] if term.lowest else shown[: term.keep]
    return term.sign * sum(shown)
