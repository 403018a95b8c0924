"""Throwing the dice of a turn again: the action with another roll, beside the one that was made."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.dice import again, read_dice
from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.events import Body, Roll, Speaker, TurnAdded
from tavern_tui.session.modes.rolls import Thrown

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession


async def roll_again(session: ChatSession, turn: str, dice: Callable[[], float] = random.random) -> str:
    """The id of a new turn beside the action of ``turn``, with the same text and another roll that says so.

    ``turn`` is the action or the reply to it. Raises ``NotFoundError`` where nothing was rolled, ``StorageError``.
    """
    action = rolled(session.tree, turn)
    if action is None or action.roll is None:
        raise NotFoundError("Nothing was rolled for this turn.", hint="/roll and what you try throws the dice.")
    roll = again(_thrown(session, action.roll, dice))

    def beside(tree: ChatTree) -> list[Body]:
        return [TurnAdded(action.parent, Speaker.USER, action.name, action.text, roll=roll)]

    (event,) = await asyncio.to_thread(session.log.append_from, beside)
    return event.id


def rolled(tree: ChatTree, turn: str) -> Turn | None:
    """The action with a roll that ``turn`` is, or answers; ``None`` for neither."""
    found = tree.turns.get(turn)
    if found is not None and found.speaker is not Speaker.USER:
        found = tree.turns.get(found.parent)
    return found if found is not None and found.roll is not None else None


def _thrown(session: ChatSession, roll: Roll, dice: Callable[[], float]) -> Roll:
    """Another throw of the same dice."""
    of_chat = Thrown(session.tree.properties, session.options.adventure)
    try:
        return of_chat.throw(read_dice(roll.dice), dice)
    except SettingsError:  # of another version
        return of_chat.roll(dice)
