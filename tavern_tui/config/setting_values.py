"""What values a setting can have: each kind checks what a file says, takes what can be meant, and says what it wants.

Plain functions: a library that does this costs the start more time than everything else that reads settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

Check = Callable[[object], object]
"""Gives the value that was meant. Raises ``NotTakenError``."""

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class NotTakenError(ValueError):
    """The value means nothing here; the text says why, in a sentence."""


class Choices:
    """A check of which everything that it takes is known: ``words``, as a list of them shows them."""

    __slots__ = ("_check", "words")

    def __init__(self, check: Check, words: tuple[str, ...]) -> None:
        self._check = check
        self.words = words

    def __call__(self, value: object) -> object:
        """As the check."""
        return self._check(value)


def setting(default: Any, check: Check, title: str) -> Any:
    """The field of a setting, for a dataclass. ``title`` says in a sentence what it is."""
    return field(default=default, metadata={"check": check, "title": title})


def text(*, shortest: int = 0, longest: int | None = None) -> Check:
    """Text of so many characters."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise NotTakenError("It has to be text; put it into quotes.")
        if len(value) < shortest:
            raise NotTakenError("It cannot be empty.")
        if longest is not None and len(value) > longest:
            raise NotTakenError(f"It can have {longest} characters at most.")
        return value

    return check


def texts(*, spaced: bool = False) -> Check:
    """A list of texts; one text stands for a list of it. ``spaced``: with the white space round them."""

    def check(value: object) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
            raise NotTakenError("It has to be a list of texts: [one, another].")
        return tuple(filter(None, listed if spaced else map(str.strip, listed)))

    return check


def whole(*, least: int, most: int | None = None, empty: bool = False, words: tuple[str, ...] = ()) -> Check:
    """A whole number within bounds; ``empty``: or none; or one of ``words``."""

    def check(value: object) -> int | str | None:
        if value is None and empty:
            return None
        if isinstance(value, str) and value.strip().casefold() in words:
            return value.strip().casefold()
        number = _number(value)
        if number is None or not number.is_integer():
            others = f"{', '.join(words)} or " if words else ""
            raise NotTakenError(f"It has to be {others}a whole number.")
        if number < least:
            raise NotTakenError(f"It has to be {least} or more.")
        if most is not None and number > most:
            raise NotTakenError(f"It has to be {most} or less.")
        return int(number)

    return check


def real(*, least: float, most: float | None = None) -> Check:
    """A number within bounds."""

    def check(value: object) -> float:
        number = _number(value)
        if number is None:
            raise NotTakenError("It has to be a number.")
        if number < least:
            raise NotTakenError(f"It has to be {least:g} or more.")
        if most is not None and number > most:
            raise NotTakenError(f"It has to be {most:g} or less.")
        return number

    return check


def above_zero(value: object) -> float:
    """A number above 0."""
    number = _number(value)
    if number is None or number <= 0:
        raise NotTakenError("It has to be a number above 0.")
    return number


def _truth(value: object) -> bool:
    found = _WORDS.get(value.strip().casefold()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise NotTakenError("It has to be true or false.")
    return found


truth: Check = Choices(_truth, ("on", "off"))
"""Yes or no, as YAML has it or in words."""


def one_of(*values: str) -> Check:
    """One of these words; true and false stand for “on” and “off”."""

    def check(value: object) -> str:
        word = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        if word not in values:
            raise NotTakenError(f"It has to be one of: {', '.join(values)}.")
        return str(word)

    return Choices(check, values)


def _number(value: object) -> float | None:
    """A finite number, also one in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None
