"""What is done with chats as things: renamed, deleted, brought back. What is in them: ``changes``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError, SettingsError, StorageError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.privacy import private_things
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.titles import TITLE
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chat_places import places_of
from tavern_tui.storage.chat_store import summarise
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import JournaledReply
from tavern_tui.storage.locks import FileLock, is_held
from tavern_tui.storage.marks import Mark
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.recovery import belongs, journals
from tavern_tui.storage.trash import Discarded, Trash, move

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
    characters: tuple[str, ...] = ()


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
    """Move the chat that ``name`` means to the trash. Raises as ``discard``."""
    return discard(workspace, find_chat(workspace, name))


def discard(workspace: Workspace, log: ChatLog) -> DeletedChat:
    """Move the chat of ``log`` to the trash. What was typed in it and not sent is there again when it is brought back.

    Raises ``StorageError``, also where the chat is open in a terminal or a reply is being written to it: whoever has it
    would go on writing, to a file of that name with nothing else in it.
    """
    title = safe_line(log.tree.title or log.path.stem)
    if _is_replied_to(log):
        raise StorageError(f"A reply is being written in {title}.", hint="Delete it when that is done.")
    if any(is_held(path) for path in places_of(workspace.directories.state / "places", log) if path.suffix == ".lock"):
        raise StorageError(f"{title} is open in another terminal.", hint="Leave it there, then delete it.")
    with FileLock(log.state / f"{log.key}.lock", timeout=_LOCK_SECONDS, guarded=log.path):
        item = _trash(workspace).put(KIND, [log.path])
    tree = log.tree
    return DeletedChat(log.path.stem, tree.title, len(tree.path()), item.when, item, tree.characters)


def deleted_chats(workspace: Workspace) -> list[DeletedChat]:
    """The chats in the trash, the last deleted first. Raises ``StorageError``."""
    found = []
    for item in _trash(workspace).items(KIND):
        path = item.files[0]
        told = summarise(path, read_bytes(path, _MOST_BYTES), 0.0)
        found.append(DeletedChat(told.name, told.title, told.turns, item.when, item, told.characters))
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
            return bring_back(workspace, found)
    hint = f"There are: {', '.join(one.title for one in deleted[:5])}" if deleted else "The trash holds no chat."
    raise NotFoundError(f"No deleted chat is called {name}.", hint=hint)


def bring_back(workspace: Workspace, deleted: DeletedChat) -> Path:
    """Bring back this one; its file, which has another name where another chat has that one by now.

    Raises ``StorageError``.
    """
    folder, item = workspace.directories.chats, deleted.item
    (file,) = item.files[:1]
    if os.path.lexists(folder / file.name):
        private = deleted.name in private_things(workspace).chats
        free = file.with_name(next(workspace.chats.free_names(deleted.title or deleted.name)))
        item = replace(item, files=(move(file, free),))
        if private:
            workspace.marks.set(Mark.PRIVATE_CHAT, free.stem, True)
    return _trash(workspace).restore(item, folder)[0]


def _is_replied_to(log: ChatLog) -> bool:
    """Whether a process writes a reply to the chat now."""
    for path in journals(log.state) if log.state.is_dir() else ():
        try:
            reply = JournaledReply.read(path) if is_held(path) else None
        except FileNotFoundError:
            continue  # that reply has just been saved
        if reply is not None and belongs(reply.facts, log):
            return True
    return False


def _trash(workspace: Workspace) -> Trash:
    return Trash(workspace.directories.trash)
