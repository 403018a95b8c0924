"""Neighbouring system messages as one, so that a head is one message and not ten.

Source: SillyTavern 1.12.6, ``public/scripts/openai.js`` (``squashSystemMessages``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tavern_tui.domain.request import Role
from tavern_tui.prompt.chat_completion.entries import Entry, overhead

NEW_CHAT = "newMainChat"
NEW_EXAMPLE = "newChat"
GROUP_NUDGE = "groupNudge"

_APART = (NEW_CHAT, NEW_EXAMPLE, GROUP_NUDGE)  # identifiers of messages that stay apart


def squashed(entries: Iterable[Entry], counts: Mapping[str, int]) -> list[Entry]:
    """The messages with those of the system's that carry no name joined by newlines; headings stay by themselves.

    The entries have their tokens; what a message costs beside its text is paid once.
    """
    made: list[Entry] = []
    for one in entries:
        if one.role is Role.SYSTEM and not one.content:
            continue
        if made and _squashes(made[-1]) and _squashes(one):
            *others, last = made[-1].parts
            first, *rest = one.parts
            saved = overhead(one.role, "", counts)
            first = replace(first, joins=True, tokens=max(0, first.tokens - saved))
            last = replace(last, closing=f"{last.closing}\n")
            made[-1] = Entry(made[-1].identifier, (*others, last, first, *rest))
        else:
            made.append(one)
    return made


def _squashes(one: Entry) -> bool:
    return one.role is Role.SYSTEM and not one.name and one.identifier not in _APART
