"""What nobody else is to see: chats that are never written down, and characters and chats that lists leave out.

Source: ``docs/ux.md`` §17. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.events import ChatStarted
from tavern_tui.domain.persona import Persona
from tavern_tui.session.titles import title_at_first
from tavern_tui.session.workspace import SAMPLE, Workspace
from tavern_tui.storage.global_variables import GlobalVariables
from tavern_tui.storage.incognito import IncognitoLog, ReadGlobalVariables
from tavern_tui.storage.marks import Mark

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes

INCOGNITO = "Incognito: nothing of this chat is written to the disk. It is gone when you leave it."


@dataclass(frozen=True, slots=True)
class Private:
    """The names of the characters, and of the chats' files, that are marked private."""

    characters: frozenset[str] = frozenset()
    chats: frozenset[str] = frozenset()

    def hides(self, chat: str, characters: Iterable[str] = ()) -> bool:
        """Whether the chat in the file ``chat``, with these characters, is to be left out."""
        return chat in self.chats or not self.characters.isdisjoint(characters)

    def __bool__(self) -> bool:
        return bool(self.characters or self.chats)


NOTHING_PRIVATE = Private()


def incognito_log(character: Character, persona: Persona) -> IncognitoLog:
    """A chat with ``character`` that is never written to the disk, without any turn yet."""
    title = title_at_first(character.name, time.strftime("%Y-%m-%d %H.%M"))
    return IncognitoLog(ChatStarted(title, (character.name,), persona.name))


def variables_to_read(workspace: Workspace) -> GlobalVariables:
    """The variables of all chats as one sees them that must leave no trace in them."""
    dirs = workspace.directories
    return ReadGlobalVariables(dirs.variables, dirs.state / "variables.lock")


def private_things(workspace: Workspace) -> Private:
    """What is marked private. Raises ``StorageError``."""
    if not workspace.directories.marks.exists():
        return NOTHING_PRIVATE
    marked = workspace.marks.all()

    def on(mark: Mark) -> frozenset[str]:
        return frozenset(name for name, is_on in marked[mark].items() if is_on)

    return Private(on(Mark.PRIVATE_CHARACTER), on(Mark.PRIVATE_CHAT))


def toggle_private(workspace: Workspace, *, chat: str = "", character: str = "") -> bool:
    """Mark the chat in the file ``chat``, or ``character``, private, or no longer; whether it is now.

    Raises ``StorageError``.
    """
    mark, name = (Mark.PRIVATE_CHAT, chat) if chat else (Mark.PRIVATE_CHARACTER, character)
    on = not workspace.marks.all()[mark].get(name, False)
    workspace.marks.set(mark, name, on or None)
    return on


def without_private(workspace: Workspace, wishes: Wishes) -> Wishes:
    """``wishes`` for a start that names nothing: never a private chat or character, where there is any other.

    The chat that was open last is in ``wishes.chat``. Raises ``StorageError``.
    """
    private = private_things(workspace)
    if not private:
        return wishes
    chats = workspace.chats.list()
    last = next((one for one in chats if one.name == wishes.chat), None)
    if last is not None and not private.hides(last.name, last.characters):
        return wishes
    shown = next((one for one in chats if not private.hides(one.name, one.characters)), None)
    if shown is not None:
        return replace(wishes, chat=shown.name)
    others = [one for one in workspace.characters() if not one.problem and one.name not in private.characters]
    if not others:
        return wishes
    known = next((one for one in others if one.shipped and one.name.startswith(SAMPLE)), others[0])
    return replace(wishes, chat="", character=str(known.path), new=True)
