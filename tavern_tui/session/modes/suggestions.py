"""Three things that the player could do next, from the model: asked for, shown, never a turn of the chat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.session.asking import ask

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession

MOST: Final = 3
"""How many are shown."""

ASKED: Final = (
    "[Pause here, and tell nothing. List three different things that {{user}} could do next, each on a line of its own:"
    " a number and an action of at most ten words that begins with a verb. Write nothing but the three lines.]"
)
"""The question. It stands below the prompt."""

_TOKENS = 72
_LONGEST = 90  # characters of an action
_NUMBERED = re.compile(r"^[\s>*_#\"“-]*+(?:(?:\(?[1-9A-C][.):]|[•–])[\s>*_#\"“-]*+)*+")
_YOU = re.compile(
    r"^(?:you|i)\s+(?:could\s+|can\s+|might\s+|should\s+)?(?=[a-z])|^(?:try\s+)?to\s+(?=[a-z])", re.IGNORECASE
)
_NEXT_NUMBER = re.compile(r"\s(?=[1-9][.)]\s)")
_LETTER = re.compile(r"[^\W\d_]")
_HEADING = re.compile(r":\s*$")


async def suggestions(session: ChatSession) -> tuple[str, ...]:
    """Up to three actions, as a player would type them.

    Raises ``EngineError`` where the model names none, and as ``ask`` does.
    """
    answer = await ask(session, ASKED, tokens=_TOKENS, stop=("\n4",), begins="1.", calmly=True)
    found = read_suggestions(answer)
    if not found:
        raise EngineError(
            "The model named nothing to do.", hint="Ask again, or write what you do.", fault=EngineFault.REJECTED
        )
    return found


def read_suggestions(answer: str) -> tuple[str, ...]:
    """The actions in what a model answered: lines, or numbers within one; each once, at most three."""
    found: list[str] = []
    for piece in (part for line in answer.splitlines() for part in _NEXT_NUMBER.split(line)):
        text = _action(piece)
        if text and text.casefold() not in (one.casefold() for one in found):
            found.append(text)
        if len(found) == MOST:
            break
    return tuple(found)


def _action(line: str) -> str:
    """The action that a line names, "" for a line that names none."""
    if _HEADING.search(line):
        return ""
    text = _NUMBERED.sub("", line, count=1).strip(' \t*_[]"“”')
    text = _YOU.sub("", text, count=1).strip()
    if not _LETTER.search(text):
        return ""
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rpartition(" ")[0].rstrip(",;:") or text[:_LONGEST]
    words = text.rstrip(".!,;").split()
    first = words[0]
    lowered = first[0].lower() + first[1:] if first[1:].islower() or len(first) == 1 else first
    return " ".join((lowered, *words[1:]))
