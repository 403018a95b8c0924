"""What is done with chats as things: renamed, deleted, brought back. What is in them: ``changes``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.titles import TITLE
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chat_store import summarise
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.trash import Discarded, Trash

KIND = "chats"
"""What chats are called in the trash."""

_LOCK_SECONDS = 10.0
_MOST_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class DeletedChat:
    """A chat in the trash. ``name`` is what brings it back; ``when`` it was deleted, in local time."""

    name: str
    title: str
    turns: int
    when: str
    item: Discarded


def rename_chat(workspace: Workspace, name: str, title: str) -> str:
    """Call the chat that ``name`` means ``title``; what it was called before. Its file keeps its name.

    Raises ``NotFoundError``, ``StorageError``, ``SettingsError`` for a title without a word.
    """
    title = " ".join(title.split())
    if not title:
        raise SettingsError("A chat needs a title.")
    log = find_chat(workspace, name)
    before = log.tree.title
    if title != before:
        log.append(PropertySet(TITLE, title))
    return before


def delete_chat(workspace: Workspace, name: str) -> DeletedChat:
    """Move the chat that ``name`` means to the trash. Raises ``NotFoundError``, ``StorageError``."""
    log = find_chat(workspace, name)
    with FileLock(log.state / f"{log.key}.lock", timeout=_LOCK_SECONDS, guarded=log.path):
        item = _trash(workspace).put(KIND, [log.path])
    return DeletedChat(log.path.stem, log.tree.title, len(log.tree.path()), item.when, item)


def deleted_chats(workspace: Workspace) -> list[DeletedChat]:
    """The chats in the trash, the last deleted first. Raises ``StorageError``."""
    found = []
    for item in _trash(workspace).items(KIND):
        path = item.files[0]
        told = summarise(path, read_bytes(path, _MOST_BYTES), 0.0)
        found.append(DeletedChat(told.name, told.title, told.turns, item.when, item))
    return found


def restore_chat(workspace: Workspace, name: str) -> Path:
    """Bring back the chat that ``name`` means, the last deleted of several; its file.

    Raises ``NotFoundError``, ``StorageError``.
    """
    wanted = name.strip().casefold()
    deleted = deleted_chats(workspace)
    for same in (
        lambda one: wanted in (one.name.casefold(), one.title.casefold()),
        lambda one: (
            bool(wanted) and (one.name.casefold().startswith(wanted) or one.title.casefold().startswith(wanted))
        ),
    ):
        found = next((one for one in deleted if same(one)), None)
        if found is not None:
            (path,) = _trash(workspace).restore(found.item, workspace.directories.chats)[:1]
            return path
    hint = f"There are: {', '.join(one.title for one in deleted[:5])}" if deleted else "The trash holds no chat."
    raise NotFoundError(f"No deleted chat is called {name}.", hint=hint)


def _trash(workspace: Workspace) -> Trash:
    return Trash(workspace.directories.trash)
