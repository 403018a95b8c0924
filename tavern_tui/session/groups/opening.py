"""Opening a group: its members' cards and lorebooks from the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.groups.part import GroupPart, Player
from tavern_tui.session.lore import books_of

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace


def open_group(workspace: Workspace, session: ChatSession) -> GroupPart:
    """The group of a session's chat. Its cards are read when they are needed."""

    def player(name: str) -> Player:
        try:
            character, _ = workspace.card_of(name)
        except TavernError as error:
            return Player(Character(name=name), problem=error.title)
        return Player(character, books_of(character, workspace.library))

    return GroupPart(session, player)


def missing_told(part: GroupPart) -> str:
    """Who of the group has no card any more, in a sentence; empty where everybody has."""
    missing = part.missing
    if not missing:
        return ""
    names = " and ".join((", ".join(missing[:-1]), missing[-1]) if len(missing) > 1 else missing)
    have, others = ("has", "The others") if len(missing) == 1 else ("have", "The others")
    able = len(part.facts.members) - len(missing)
    rest = f"{others} talk." if able else "Nobody is left to talk: the chat can be read."
    return f"{names} {have} no card any more. {rest}"
