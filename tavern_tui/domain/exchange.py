"""What is told when a thing crosses from one program's format to another's: read, written, or left behind.

The codecs are in ``formats``; reports for a person are put together in ``session``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a format could not say or that could not be kept, so that nothing is dropped silently.

    ``place`` is the field's path in the file that was read or written (``entries.3.probability``); ``text`` says in a
    sentence what became of it. Both may hold words of the file, so a screen shows them through ``domain.display.safe``.
    """

    place: str
    text: str


class Outcome(StrEnum):
    """What became of one thing that was imported; the value is what a person reads."""

    NEW = "new"
    UPDATED = "updated"
    SAME = "there already"
    BESIDE = "changed on both sides: kept beside yours"
    GONE = "deleted here since"
