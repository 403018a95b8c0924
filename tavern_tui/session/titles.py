"""What a chat is called: at first its character and the time, after some turns the user's own first words. Pure.

Source: ``docs/ux.md`` §10.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.events import Speaker

TITLE = "title"
"""The chat's property that holds its title."""

TITLED_AT = 6
"""Turns after which a chat is named after what was said in it."""

_LONGEST = 48  # characters
_GIVEN = re.compile(r".+ \d{4}-\d\d-\d\d \d\d\.\d\d(?: \d+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»]?\s")
_MARKUP = re.compile(r"[*_~`\"“”«»]+")


def title_at_first(character: str, time: str) -> str:
    """The title of a chat without any turn; ``time`` is ``2026-11-22 20.15``."""
    return f"{character} {time}"


def named_by_itself(before: str, turns: int) -> bool:
    """Whether a chat of so many turns, called ``before`` until now, was given its title by the program."""
    return turns >= TITLED_AT and _GIVEN.fullmatch(before) is not None


def title_due(title: str, path: Sequence[Turn]) -> str:
    """The title that a chat should have from now on, "" for the one that it has: an own title is never changed."""
    if len(path) < TITLED_AT or not _GIVEN.fullmatch(title):
        return ""
    said = next((turn.text for turn in path if turn.speaker is Speaker.USER), "")
    first = _SENTENCE_END.split(_MARKUP.sub("", said).strip(), maxsplit=1)[0]
    line = safe_line(first)
    if len(line) <= _LONGEST:
        return line
    return f"{line[:_LONGEST].rsplit(' ', 1)[0].rstrip(',;:')}…"
