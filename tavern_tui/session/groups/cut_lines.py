"""What a model wrote for other members than the one who spoke: cut off a reply, and offered as that member's turn.

The turn keeps all that came in its raw text, so that this can be asked for at any time. What is cut is decided by
``prompt.cleanup``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tavern_tui.domain.chat import Turn

_SHORTEST = 2  # letters of a line that is worth keeping


@dataclass(frozen=True, slots=True)
class CutLine:
    """The first line of another member that was cut off: whose it is, and what they say."""

    name: str
    text: str


def cut_line(turn: Turn, members: Iterable[str], user: str) -> CutLine | None:
    """What of another member's was cut off ``turn``; ``None`` where nothing was, or nothing that is worth keeping."""
    others = {name for name in members if name != turn.name}
    if turn.raw is None or turn.edited or not others:
        return None
    return first_line(turn.raw, others, {*others, turn.name, user})


def first_line(raw: str, others: Iterable[str], everybody: Iterable[str]) -> CutLine | None:
    """The first line in ``raw`` of one of ``others``, up to the next line of anybody; ``None`` where there is none."""
    others = set(others)
    names = "|".join(re.escape(name) for name in sorted({*everybody, *others} - {""}, key=len, reverse=True))
    lines = list(re.finditer(rf"^[^\S\n]*({names}):", raw, re.MULTILINE)) if names else []
    for place, line in enumerate(lines):
        if line[1] in others:
            end = lines[place + 1].start() if place + 1 < len(lines) else len(raw)
            text = raw[line.end() : end].strip()
            return CutLine(line[1], text) if sum(map(str.isalnum, text)) >= _SHORTEST else None
    return None
