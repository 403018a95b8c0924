"""The greetings of a new group: one of each member, in the list's order, the others of each as swipes of that turn.

Beside SillyTavern, which takes one of each by chance. What follows another greeting than the first is written when that
is chosen: the greetings of those who come after. They are nobody's action, so that undo has nothing to do with them,
and two terminals that write the same ones write one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.events import ChatEvent, Speaker, TipMoved, TurnAdded
from tavern_tui.formats.chatlog import FORMAT

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.storage.chats import ChatLog

_WRITER: Final = "greets"
"""The writer of greetings: no device."""


def greetings_of(character: Character) -> tuple[str, ...]:
    """What a member may open a group chat with: the greetings that are for groups alone, then the others."""
    return tuple(text for text in (*character.group_only_greetings, *character.greetings) if text.strip())


async def greet(session: ChatSession, members: Sequence[Character]) -> None:
    """Store the greetings of a chat without any turn. Those that are shown change variables, and no others.

    Raises ``StorageError``.
    """
    if not session.tree.turns:
        await _write(session, ROOT, members)


async def greet_after(session: ChatSession, chosen: Turn, members: Sequence[Character]) -> bool:
    """Where ``chosen`` is a greeting that nobody has gone on from, let those greet after it who did after another.

    Whether anybody did; the reader is then at the last of them. Raises ``StorageError``.
    """
    tree = session.tree
    if tree.children.get(chosen.id) or any(turn.speaker is Speaker.USER for turn in tree.walk_back(chosen.id)):
        return False
    after = _greeted_after(tree, chosen)
    return await _write(session, chosen.id, [one for name in after for one in members if one.name == name])


async def _write(session: ChatSession, parent: str, members: Sequence[Character]) -> bool:
    """Whether there was anything to be said."""
    shown = session.variables.begin()
    found = [(one.name, session.speech.greetings(one, texts, shown)) for one in members if (texts := greetings_of(one))]
    if found:
        await asyncio.to_thread(_store, session.log, parent, found)
        await session.variables.keep_changed(shown)
    return bool(found)


def _greeted_after(tree: ChatTree, chosen: Turn) -> list[str]:
    """Who greeted below a swipe of ``chosen``, in their order."""
    for sibling in tree.children.get(chosen.parent, ()):
        names: list[str] = []
        below = tree.children.get(sibling)
        while below and tree.turns[below[0]].speaker is Speaker.CHARACTER and tree.turns[below[0]].name not in names:
            names.append(tree.turns[below[0]].name)
            below = next((tree.children[turn] for turn in below if turn in tree.children), None)
        if names:
            return [name for name in names if name != chosen.name]
    return []


def _store(log: ChatLog, parent: str, levels: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Each member's greetings under the first of the member before."""
    lamport = max((event.lamport for event in log.events), default=0)
    at = log.events[0].at if log.events else 0.0
    events: list[ChatEvent] = []
    for name, texts in levels:
        first = ""
        for place, text in enumerate(texts):
            body = TurnAdded(parent, Speaker.CHARACTER, name, text)
            identity = hashlib.sha256(f"{log.key}\n{parent}\n{name}\n{place}".encode()).hexdigest()[:10]
            events.append(ChatEvent(identity, _WRITER, lamport + len(events) + 1, body, (), at, FORMAT))
            first = first or identity
        parent = first
    log.take_in(events)
    log.append(TipMoved(parent))
