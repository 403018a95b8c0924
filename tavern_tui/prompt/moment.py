"""Dates and times as moment.js (English) writes, reads and rounds them, which SillyTavern's macros use.

Independent of the process's locale, so that a prompt is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONG = {
    "LT": "h:mm A",
    "LTS": "h:mm:ss A",
    "L": "MM/DD/YYYY",
    "LL": "MMMM D, YYYY",
    "LLL": "MMMM D, YYYY h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
}


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _offset(at: datetime) -> str:
    shift = at.strftime("%z")[:5] or "+0000"
    return f"{shift[:3]}:{shift[3:]}"


_TOKENS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda at: f"{at.year:04}",
    "YY": lambda at: f"{at.year % 100:02}",
    "MMMM": lambda at: _MONTHS[at.month - 1],
    "MMM": lambda at: _MONTHS[at.month - 1][:3],
    "MM": lambda at: f"{at.month:02}",
    "Mo": lambda at: _ordinal(at.month),
    "M": lambda at: str(at.month),
    "DDDD": lambda at: f"{at.timetuple().tm_yday:03}",
    "DDD": lambda at: str(at.timetuple().tm_yday),
    "DD": lambda at: f"{at.day:02}",
    "Do": lambda at: _ordinal(at.day),
    "D": lambda at: str(at.day),
    "dddd": lambda at: _DAYS[at.weekday()],
    "ddd": lambda at: _DAYS[at.weekday()][:3],
    "dd": lambda at: _DAYS[at.weekday()][:2],
    "d": lambda at: str(at.isoweekday() % 7),
    "E": lambda at: str(at.isoweekday()),
    "HH": lambda at: f"{at.hour:02}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{(at.hour - 1) % 12 + 1:02}",
    "h": lambda at: str((at.hour - 1) % 12 + 1),
    "mm": lambda at: f"{at.minute:02}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at.second:02}",
    "s": lambda at: str(at.second),
    "SSS": lambda at: f"{at.microsecond // 1000:03}",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "X": lambda at: str(int(at.timestamp())),
    "x": lambda at: str(int(at.timestamp() * 1000)),
    "ZZ": lambda at: _offset(at).replace(":", ""),
    "Z": _offset,
}
_TOKEN = re.compile(
    r"\[([^\[\]]*)\]|(" + "|".join(sorted((*_LONG, *_TOKENS), key=lambda token: (-len(token), token))) + ")"
)


def format_time(at: datetime, form: str) -> str:
    """``at`` by a format such as ``YYYY-MM-DD`` or ``LT``; ``[text]`` stands for itself, as does all else."""

    def value(match: re.Match[str]) -> str:
        token = match.group(2)
        if token is None:
            return match.group(1) or ""
        return format_time(at, _LONG[token]) if token in _LONG else _TOKENS[token](at)

    return _TOKEN.sub(value, form)


_WRITTEN = ("%B %d, %Y %I:%M %p", "%B %d, %Y", "%m/%d/%Y", "%Y/%m/%d")
_LONGEST = 100  # characters that a moment may be written with
_DAYS_OF_MONTHS = 146097 / 4800  # days in a month, over the 400 years that the calendar repeats in


def parse_time(text: str) -> datetime | None:
    """The moment that ``text`` names, in local time without a zone: ISO 8601, as in mails, or ``September 4, 2024``.

    ``None`` where it names none.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    found = _iso(text) or _as_in_mails(text) or next(filter(None, (_written(text, form) for form in _WRITTEN)), None)
    return found.astimezone().replace(tzinfo=None) if found is not None and found.tzinfo is not None else found


def humanized(seconds: float) -> str:
    """A span of time in round words: ``a few seconds``, ``5 minutes``, ``a year``. The sign does not count."""
    minutes, hours, days = abs(seconds) / 60, abs(seconds) / 3600, abs(seconds) / 86400
    if _round(abs(seconds)) < 45:
        return "a few seconds"
    steps = (
        (_round(minutes), 45, "a minute", "minutes"),
        (_round(hours), 22, "an hour", "hours"),
        (_round(days), 26, "a day", "days"),
        (_round(days / _DAYS_OF_MONTHS), 11, "a month", "months"),
    )
    for count, below, one, several in steps:
        if count <= 1:
            return one
        if count < below:
            return f"{count} {several}"
    years = _round(days / _DAYS_OF_MONTHS / 12)
    return "a year" if years <= 1 else f"{years} years"


def between(one: str, other: str) -> str:
    """How long after ``other`` the moment ``one`` is: ``in 5 minutes``, ``5 minutes ago``."""
    first, second = parse_time(one), parse_time(other)
    if first is None or second is None:
        return "Invalid date"
    seconds = (first - second).total_seconds()
    return f"in {humanized(seconds)}" if seconds > 0 else f"{humanized(seconds)} ago"


def _round(value: float) -> int:
    return int(value + 0.5)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _as_in_mails(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # brings twenty modules, and hardly a card names moments this way

    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None


def _written(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None
