"""``ChatNote``: the author's note of one chat, as a person writes it. How it gets into a prompt is ``prompt.notes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, TypeVar

MOST_DEPTH: Final = 10_000
"""Turns above the newest at most."""

MOST_INTERVAL: Final = 10_000
"""Turns of the user from one time to the next at most."""


_Choice = TypeVar("_Choice", bound=StrEnum)


class NotePlace(StrEnum):
    """Where the note stands: among the turns, or before or after the scenario."""

    CHAT = "in the chat"
    BEFORE = "before the scenario"
    AFTER = "after the scenario"


class NoteRole(StrEnum):
    """Who says a note that stands among the turns."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class ChatNote:
    """The note. ``depth`` is in turns above the newest and counts, as ``role`` does, for a note in the chat.

    ``interval``: read with every so many turns of the user; 1 is always, 0 never. ``scan``: lore keys are looked for in
    it. Defaults are SillyTavern's, but for the interval, which is 1 there too once a note is written.
    """

    text: str = ""
    place: NotePlace = NotePlace.CHAT
    depth: int = 4
    role: NoteRole = NoteRole.SYSTEM
    interval: int = 1
    scan: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they are kept with the chat."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


NO_NOTE: Final = ChatNote()
"""A chat without one."""


def read_note(values: Any) -> ChatNote:
    """The note of plain values; what makes no sense has its default, and numbers stay within their bounds."""
    if not isinstance(values, Mapping):
        return NO_NOTE
    text = values.get("text")
    return ChatNote(
        text=text if isinstance(text, str) else "",
        place=_one_of(NotePlace, values.get("place"), NO_NOTE.place),
        depth=_number(values.get("depth"), MOST_DEPTH, NO_NOTE.depth),
        role=_one_of(NoteRole, values.get("role"), NO_NOTE.role),
        interval=_number(values.get("interval"), MOST_INTERVAL, NO_NOTE.interval),
        scan=values.get("scan") is True,
    )


def _one_of(kind: type[_Choice], value: Any, usual: _Choice) -> _Choice:
    return kind(value) if isinstance(value, str) and value in list(kind) else usual


def _number(value: Any, most: int, usual: int) -> int:
    return min(most, max(0, value)) if isinstance(value, int) and not isinstance(value, bool) else usual
