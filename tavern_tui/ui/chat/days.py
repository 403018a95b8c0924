"""Days and times of turns, in the zone of this machine, as the log shows them. Unix seconds come in, words go out."""

from __future__ import annotations

from datetime import datetime, time, timedelta


class Days:
    """Tells where a day begins. Times of the day that was asked for last cost a comparison."""

    def __init__(self) -> None:
        self._start = self._end = 0.0
        self._name = ""

    def between(self, before: float, at: float) -> str:
        """The day of ``at`` where it is another than that of ``before``; "" where it is not, or where one is unknown.

        0 and times beyond the calendar are unknown.
        """
        if not before or not at or (self._start <= before < self._end and self._start <= at < self._end):
            return ""
        one, other = self._day(before), self._day(at)
        return other if one != other and one else ""

    def _day(self, at: float) -> str:
        if not self._start <= at < self._end:
            then = _local(at)
            if then is None:
                return ""
            self._start = datetime.combine(then, time.min).timestamp()
            self._end = datetime.combine(then + timedelta(days=1), time.min).timestamp()
            self._name = day_shown(then)
        return self._name


def day_shown(then: datetime) -> str:
    """``Sunday, 22 November 2026``."""
    return f"{then:%A}, {then.day} {then:%B} {then.year}"


def date_shown(at: float) -> str:
    """``22 Nov 2026``; "" for an unknown time."""
    then = _local(at)
    return f"{then.day} {then:%b} {then.year}" if then else ""


def time_shown(at: float) -> str:
    """``11:42``; "" for an unknown time."""
    then = _local(at)
    return f"{then:%H:%M}" if then else ""


def _local(at: float) -> datetime | None:
    """The time here, without its zone; ``None`` for 0, and for times beyond the calendar: a file may say anything."""
    if not at:
        return None
    try:
        then = datetime.fromtimestamp(at)
        return then if 1 < then.year < 9999 else None
    except (OverflowError, ValueError, OSError):
        return None
