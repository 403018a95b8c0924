"""Opening a group: its members' cards and lorebooks from the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.groups import together
from tavern_tui.session.groups.part import GroupPart, Player
from tavern_tui.session.lore import books_of
from tavern_tui.session.regex_scripts import scripts_in_force

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace


def open_group(workspace: Workspace, session: ChatSession) -> GroupPart:
    """The group of a session's chat, the cards of its members read. Blocks."""

    def player(name: str) -> Player:
        try:
            character, _ = workspace.card_of(name)
        except TavernError as error:
            return Player(Character(name=name), problem=error.title)
        books = books_of(character, workspace.library)
        return Player(character, books, scripts=scripts_in_force(workspace, character))

    part = GroupPart(session, player)
    part.read_cards()
    return part


def missing_told(part: GroupPart) -> str:
    """Who of the group has no card any more, in a sentence; empty where everybody has."""
    missing = part.missing
    if not missing:
        return ""
    able = len(part.facts.members) > len(missing)
    rest = "The others talk." if able else "Nobody is left to talk: the chat can be read."
    return f"{together(missing)} {'has' if len(missing) == 1 else 'have'} no card any more. {rest}"
