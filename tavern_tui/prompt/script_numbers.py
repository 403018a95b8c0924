"""Numbers as SillyTavern's variables have them: what a text counts as, and how a number is written.

The rules are JavaScript's (ECMAScript ``StringToNumber``, ``Number::toString``): a variable that looks like a number is
one, and ``1.50`` reads back as ``1.5``.
"""

from __future__ import annotations

import math
import re

_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_PREFIXED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_LONGEST = 400  # characters that a number may have: more than any that is written has
_WHOLE_DIGITS = 21
_LEADING_ZEROS = -6


def as_number(text: str) -> float | None:
    """The number that ``text`` is, ``None`` where it is none; a blank text counts as none."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _PREFIXED.fullmatch(text):
        return _float(int(text, 0))
    return float(text) if _DECIMAL.fullmatch(text) else None


def number_text(value: float) -> str:
    """``value`` as JavaScript writes it: ``7``, ``0.5``, ``1e+21``, ``Infinity``, ``NaN``."""
    if math.isnan(value):
        return "NaN"
    sign = "-" if value < 0 else ""
    if math.isinf(value):
        return f"{sign}Infinity"
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")  # the fewest digits that read back as the same number
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    point = len(digits) - len(part) + int(exponent or 0)  # where the decimal point stands, from the left
    digits = digits.rstrip("0")
    if 0 < point <= _WHOLE_DIGITS:
        return sign + digits[:point].ljust(point, "0") + (f".{digits[point:]}" if digits[point:] else "")
    if _LEADING_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{rest}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
