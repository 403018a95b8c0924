"""Reading what servers answer without trusting its shape: a value of the right type, or nothing.

Any server may leave any field away, or put a string where a number belongs; these functions never raise.
"""

from __future__ import annotations

import json
import math


def parse(text: str) -> object:
    """The JSON value in ``text``; ``None`` where there is none (also ``null``), or one nested too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def at(value: object, *path: str | int) -> object:
    """The value at ``path`` (keys and list indices) inside ``value``, or ``None``."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text_at(value: object, *path: str | int) -> str:
    """The string at ``path``; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def int_at(value: object, *path: str | int) -> int | None:
    """The whole number at ``path`` (not negative; a string of digits counts); ``None`` where there is none."""
    found = at(value, *path)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 16:
        return int(found)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 2**53:
        return None
    return int(found)


def float_at(value: object, *path: str | int) -> float | None:
    """The number at ``path``; ``None`` where there is none, also for NaN, infinities and what no float holds."""
    found = at(value, *path)
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def list_at(value: object, *path: str | int) -> list[object]:
    """The list at ``path``; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []
