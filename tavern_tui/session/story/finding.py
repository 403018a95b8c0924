"""Finding words in a story, and putting others in their place.

Plain words are found in any case of letters. Between slashes stands a regular expression (``/colou?r/``, flags behind
the last slash as in JavaScript, ``i`` and others), which runs line by line within a time limit, so that none can hold
anybody up. In what takes the place of a match ``$1`` or ``\\1`` is a group, ``$&`` or ``\\0`` the whole match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.errors import FormatError, SettingsError
from tavern_tui.session.story.difference import Edit

if TYPE_CHECKING:
    from tavern_tui.prompt.pattern_runs import Pattern

SECONDS: Final = 2.0
"""CPU time that one search through a story may take where it is a regular expression."""

_GROUP = re.compile(r"(?:\$|\\)(?:(\d{1,2})|(&)|\{(\w+)\})|\\([\\nt$])")
_SIGNS = {"n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A match: the characters of the story from ``start`` to ``end``, and what its groups are, from 1."""

    start: int
    end: int
    text: str
    groups: tuple[str, ...] = ()

    def replaced_by(self, replacement: str, *, groups: bool) -> str:
        """What takes its place; ``groups``: references to groups count."""
        if not groups:
            return replacement

        def one(match: re.Match[str]) -> str:
            if match[4]:
                return _SIGNS.get(match[4], match[4])
            number = int(match[1]) if match[1] else 0
            if number == 0:
                return self.text if match[3] is None else match[0]
            return self.groups[number - 1] if number <= len(self.groups) else match[0]

        return _GROUP.sub(one, replacement)


class Query:
    """What is searched for, as it was typed. Raises ``SettingsError`` for an expression that cannot be read."""

    def __init__(self, typed: str) -> None:
        self.typed = typed
        self.is_pattern = len(typed) > 2 and typed.startswith("/") and "/" in typed[2:]
        self._words = None if self.is_pattern else re.compile(re.escape(typed), re.IGNORECASE)
        self._pattern = _pattern(typed) if self.is_pattern else None

    def hits(self, text: str) -> Iterator[Hit]:
        """Every match in ``text`` that is not empty, in their order.

        Raises ``SettingsError`` where a regular expression takes too long.
        """
        if not self.typed:
            return
        if self._words is not None:
            yield from (Hit(match.start(), match.end(), match[0]) for match in self._words.finditer(text))
        elif self._pattern is not None:
            yield from _by_lines(self._pattern, text)

    def replacing(self, text: str, replacement: str) -> list[Edit]:
        """The edits that put ``replacement`` in the place of every match; from the last to the first they are made."""
        hits = self.hits(text)
        return [Edit(one.start, one.end, one.replaced_by(replacement, groups=self.is_pattern)) for one in hits]


def _pattern(typed: str) -> Pattern:
    from tavern_tui.prompt.pattern_runs import pattern_of

    written = typed if "g" in typed.rpartition("/")[2] else f"{typed}g"
    try:
        found = pattern_of(written)
    except FormatError as error:
        hint = error.hint or "Without slashes it is plain text."
        raise SettingsError(f"That expression cannot be read: {error.title}", hint=hint) from error
    if not found.runs:
        raise SettingsError(
            "That expression might take for ever, and nothing here could interrupt it.",
            hint="Write it flatter, or install the package regex: pip install regex",
        )
    return found


def _by_lines(pattern: Pattern, text: str) -> Iterator[Hit]:
    from tavern_tui.prompt.pattern_runs import Allowance

    allowance = Allowance(SECONDS)
    at = 0
    for line in text.split("\n"):
        try:
            found = list(pattern.matches(line, allowance))
        except TimeoutError as error:
            number = text.count("\n", 0, at) + 1
            raise SettingsError(
                f"The expression takes too long at line {number:,}.", hint="Write it flatter."
            ) from error
        except FormatError as error:
            raise SettingsError(error.title, hint=error.hint) from error
        for one in found:
            if one.end > one.start:
                groups = tuple(group or "" for group in one.groups)
                yield Hit(at + one.start, at + one.end, one.text, groups)
        at += len(line) + 1
