"""What stands in JSON and cannot be kept as it is written, each with its place: why a file is refused, or told of one
that is repaired.

Other programs drop these silently: of keys given twice all but the last, of a number that is none everything.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

MOST_REMARKS = 50
_MAX_DIGITS = 64
_LONGEST = 100  # characters of a place in a sentence


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that cannot be kept: ``place`` is its path (``data.tags.0``), ``forgiven`` how it is read still."""

    place: str
    what: str
    forgiven: str

    @property
    def fault(self) -> str:
        """The sentence that refuses it."""
        return f"{f'“{self.place[:_LONGEST]}”' if self.place else 'The value'} {self.what}."


class _Object(dict[str, Any]):
    """An object of the text with the keys that it gives twice."""

    twice: tuple[str, ...] = ()


class _Lost(str):
    """A number that is none, as it was written."""


def json_doubts(text: str) -> tuple[Doubt, ...]:
    """What cannot be kept of ``text`` as it is written, at most ``MOST_REMARKS``. Never raises: it is read already."""
    value = json.loads(
        text.strip("\x00 \t\r\n"),
        object_pairs_hook=_pairs,
        parse_constant=_Lost,
        parse_int=lambda digits: 0 if len(digits) <= _MAX_DIGITS else _Lost(digits),
        parse_float=lambda digits: 0.0 if math.isfinite(float(digits)) else _Lost(digits),
    )
    found: list[Doubt] = []
    pending: list[tuple[str, Any]] = [("", value)]
    while pending and len(found) < MOST_REMARKS:
        place, item = pending.pop()
        if isinstance(item, _Lost):
            found.append(Doubt(place, f"is {item[:20]}, no number that can be kept", "it is read as nothing."))
        elif isinstance(item, _Object):
            twice = "is given twice, and only one of the two can be kept"
            found += [Doubt(_under(place, key), twice, "the last one counts.") for key in item.twice]
            found += [doubt for key in item for doubt in _of_text(_under(place, key), key)]
            pending += [(_under(place, key), part) for key, part in reversed(item.items())]
        elif isinstance(item, list):
            pending += [(_under(place, str(index)), part) for index, part in reversed(list(enumerate(item)))]
        elif isinstance(item, str):
            found += _of_text(place, item)
    return tuple(found[:MOST_REMARKS])


def _of_text(place: str, text: str) -> list[Doubt]:
    return [Doubt(place, "holds a NUL", "it is left out.")] if "\0" in text else []


def _pairs(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        found.twice = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return found


def _under(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
