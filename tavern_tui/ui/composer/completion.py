"""What Tab may make of the text before the cursor: a slash command or a name. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_COMMAND: Final = re.compile(r"/\S*")


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to go on: ``text`` takes the place of what was typed of it; ``title`` says what it is, or ""."""

    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """All ways to go on, in the order they were given; ``typed`` is how many characters they replace."""

    typed: int
    ways: tuple[Choice, ...]


def choices(before: str, commands: Sequence[tuple[str, str]], names: Sequence[str]) -> Choices | None:
    """What ``before``, all the text up to the cursor, may be completed to; None for nothing.

    ``commands`` are (name without its slash, title); one is completed where a message begins with it. ``names`` are
    completed anywhere by how they begin, several words of them if so many were typed; capitals do not matter.
    """
    if _COMMAND.fullmatch(before):
        typed = before[1:].casefold()
        ways = tuple(Choice(f"/{name}", title) for name, title in commands if name.casefold().startswith(typed))
        ways = tuple(way for way in ways if way.text != before)
        return Choices(len(before), ways) if ways else None
    line = before.rpartition("\n")[2]
    lengths = {name: _begun(line, name) for name in dict.fromkeys(names)}
    longest = max(lengths.values(), default=0)
    if not longest:
        return None
    return Choices(longest, tuple(Choice(name) for name, length in lengths.items() if length == longest))


def _begun(line: str, name: str) -> int:
    """How many characters of ``name`` the line ends with, at the beginning of a word; 0 if all of it stands there."""
    for length in range(min(len(name), len(line)), 0, -1):
        start = len(line) - length
        if line[start:].casefold() == name[:length].casefold() and not line[start - 1 : start].isalnum():
            return length if line[start:] != name else 0
    return 0
