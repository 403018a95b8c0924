"""The greetings of a new group: one of each member, in the list's order, the others of each as swipes of that turn.

Beside SillyTavern, which takes one of each by chance. Below every swipe the greetings of the rest follow, so that
another one can be chosen for any member; where that would be too many turns, each has fewer to choose from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ROOT, ChatTree
from tavern_tui.domain.events import Body, Speaker, TipMoved, TurnAdded

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.storage.chats import ChatLog

MOST_TURNS: Final = 120
"""Turns of greetings that are written at most."""


def greetings_of(character: Character) -> tuple[str, ...]:
    """What a member may open a group chat with: the greetings that are for groups alone, then the others."""
    return tuple(text for text in (*character.group_only_greetings, *character.greetings) if text.strip())


def choices(members: Sequence[Character]) -> list[tuple[Character, tuple[str, ...]]]:
    """Who greets, and with what to choose from."""
    greeting = [(member, greetings_of(member)) for member in members if greetings_of(member)]
    most = max((len(texts) for _, texts in greeting), default=0)
    while most > 1 and _turns([min(most, len(texts)) for _, texts in greeting]) > MOST_TURNS:
        most -= 1
    return [(member, texts[:most]) for member, texts in greeting]


async def greet(session: ChatSession, members: Sequence[Character]) -> None:
    """Store them; nothing where another terminal was faster. Those that are shown change variables, and no others.

    Raises ``StorageError``.
    """
    shown = session.variables.begin()
    levels = [(one.name, session.speech.greetings(one, texts, shown)) for one, texts in choices(members)]
    if not levels:
        return
    if await asyncio.to_thread(_store, session.log, levels):
        await session.variables.keep_changed(shown)


def _store(log: ChatLog, levels: list[tuple[str, list[str]]]) -> bool:
    """Each level below every turn of the one before; whether there was no turn yet."""
    parents = [ROOT]
    for name, texts in levels:
        turns: list[Body] = [TurnAdded(parent, Speaker.CHARACTER, name, text) for parent in parents for text in texts]
        written = log.append_from(partial(_unless_begun, turns)) if parents == [ROOT] else log.append(*turns)
        if not written:
            return False
        parents = [event.id for event in written]
    log.append(TipMoved(_first_leaf(log.tree)))
    return True


def _unless_begun(turns: list[Body], tree: ChatTree) -> list[Body]:
    return [] if tree.turns else turns


def _first_leaf(tree: ChatTree) -> str:
    turn = ROOT
    while below := tree.children.get(turn):
        turn = below[0]
    return turn


def _turns(swipes: Sequence[int]) -> int:
    """How many turns so many swipes, each below every one of the member before, are."""
    below = total = 1
    for many in swipes:
        below *= many
        total += below
    return total - 1
