"""What the reader of JSON forgave: values that it could not keep, each with its place, for a report.

``json_text`` reads what other programs read: of keys given twice the last, null where a number is none. Here the same
text is looked through a second time for these, so that none of it is dropped silently.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from tavern_tui.domain.exchange import Remark

MOST_REMARKS = 50
_MAX_DIGITS = 64


class _Object(dict[str, Any]):
    """An object of the text with the keys that it gives twice."""

    twice: tuple[str, ...] = ()


class _Lost(str):
    """A number that is none, as it was written."""


def json_doubts(text: str) -> tuple[Remark, ...]:
    """What ``json_text.read_json`` takes otherwise than it is written, at most ``MOST_REMARKS``. Never raises.

    ``text`` is what was read without a fault.
    """
    value = json.loads(
        text.strip("\x00 \t\r\n"),
        object_pairs_hook=_pairs,
        parse_constant=_Lost,
        parse_int=lambda digits: 0 if len(digits) <= _MAX_DIGITS else _Lost(digits),
        parse_float=lambda digits: 0.0 if math.isfinite(float(digits)) else _Lost(digits),
    )
    remarks: list[Remark] = []
    pending: list[tuple[str, Any]] = [("", value)]
    while pending and len(remarks) < MOST_REMARKS:
        place, item = pending.pop()
        if isinstance(item, _Lost):
            remarks.append(Remark(place, f"{item[:20]} is no number that can be kept; it is read as nothing."))
        elif isinstance(item, _Object):
            remarks += [Remark(_under(place, key), "This is given twice; the last one counts.") for key in item.twice]
            pending += [(_under(place, key), part) for key, part in reversed(item.items())]
        elif isinstance(item, list):
            pending += [(_under(place, str(index)), part) for index, part in reversed(list(enumerate(item)))]
        elif isinstance(item, str) and any("\ud800" <= letter <= "\udfff" for letter in item):
            remarks.append(Remark(place, "Half a character stands in this text; it is read as \ufffd."))
        elif isinstance(item, str) and "\0" in item:
            remarks.append(Remark(place, "A NUL stands in this text; where it is used it is left out."))
    return tuple(remarks[:MOST_REMARKS])


def _pairs(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        found.twice = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return found


def _under(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
