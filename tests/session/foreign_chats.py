"""SillyTavern files as a person has them, and a library to import them into."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import Directories
from tavern_tui.domain.chat import ChatTree
from tavern_tui.session.chat_export import export_chat
from tavern_tui.session.chat_import import ImportedChat, import_chats
from tavern_tui.session.workspace import Workspace

Message = dict[str, Any]
HEADER: Message = {
    "user_name": "Alex",
    "character_name": "Mira",
    "create_date": "2024-9-4@12h30m01s",
    "chat_metadata": {"note_prompt": "It rains.", "variables": {"hp": 7}, "tainted": True},
}


def workspace_in(folder: Path) -> Workspace:
    """An empty library in ``folder``."""
    return Workspace.open(dirs=Directories(folder, folder / "config", folder / "state", folder / "cache"))


def said(number: int, text: str = "", **more: Any) -> Message:
    """The message at a place of a chat: the character's at even ones, the user's at odd ones."""
    user = bool(number % 2)
    return {
        "name": "Alex" if user else "Mira",
        "is_user": user,
        "is_system": False,
        "send_date": f"2024-09-04T12:{number:02}:01.000Z",
        "mes": text or f"message {number}",
        "extra": {"token_count": 3},
        **more,
    }


def conversation(count: int) -> list[Message]:
    """A header and so many messages."""
    return [HEADER, *(said(number) for number in range(count))]


WRITTEN = 1_700_000_000.0
"""When every file was written, wherever it lies: a message without a date is dated by it."""


class Folder:
    """A SillyTavern folder and the library that its files are imported into."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "chats"
        self.path.mkdir()
        self.workspace = workspace_in(folder / "home")

    def take(self, messages: list[Message], name: str = "Mira - 1") -> ImportedChat:
        """Write a file of these lines and import it."""
        file = self.path / f"{name}.jsonl"
        file.write_text("\n".join(map(json.dumps, messages)), encoding="utf-8")
        os.utime(file, (WRITTEN, WRITTEN))
        (taken,) = import_chats(self.workspace, file)
        return taken

    def tree(self, name: str = "Mira - 1") -> ChatTree:
        """The chat as it stands on disk."""
        return self.workspace.chats.open(name).tree

    def texts(self, name: str = "Mira - 1") -> list[str]:
        """What is said on its active path."""
        return [turn.text for turn in self.tree(name).path()]

    def exported(self, name: str = "Mira - 1") -> list[Any]:
        """The lines of the chat as a SillyTavern file."""
        data = export_chat(self.workspace, name, "sillytavern").data
        return [json.loads(line) for line in data.split(b"\n")]
