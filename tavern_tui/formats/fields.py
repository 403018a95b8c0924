"""Reading single fields out of objects that other programs wrote: forgiving where no sense is lost, exact where it is.

Null and missing mean the default; numbers stand for texts and texts for numbers where they plainly do. A value that
cannot mean what its field says is a ``FormatError`` naming the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.json_text import clean_text


class Fields:
    """One object of a file. ``path`` is its name in messages (``data.character_book``), ``where`` the file's."""

    def __init__(self, value: Mapping[str, Any], *, path: str = "", where: str = "") -> None:
        self.value = value
        self.path = path
        self.where = where

    def get(self, key: str) -> Any:
        """The raw value; ``None`` where it is missing."""
        return self.value.get(key)

    def text(self, key: str, default: str = "") -> str:
        """A text without NULs. Numbers count as text."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return clean_text(str(value))
        raise self.fault(key, "text")

    def texts(self, key: str, *, split: str = "") -> tuple[str, ...]:
        """A list of texts without empty ones. One text counts as a list: of itself, or of its parts between ``split``,
        trimmed.
        """
        value = self.get(key)
        if isinstance(value, str):
            value = [part for raw in value.split(split) if (part := raw.strip())] if split else [value]
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.fault(key, "a list of texts")
        items = Fields(
            dict(zip(map(str, range(len(value))), value, strict=True)), path=self.name(key), where=self.where
        )
        return tuple(text for name in items.value if (text := items.text(name)))

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false. Numbers and the words ``true`` and ``false`` count."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, (bool, int, float)):
            return bool(value)
        if isinstance(value, str) and value.strip().lower() in ("true", "false", ""):
            return value.strip().lower() == "true"
        raise self.fault(key, "true or false")

    def maybe_flag(self, key: str) -> bool | None:
        """True, false, or ``None`` for: as the settings say."""
        return None if self.get(key) is None else self.flag(key)

    def number(self, key: str, default: float) -> float:
        """A number. Digits in quotes count; empty text means the default."""
        value = self.get(key)
        if isinstance(value, str):
            try:
                value = float(value) if value.strip() else None
            except ValueError:
                raise self.fault(key, "a number") from None
        if value is None:
            return default
        if isinstance(value, (int, float)) and abs(value) <= _LARGEST:
            return float(value)
        raise self.fault(key, "a number")

    def integer(self, key: str, default: int) -> int:
        """A whole number; a fraction is cut off."""
        return int(self.number(key, default))

    def maybe_integer(self, key: str) -> int | None:
        """A whole number, or ``None`` for: as the settings say."""
        return None if self.get(key) in (None, "") else self.integer(key, 0)

    def inner(self, key: str) -> Fields:
        """The object under ``key``, empty where there is none."""
        value = self.get(key)
        if value is None or value == []:  # PHP tools write an empty object as a list
            value = {}
        if not isinstance(value, dict):
            raise self.fault(key, "an object")
        return Fields(value, path=self.name(key), where=self.where)

    def name(self, key: str) -> str:
        """The full name of a field, for messages."""
        return f"{self.path}.{key}" if self.path else key

    def fault(self, key: str, expected: str) -> FormatError:
        """The error for a value that is not ``expected``."""
        return FormatError(
            f"Field {self.name(key)} should be {expected}, and is {_described(self.get(key))}.", where=self.where
        )


_LARGEST = 2.0**53


def _described(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return f"the text “{value[:20]}”"
        case int() | float():
            return "a number out of range" if abs(value) > _LARGEST else "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "nothing"
