"""The times of other programs' chats: many spellings read, ISO 8601 written.

SillyTavern's spellings: ``docs/spec/sillytavern-prompts.md`` §9. A date without a zone means the clock of this machine,
as it does to the program that wrote it.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

_ISO_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_WORDS = re.compile(r"([A-Za-z]+)\s+(\d{1,2}),?\s+(\d{4})\s+(\d{1,2}):(\d\d)\s*([ap]m)?", re.I)
_HUMAN = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\s*@\s*(\d{1,2})h\s*(\d{1,2})m\s*(\d{1,2})s(?:\s*(\d{1,3})ms)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000  # a greater number counts milliseconds: as seconds it would be the year 5138
_LATEST = 253_402_300_799  # the end of the year 9999, in seconds


def read_date(value: Any) -> float:
    """The Unix time in seconds that ``value`` means; 0 where it means none."""
    if isinstance(value, bool) or value is None:
        return 0.0
    if isinstance(value, int | float):
        return _number(float(value))
    if not isinstance(value, str) or len(value) > 64:
        return 0.0
    text = value.strip()
    try:
        if text.lstrip("-").replace(".", "", 1).isdecimal() and text.isascii():
            return _number(float(text))
        found = _spelled(text)
        if found is None:
            found = datetime.fromisoformat(text)
        return max(0.0, found.timestamp())
    except (ValueError, OverflowError, OSError):
        return 0.0


def iso_date(at: float) -> str:
    """Unix time as browsers write it: ``2024-09-04T12:30:01.000Z``."""
    return _iso(round(at * 1000))


def as_offset(value: Any, seconds: int) -> int | None:
    """How many milliseconds after ``seconds`` (Unix time) an ISO date lies; ``None`` for what is spelled otherwise."""
    if not isinstance(value, str) or not _ISO_MS.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    offset = (found - _EPOCH) // timedelta(milliseconds=1) - seconds * 1000
    return offset if from_offset(offset, seconds) == value else None


def from_offset(offset: int, seconds: int) -> str:
    """The ISO date so many milliseconds after ``seconds``."""
    return _iso(seconds * 1000 + offset)


def _iso(milliseconds: int) -> str:
    milliseconds = min(max(milliseconds, 0), _LATEST * 1000)
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z"


def _number(value: float) -> float:
    if not math.isfinite(value):
        return 0.0
    seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
    return seconds if 0 <= seconds <= _LATEST else 0.0


def _spelled(text: str) -> datetime | None:
    """A date as SillyTavern spells it, by this machine's clock."""
    if found := _WORDS.fullmatch(text):
        month, day, year, hour, minute, half = found.groups()
        number = _MONTHS.index(month[:3].lower()) + 1
        of_day = int(hour) % 12 + (12 if half.lower() == "pm" else 0) if half else int(hour)
        return datetime(int(year), number, int(day), of_day, int(minute))
    if found := _HUMAN.fullmatch(text):
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        return datetime(year, int(month), day, hour, minute, second, int(found[7] or 0) * 1000)
    return None
