"""Importing chats of other programs: which of our chats a file is, and taking in what is new in it.

What is new is found by ``chat_merge``; bytes by ``formats.chat_formats``. A file that belongs to a chat that is here
already updates it, and so do the files of its checkpoints and branches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain.events import Speaker, TipMoved
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import ToldChat
from tavern_tui.formats.chat_formats import read_chats
from tavern_tui.formats.json_text import MAX_BYTES
from tavern_tui.formats.sillytavern_chat import branches_of
from tavern_tui.session.chat_merge import FILE, Merging, chat_id, first_events, new_events
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage import imported_chats
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.reading import read_bytes

_IN_FOLDERS = frozenset({"webui"})  # formats whose files lie in a folder called after the character and say no name
_NO_CHARACTER = frozenset({"chat", "chats", "instruct", "group chats", "backups", "downloads", "logs", ""})


@dataclass(frozen=True, slots=True)
class ImportedChat:
    """What became of one chat of a file. ``name`` and ``path`` are our log's; ``new``: it was not here before.

    ``turns`` is how many places the file's active path has, ``added`` how many turns, swipes among them, were new.
    """

    file: Path
    format: str
    name: str
    path: Path
    title: str
    characters: tuple[str, ...]
    turns: int
    added: int
    new: bool
    remarks: tuple[Remark, ...]


class ChatImporter:
    """Imports chats into ``workspace``. Knows after the first one which chats are there: use one for many files.

    ``writes`` off: tells what would become of each, and leaves everything as it is.
    """

    def __init__(self, workspace: Workspace, *, writes: bool = True) -> None:
        self._workspace = workspace
        self._writes = writes
        self._by_id: dict[str, str] | None = None
        self._by_file: dict[tuple[str, str], str] = {}

    def take_file(self, path: Path, *, character: str = "", persona: str = "") -> list[ImportedChat]:
        """Take in every chat of the file at ``path``, which is only read.

        ``character`` and ``persona`` name who speaks where the file does not. Blocks: for a thread. Raises
        ``NotFoundError``, ``StorageError`` and, where it is no chat that is known, ``FormatError``.
        """
        data = read_bytes(path, MAX_BYTES)
        found, chats, remarks = read_chats(data, path.name)
        del data  # as large as what is read from it
        when = _changed(path)
        named = [_named(chat, character or _folder_character(chat, path), persona or "You") for chat in chats]
        taken = [self._take(chat, when, path, found.title) for chat in named]
        return [replace(one, remarks=(*remarks, *one.remarks)) if one is taken[0] else one for one in taken]

    async def take_file_aside(self, path: Path, *, character: str = "", persona: str = "") -> list[ImportedChat]:
        """``take_file`` in a thread, so that an event loop goes on meanwhile."""
        return await asyncio.to_thread(self.take_file, path, character=character, persona=persona)

    def _take(self, chat: ToldChat, when: float, path: Path, kind: str) -> ImportedChat:
        known = self._known(chat)
        if not known and not self._writes:
            return self._rehearsed(chat, when, path, kind)
        if known:
            log = self._workspace.chats.open(known)
            merging = new_events(chat, log.tree, log.events, when)
            if self._writes:
                if merging.events:
                    log.take_in(merging.events)
                self._follow(log, merging)
        else:
            merging = first_events(chat, when)
            log = imported_chats.create(self._workspace.chats, chat.title, merging.events)
        self._remember(chat, log)
        return ImportedChat(
            file=path,
            format=kind,
            name=log.path.stem,
            path=log.path,
            title=log.tree.title,
            characters=log.tree.characters,
            turns=len(chat.path()),
            added=merging.turns,
            new=not known,
            remarks=merging.remarks,
        )

    def _rehearsed(self, chat: ToldChat, when: float, path: Path, kind: str) -> ImportedChat:
        """What a chat that is not here yet would become."""
        merging, stem = first_events(chat, when), next(self._workspace.chats.free_names(chat.title))
        place = self._workspace.directories.chats / stem
        turns = len(chat.path())
        told = (chat.title, chat.characters, turns, merging.turns, True, merging.remarks)
        return ImportedChat(path, kind, place.stem, place, *told)

    def _known(self, chat: ToldChat) -> str:
        """The file of our chat that ``chat`` belongs to, "" for none: by its origin, else by what its file links."""
        if self._by_id is None:
            self._by_id = {}
            for head in imported_chats.heads(self._workspace.chats):
                self._by_id[head.chat_id] = head.name
                self._link(head.characters, (key for key in head.properties if key.startswith(FILE)), head.name)
        if own := self._by_id.get(chat_id(chat)):
            return own
        who = chat.characters[0] if chat.characters else ""
        linked = (self._by_file.get((who, title)) for title in (chat.parent, *branches_of(chat)) if title)
        return next((name for name in linked if name), "")

    def _remember(self, chat: ToldChat, log: ChatLog) -> None:
        assert self._by_id is not None  # ``_known`` came before
        self._by_id[chat_id(chat)] = log.path.name
        self._link(chat.characters, [FILE + chat.title], log.path.name)

    def _link(self, characters: tuple[str, ...], keys: Iterable[str], name: str) -> None:
        for key in keys:
            self._by_file.setdefault((characters[0] if characters else "", key.removeprefix(FILE)), name)

    def _follow(self, log: ChatLog, merging: Merging) -> None:
        """Take a reader of this device, who was at the end of what is longer now, to its new end."""
        if merging.move and merging.turns and merging.end in log.tree.turns and log.tree.tip != merging.end:
            log.append(TipMoved(merging.end))


def import_chats(workspace: Workspace, path: Path, *, character: str = "", persona: str = "") -> list[ImportedChat]:
    """Take in every chat of one file. Blocks; raises as ``ChatImporter.take_file``."""
    return ChatImporter(workspace).take_file(path, character=character, persona=persona)


def _changed(path: Path) -> float:
    """When a file was last written to, in Unix seconds; 0 where it is gone again."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _named(chat: ToldChat, character: str, persona: str) -> ToldChat:
    """``chat`` with names where its file has none."""
    who = character or (chat.characters[0] if chat.characters else chat.title)
    names = {Speaker.CHARACTER: who, Speaker.USER: chat.persona or persona, Speaker.NARRATOR: ""}
    turns = tuple(turn if turn.name else replace(turn, name=names[turn.speaker]) for turn in chat.turns)
    speaks = any(turn.speaker is Speaker.CHARACTER for turn in turns)
    characters = chat.characters or ((who,) if speaks or character else ())
    return replace(chat, turns=turns, characters=characters, persona=chat.persona or persona)


def _folder_character(chat: ToldChat, path: Path) -> str:
    """The character that a file's folder is called after, "" where it is not."""
    folder = path.absolute().parent.name
    return folder if chat.format in _IN_FOLDERS and folder.casefold() not in _NO_CHARACTER else ""
