"""The lists that the index answers without looking at the library: chats, and how much of everything there is."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.storage.chat_store import ChatSummary
from tavern_tui.storage.index import LibraryIndex


@dataclass(frozen=True, slots=True)
class IndexedChat:
    """A chat as lists show it. ``line`` is its newest turn, on one line; not safe to show before ``display.safe``."""

    summary: ChatSummary
    line: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the index holds."""

    characters: int
    worlds: int
    chats: int
    turns: int


def indexed_chats(index: LibraryIndex, folder: Path) -> list[IndexedChat]:
    """Every chat of the folder ``folder`` as the index knows it, the last written first. Raises ``StorageError``."""
    ask = "SELECT path, title, characters, places, last, line, problem FROM chats ORDER BY last DESC, changed DESC"
    return [
        IndexedChat(_summary(folder, os.fsdecode(path), title, characters, places, last, problem), line)
        for path, title, characters, places, last, line, problem in index.read(lambda db: db.execute(ask).fetchall())
    ]


def branches(index: LibraryIndex, name: str) -> int:
    """How many ways the chat in the file ``name`` goes: 1 where no turn has two answers that were both gone on with.

    Of a chat of thousands only the turns with several answers are looked at one by one. Raises ``StorageError``.
    """
    return index.read(lambda db: _branches(db, os.fsencode(name)))


def _branches(db: sqlite3.Connection, path: bytes) -> int:
    known = db.execute("SELECT id FROM chats WHERE path = ?", (path,)).fetchone()
    if known is None:
        return 1
    several = "SELECT parent FROM turns WHERE chat = ? GROUP BY parent HAVING count(*) > 1"
    gone_on = (
        "SELECT count(*) FROM turns AS one WHERE chat = ? AND parent = ? AND EXISTS"
        " (SELECT 1 FROM turns AS below WHERE below.chat = one.chat AND below.parent = one.turn)"
    )
    ways = 1
    for (parent,) in db.execute(several, known).fetchall():
        ways += max(0, db.execute(gone_on, (known[0], parent)).fetchone()[0] - 1)
    return ways


def counts(index: LibraryIndex) -> Counts:
    """How much there is of everything. Raises ``StorageError``."""
    objects = "SELECT count(*) FROM objects WHERE kind = ?"

    def ask(question: str, *values: str) -> int:
        return int(index.read(lambda db: db.execute(question, values).fetchone())[0])

    # Every turn has one row below its parent: the index of that is read instead of the texts.
    turns = ask("SELECT count(*) FROM turns INDEXED BY turns_below WHERE chat > 0")
    return Counts(ask(objects, "characters"), ask(objects, "worlds"), ask("SELECT count(*) FROM chats"), turns)


def _summary(
    folder: Path, name: str, title: str, characters: str, places: int, last: float, problem: str
) -> ChatSummary:
    stem = name.removesuffix(".jsonl")
    return ChatSummary(stem, folder / name, title or stem, tuple(json.loads(characters)), places, last, problem)
