"""What is known of the slots of llama-servers, kept in the state folder, and how a chat is forgotten there.

What the records hold is ``engines.slot_record``'s.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.engines.slot_record import SlotNotes, read_record
from tavern_tui.session.refusals import RefusedParameters
from tavern_tui.storage.string_table import StringTable

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace

FILE = "slots.json"
"""In the state folder: who deletes it has llama-server read every chat again, once."""


def slot_notes(workspace: Workspace) -> SlotNotes:
    """The records of this user, one object for all engines of the program: a server's no is heard once."""
    notes = _notes(workspace.directories.state)
    notes.on_disk = workspace.settings.engine.keep_on_disk
    return notes


def servers_with(workspace: Workspace, chat: str) -> int:
    """How many servers have a file of a chat, by its key. Raises ``StorageError``."""
    records = map(read_record, _table(workspace.directories.state).read().values())
    return sum(chat in record.chats and record.chats[chat].file >= 0 for record in records)


def forget_in_slots(workspace: Workspace, chat: str) -> None:
    """Know a chat's files as needed by nobody: each is emptied when its server is talked to next.

    Raises ``StorageError``.
    """
    table = _table(workspace.directories.state)
    changes: dict[str, str | None] = {}
    for server, text in table.read().items():
        record = read_record(text)
        if chat in record.chats:
            record.drop(chat)
            changes[server] = record.as_text()
    if changes:
        table.change(changes)


@cache
def _notes(state: Path) -> SlotNotes:
    return SlotNotes(RefusedParameters(_table(state)))


def _table(state: Path) -> StringTable:
    return StringTable(state / FILE, state / "slots.lock", "slots")
