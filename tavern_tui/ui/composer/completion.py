"""What Tab may make of the text before the cursor: a slash command, a macro or a name. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_COMMAND: Final = re.compile(r"/\S*")
_MACRO: Final = re.compile(r"\{\{[^{}\n]*\Z")


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


Titled = Sequence[tuple[str, str]]
"""Words and what each is called."""


def choices(
    before: str, commands: Titled, names: Sequence[str], macros: Callable[[], Titled] = lambda: ()
) -> Choices | None:
    """What ``before``, all the text up to the cursor, may be completed to; None for nothing.

    ``commands`` are (name without its slash, title); one is completed where a message begins with it. ``macros`` are
    (as written, what it becomes), asked for where ``{{`` was typed. ``names`` are completed anywhere by how they begin,
    several words of them if so many were typed; capitals do not matter.
    """
    if begun := _MACRO.search(before):
        typed = begun[0].casefold()
        ways = tuple(Choice(*macro) for macro in macros() if macro[0].casefold().startswith(typed))
        return Choices(len(begun[0]), ways) if ways else None
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
