"""Characters and lorebooks in the index: what a list says of each, read from its file when that is new or changed.

Which files belong together and what they say is ``library``'s; here is what is remembered of it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_files import stamp_of
from tavern_tui.storage.index_words import folded_text
from tavern_tui.storage.library import (
    CARD_SUFFIXES,
    WORLD_SUFFIXES,
    CharacterEntry,
    Group,
    Library,
    LorebookEntry,
    by_name,
    groups,
)

CHARACTERS, WORLDS = "characters", "worlds"
_OWN, _SHIPPED = "own", "shipped"
_STEP_SECONDS = 0.05
_Key = tuple[str, str, bytes]  # kind, folder, stem

_WRITE = "INSERT OR REPLACE INTO objects VALUES(" + ", ".join("?" * 15) + ")"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Files of the library that are to be read, because they are new or changed."""

    key: _Key
    group: Group
    mark: str


def changed_objects(index: LibraryIndex, library: Library) -> tuple[list[Waiting], int]:
    """What is not as it was, and how much was gone from the disk, which is dropped. Reads no file.

    Raises ``StorageError``.
    """
    known: dict[_Key, str] = index.read(_marks)
    waiting: list[Waiting] = []
    here: set[_Key] = set()
    kinds = ((CHARACTERS, library.card_folders, CARD_SUFFIXES), (WORLDS, library.world_folders, WORLD_SUFFIXES))
    for kind, folders, suffixes in kinds:
        for group in groups(folders, suffixes):
            folder = _SHIPPED if group[0].parent == folders[1] else _OWN
            key = (kind, folder, os.fsencode(group[0].stem))
            here.add(key)
            mark = _mark(group)
            if known.get(key) != mark:
                waiting.append(Waiting(key, group, mark))
    gone = [key for key in known if key not in here]
    if gone:
        forget = "DELETE FROM objects WHERE kind = ? AND folder = ? AND stem = ?"
        index.write(lambda db: db.executemany(forget, gone))
    return waiting, len(gone)


def read_objects(index: LibraryIndex, library: Library, waiting: list[Waiting]) -> Iterator[int]:
    """Read what is ``waiting``; after every step how many are done. Raises ``StorageError``."""
    rows: list[tuple[object, ...]] = []
    since = time.monotonic()
    for done, one in enumerate(waiting, 1):
        rows.append(_row(library, one))
        if time.monotonic() - since > _STEP_SECONDS or done == len(waiting):
            written, rows = rows, []
            index.write(lambda db, written=written: db.executemany(_WRITE, written))  # type: ignore[misc]
            yield done
            since = time.monotonic()


def indexed_characters(index: LibraryIndex, library: Library) -> list[CharacterEntry]:
    """The characters as the index knows them, by name. Raises ``StorageError``."""
    rows = index.read(lambda db: db.execute(_LIST, (CHARACTERS,)).fetchall())
    homes = _homes(library.card_folders)
    found = [
        CharacterEntry(
            name,
            Path(homes[folder] + os.fsdecode(path)),
            tuple(json.loads(tags)) if tags != "[]" else (),
            folder == _SHIPPED,
            problem,
            creator,
            nickname,
            size,
            changed / 1e9,
            bool(favourite),
        )
        for folder, path, size, changed, name, creator, nickname, tags, favourite, _, problem in rows
    ]
    return sorted(found, key=by_name)


def listed_cards(index: LibraryIndex, library: Library) -> list[tuple[str, Path, str, str, bool, str]]:
    """Name, file, problem, searched words, whether it is a favourite and tags (JSON), of every character, in no order.

    It is what a list of thousands needs at once. The words are small and without accents. Raises ``StorageError``.
    """
    ask = "SELECT folder, path, name, problem, text, favourite, tags FROM objects WHERE kind = ?"
    homes = _homes(library.card_folders)
    return [
        (name, Path(homes[folder] + os.fsdecode(path)), problem, words, bool(marked), tags)
        for folder, path, name, problem, words, marked, tags in index.read(
            lambda db: db.execute(ask, (CHARACTERS,)).fetchall()
        )
    ]


def indexed_lorebooks(index: LibraryIndex, library: Library) -> list[LorebookEntry]:
    """The lorebooks as the index knows them, by name. Raises ``StorageError``."""
    rows = index.read(lambda db: db.execute(_LIST, (WORLDS,)).fetchall())
    homes = _homes(library.world_folders)
    found = [
        LorebookEntry(name, Path(homes[folder] + os.fsdecode(path)), entries, folder == _SHIPPED, problem)
        for folder, path, _, _, name, _, _, _, _, entries, problem in rows
    ]
    return sorted(found, key=by_name)


def characters_with(index: LibraryIndex, typed: str) -> set[tuple[str, str]]:
    """Folder and file name of the characters in whose name, nickname, tags, creator or file every word is found.

    Words may be parts of words. Raises ``StorageError``.
    """
    wanted = folded_text(typed)[0].split()
    condition = "".join(" AND instr(text, ?) > 0" for _ in wanted)
    ask = f"SELECT folder, path FROM objects WHERE kind = ?{condition}"
    rows = index.read(lambda db: db.execute(ask, (CHARACTERS, *wanted)).fetchall())
    return {(folder, os.fsdecode(path)) for folder, path in rows}


_LIST = (
    "SELECT folder, path, size, changed, name, creator, nickname, tags, favourite, entries, problem"
    " FROM objects WHERE kind = ?"
)


def _homes(folders: tuple[Path, Path]) -> dict[str, str]:
    """The folders as text that a name is put behind: of ten thousand, joining paths takes twice as long."""
    return {_OWN: f"{folders[0]}{os.sep}", _SHIPPED: f"{folders[1]}{os.sep}"}


def _marks(db: sqlite3.Connection) -> dict[_Key, str]:
    return {
        (kind, folder, stem): mark
        for kind, folder, stem, mark in db.execute("SELECT kind, folder, stem, mark FROM objects")
    }


def _mark(group: Group) -> str:
    """Name, size and times of all files that belong together: another mark is another content."""
    parts = []
    for path in group:
        stamp = stamp_of(path)
        measured = f"{stamp.size}/{stamp.changed}/{stamp.ctime}" if stamp else "-"
        parts.append(f"{os.fsencode(path.name)!r}/{measured}")
    return " ".join(parts)


def _row(library: Library, one: Waiting) -> tuple[object, ...]:
    kind = one.key[0]
    if kind == WORLDS:
        book = library.lorebook_entry(one.group)
        name, path, problem, entries = book.name, book.path, book.problem, book.size
        creator, nickname, favourite = "", "", False
        tags: tuple[str, ...] = ()
    else:
        card = library.character_entry(one.group)
        name, path, problem, entries = card.name, card.path, card.problem, 0
        creator, nickname, tags, favourite = card.creator, card.nickname, card.tags, card.favourite
    texts = [stored(text) for text in (name, creator, nickname, json.dumps(tags, ensure_ascii=False), problem)]
    searched = folded_text(stored(" ".join((name, nickname, creator, *tags, path.stem))))[0]
    stamp = stamp_of(path)
    size, changed = (stamp.size, stamp.changed) if stamp else (0, 0)
    shown = texts[:4]
    rest = (favourite, entries, searched, texts[4])
    return (*one.key, one.mark, os.fsencode(path.name), size, changed, *shown, *rest)


def stored(text: str) -> str:
    """``text`` as SQLite can keep it: halves of characters (lone surrogates) are replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")
