"""Outcome tables of one's own: what the totals of a throw are called, and what each asks of the narrator.

A table is written as lines, ``8 miss: It fails, and that costs something.``: the least total of a band, its name, and
after a colon what the narrator is to tell. On one line semicolons stand between them. The usual tables are
``domain.dice``'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tavern_tui.domain.errors import SettingsError

MOST_BANDS: Final = 20
LONGEST_NAME: Final = 30
LONGEST_MEANING: Final = 300

_LINE = re.compile(r"([+-]?[0-9]{1,7})\s+([^:;\n]+?)\s*(?::\s*([^;\n]*?))?")
_HOW: Final = "Write the least total, a name, and what the narrator is to tell, like “8 miss: It fails, at a price”."


@dataclass(frozen=True, slots=True)
class Band:
    """The totals from ``least`` on, up to the next band: what they are called, and what they mean to the narrator."""

    least: int
    name: str
    means: str = ""

    def __str__(self) -> str:
        """As a line of a table."""
        return f"{self.least} {self.name}" + (f": {self.means}" if self.means else "")


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """The bands, the least first; totals below the first are of the first."""

    bands: tuple[Band, ...]

    def band(self, total: int) -> Band:
        """What ``total`` is."""
        return next((band for band in reversed(self.bands) if total >= band.least), self.bands[0])

    def __str__(self) -> str:
        """As it is written on one line."""
        return "; ".join(map(str, self.bands))

    @property
    def told(self) -> str:
        """The bands in a line: ``fumble 1, miss 8, hit 15``."""
        return ", ".join(f"{band.name} {band.least}" for band in self.bands)


def read_outcomes(written: str | Sequence[object]) -> OutcomeTable | None:
    """The table that is ``written``, ``None`` for no line. YAML makes of a line with a colon an object with one pair.

    Raises ``SettingsError`` whose ``where`` is the number of the line that makes no sense, from 1.
    """
    lines = [line for line in written.split(";") if line.strip()] if isinstance(written, str) else written
    if len(lines) > MOST_BANDS:
        raise SettingsError(f"A table has {MOST_BANDS} outcomes at most.", where=str(MOST_BANDS + 1))
    bands: list[Band] = []
    for number, line in enumerate(lines, 1):
        band = _band(line, str(number))
        if bands and band.least <= bands[-1].least:
            raise SettingsError(
                f"Outcome {number} begins at {band.least}, the one before it at {bands[-1].least}.",
                hint="Write the outcomes from the least total upwards.",
                where=str(number),
            )
        bands.append(band)
    return OutcomeTable(tuple(bands)) if bands else None


def _band(line: object, number: str) -> Band:
    if isinstance(line, dict) and len(line) == 1:
        line = ": ".join("" if one is None else str(one) for one in next(iter(line.items())))
    found = _LINE.fullmatch(" ".join(line.split())) if isinstance(line, str) else None
    if found is None:
        raise SettingsError(f"Outcome {number} is none.", hint=_HOW, where=number)
    name, means = found[2], found[3] or ""
    for what, text, most in (("name", name, LONGEST_NAME), ("meaning", means, LONGEST_MEANING)):
        if len(text) > most or not text.isprintable() or "[" in text or "]" in text:
            raise SettingsError(
                f"The {what} of outcome {number} does not fit into a line.",
                hint=f"It has {most} characters at most, and no square brackets.",
                where=number,
            )
    return Band(int(found[1]), name, means)
