"""Looking at chats without writing to them: lists, records, and what of a file could not be read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog


@dataclass(frozen=True, slots=True)
class OpenedChat:
    """A chat opened for reading. ``problems`` are sentences about lines that could not be read."""

    log: ChatLog
    problems: tuple[str, ...]


def open_for_reading(workspace: Workspace, name: str) -> OpenedChat:
    """The chat that ``name`` means: one of the user's, else one of those shipped. Raises ``NotFoundError``."""
    try:
        log = find_chat(workspace, name)
    except NotFoundError as missing:
        try:
            log = workspace.shipped_chats.find(name)
        except NotFoundError:
            raise missing from None
    return OpenedChat(log, problems_of(log))


def find_chat(workspace: Workspace, name: str) -> ChatLog:
    """The user's chat that ``name`` means: one called so, else the latest with a character of that name.

    Raises ``NotFoundError`` where none is meant, or several are that are not with one character.
    """
    try:
        return workspace.chats.find(name)
    except NotFoundError:
        latest = _latest_with(workspace, name)
        if latest is None:
            raise
        return latest


def _latest_with(workspace: Workspace, character: str) -> ChatLog | None:
    """The chat last written to with the character whose name is this or begins so; ``None`` for none or several."""
    wanted = character.strip().casefold()
    named = [(chat.name, chat.characters[0].casefold()) for chat in workspace.chats.list() if chat.characters]
    exact = [(chat, who) for chat, who in named if who == wanted]
    meant = exact or [(chat, who) for chat, who in named if wanted and who.startswith(wanted)]
    if len({who for _, who in meant}) != 1:
        return None
    return workspace.chats.open(meant[0][0])


def problems_of(log: ChatLog) -> tuple[str, ...]:
    """What of the chat's file could not be read, one sentence each, file and line first."""
    return tuple(
        f"{log.path}:{problem.line}: {problem.what} The rest of the chat is there." for problem in log.problems
    )


def chat_rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Every chat as plain values, the last written first. ``last`` is local time."""
    return [
        {
            "name": chat.name,
            "title": chat.title,
            "characters": list(chat.characters),
            "turns": chat.turns,
            "last": time.strftime("%Y-%m-%d %H:%M", time.localtime(chat.last)),
            "file": str(chat.path),
        }
        for chat in workspace.chats.list()
    ]


def turn_record(tree: ChatTree, turn: Turn) -> dict[str, Any]:
    """One turn as plain values."""
    siblings = tree.siblings(turn.id)
    return {
        "id": turn.id,
        "speaker": turn.speaker.value,
        "name": turn.name,
        "text": turn.text,
        "swipe": siblings.index(turn.id) + 1,
        "swipes": len(siblings),
        "hidden": turn.hidden,
        "interrupted": turn.interrupted,
        "at": turn.at,
    }
