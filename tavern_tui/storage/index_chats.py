"""Chats in the index: what a list says of each, and every turn's text with its words.

A chat that only grew is read from where the last look ended, and its new turns are added; anything else (a turn undone
or deleted, events of an earlier moment merged in, a file replaced) folds the whole file, and what differs from the
index is changed. Both ways end at the same rows.

A turn's number orders all turns by time, so that the newest are found first by number alone: its second times 1,024,
and the next free number from there. Turns without a date lie before all others.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.chat import ChatTree, Turn, fold
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.events import (
    ChatEvent,
    PropertySet,
    TextEdited,
    TextExtended,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    Undone,
)
from tavern_tui.formats.chatlog import decode_log
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_cards import stored
from tavern_tui.storage.index_files import Stamp
from tavern_tui.storage.index_words import parted
from tavern_tui.storage.reading import open_regular

SUFFIX = ".jsonl"
SLICE = 250
"""Turns that are written at once: about 40 ms, after which others that write have their turn."""

_GUARD = 64  # bytes before the new ones, to notice that the file is no longer the one that was read
_MOST_APPENDED = 1 << 20
_SLOTS = 1024
_DATED = 946_684_800  # the first second of 2000: what is earlier was never dated
_LAST_SECOND = 2**40
_UNFINISHED = -1
_HARMLESS = (TurnAdded, TextExtended, TextEdited, TurnHidden, TipMoved, PropertySet)


@dataclass(frozen=True, slots=True)
class KnownChat:
    """What the index holds about a chat's file: its row, how it looked, and up to where it was read."""

    id: int
    stamp: Stamp
    settled: int
    guard: bytes
    order: tuple[int, str]
    title: str
    places: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A turn as it is in the index. ``id`` is its number, 0 for none yet."""

    id: int
    turn: str
    parent: str
    speaker: str
    name: str
    at: int
    text: str

    @property
    def said(self) -> tuple[str, str, str, str, int, str]:
        """Everything but the number."""
        return (self.turn, self.parent, self.speaker, self.name, self.at, self.text)


@dataclass(frozen=True, slots=True)
class _End:
    """How a chat's row reads once its turns are written."""

    settled: int
    guard: bytes
    order: tuple[int, str]
    title: str
    characters: tuple[str, ...]
    places: int
    last: float
    problem: str = ""


def known_chats(index: LibraryIndex) -> dict[str, KnownChat]:
    """Every chat of the index, by its file's name. Raises ``StorageError``."""
    ask = "SELECT path, id, size, changed, inode, ctime, settled, guard, lamport, newest, title, places FROM chats"
    return {
        os.fsdecode(path): KnownChat(
            id, Stamp(size, changed, inode, ctime), settled, guard, (lamport, newest), title, places
        )
        for path, id, size, changed, inode, ctime, settled, guard, lamport, newest, title, places in index.read(
            lambda db: db.execute(ask).fetchall()
        )
    }


def index_chat(
    index: LibraryIndex, path: Path, stamp: Stamp, known: KnownChat | None, line_of: Callable[[Path], str]
) -> Iterator[int]:
    """Take in the chat at ``path``, which now looks like ``stamp``; yields turns done, once a slice and at the end.

    ``line_of`` tells the newest turn of a file as a list shows it. Raises ``StorageError`` where the index refuses.
    """
    try:
        if known is not None and (grown := _grown(path, stamp, known)) is not None:
            data, settled, guard = grown
            if index.write(lambda db: _append(db, index, path, stamp, known, data, settled, guard, line_of)):
                yield 1
                return
        with open_regular(path) as file:
            whole = file.read()
    except (TavernError, OSError) as error:
        end = _End(0, b"", (0, ""), path.name.removesuffix(SUFFIX), (), 0, stamp.changed / 1e9, str(error))
        yield from _change(index, path, stamp, {}, end, "")
        return
    tree, end = _folded(path, whole, stamp)
    wanted = {row.turn: row for row in map(_row_of, tree.turns.values()) if row is not None}
    yield from _change(index, path, stamp, wanted, end, line_of(path))


def forget_chat(index: LibraryIndex, known: KnownChat) -> Iterator[int]:
    """Take a chat out of the index; yields turns done, once a slice. Raises ``StorageError``."""
    ask = "SELECT id, turn, parent, speaker, name, at, text FROM turns WHERE chat = ?"
    rows = [_Row(*row) for row in index.read(lambda db: db.execute(ask, (known.id,)).fetchall())]
    for start in range(0, len(rows), SLICE):
        part = rows[start : start + SLICE]
        index.write(lambda db, part=part: _remove(db, index, part))  # type: ignore[misc]
        yield min(len(rows), start + SLICE)
    index.write(lambda db: db.execute("DELETE FROM chats WHERE id = ?", (known.id,)))


def _grown(path: Path, stamp: Stamp, known: KnownChat) -> tuple[bytes, int, bytes] | None:
    """What was appended to the file since it was read, up to where its lines are whole, and the last bytes of these.

    ``None`` where it is not the file that was read, or so much is new that it is better taken in slice by slice.
    """
    same = known.stamp.inode == stamp.inode and known.guard and known.stamp.size >= 0
    if not same or not known.settled <= stamp.size <= known.settled + _MOST_APPENDED:
        return None
    with open_regular(path) as file:
        file.seek(known.settled - len(known.guard))
        found = file.read()
    if not found.startswith(known.guard):
        return None
    data = found[len(known.guard) :]
    whole = data.rfind(b"\n") + 1  # what stands behind is a line without its end: looked at now and again
    return data, known.settled + whole, (known.guard + data[:whole])[-_GUARD:]


def _append(
    db: sqlite3.Connection,
    index: LibraryIndex,
    path: Path,
    stamp: Stamp,
    known: KnownChat,
    data: bytes,
    settled: int,
    guard: bytes,
    line_of: Callable[[Path], str],
) -> bool:
    """Add what ``data`` tells; false, with nothing done, where the whole chat must be folded for that."""
    events, _ = decode_log(data)
    order, title, places = known.order, known.title, known.places
    rows: dict[str, _Row] = {}
    replaced: list[_Row] = []
    fresh_parents: set[str] = set()
    for event in sorted(events, key=lambda one: one.order):
        body = event.body
        if event.order <= order or not isinstance(body, _HARMLESS):
            return False
        order = event.order
        if isinstance(body, PropertySet) and body.key == "title" and isinstance(body.value, str):
            title = body.value or path.name.removesuffix(SUFFIX)
        elif isinstance(body, TurnAdded):
            if not _fits(db, known.id, event, body, rows):
                return False
            if body.parent not in fresh_parents and not _has_below(db, known.id, body.parent):
                places += 1
            fresh_parents.add(body.parent)
            rows[event.id] = _row_of_event(event, body)
        elif isinstance(body, TextExtended | TextEdited):
            before = rows.get(body.turn) or _row(db, known.id, body.turn)
            if before is None:
                return False
            if before.id and before.turn not in rows:
                replaced.append(before)
            rows[before.turn] = _Row(before.id, *before.said[:5], stored(body.text))
    _remove(db, index, replaced)
    _insert(db, index, known.id, path.name, rows.values())
    last = (events[-1].at or stamp.changed / 1e9) if events else None
    db.execute(
        "UPDATE chats SET size = ?, changed = ?, ctime = ?, settled = ?, guard = ?, lamport = ?, newest = ?, title = ?,"
        " places = ?, last = coalesce(?, last), line = ? WHERE id = ?",
        (*(stamp.size, stamp.changed, stamp.ctime, settled, guard, order[0], stored(order[1]), stored(title), places),
         last, stored(line_of(path)), known.id),
    )  # fmt: skip
    return True


def _fits(db: sqlite3.Connection, chat: int, event: ChatEvent, body: TurnAdded, rows: dict[str, _Row]) -> bool:
    """Whether a turn can be added by itself: it is new, and the turn above it is there."""
    if event.id in rows or _row(db, chat, event.id) is not None:
        return False
    return not body.parent or body.parent in rows or _row(db, chat, body.parent) is not None


def _has_below(db: sqlite3.Connection, chat: int, parent: str) -> bool:
    ask = "SELECT 1 FROM turns WHERE chat = ? AND parent = ? LIMIT 1"
    return db.execute(ask, (chat, stored(parent))).fetchone() is not None


def _row(db: sqlite3.Connection, chat: int, turn: str) -> _Row | None:
    ask = "SELECT id, turn, parent, speaker, name, at, text FROM turns WHERE chat = ? AND turn = ?"
    found = db.execute(ask, (chat, stored(turn))).fetchone()
    return _Row(*found) if found else None


def _folded(path: Path, data: bytes, stamp: Stamp) -> tuple[ChatTree, _End]:
    """The chat in ``data``, and how its row reads."""
    events, _ = decode_log(data)
    tree = fold(events)
    settled = data.rfind(b"\n") + 1
    order = max((event.order for event in events), default=(0, ""))
    last = (events[-1].at if events else 0.0) or stamp.changed / 1e9
    places = len({turn.parent for turn in tree.turns.values() if not turn.lost})
    title = tree.title or path.name.removesuffix(SUFFIX)
    guard = b"" if _hangs_loose(events, tree) else data[max(0, settled - _GUARD) : settled]
    return tree, _End(settled, guard, order, title, tree.characters, places, last)


def _hangs_loose(events: list[ChatEvent], tree: ChatTree) -> bool:
    """Whether events name others that are not there: what is appended may then change what stands above it."""
    known = {event.id for event in events}
    named = {event.body.event for event in events if isinstance(event.body, Undone)}
    named |= {event.body.turn for event in events if isinstance(event.body, TurnDeleted)}
    return not named <= known or any(turn.lost for turn in tree.turns.values())


def _row_of(turn: Turn) -> _Row | None:
    if turn.lost:
        return None
    at = max(-_LAST_SECOND, min(round(turn.at), _LAST_SECOND))
    return _Row(0, stored(turn.id), stored(turn.parent), turn.speaker.value, stored(turn.name), at, stored(turn.text))


def _row_of_event(event: ChatEvent, body: TurnAdded) -> _Row:
    at = max(-_LAST_SECOND, min(round(event.at), _LAST_SECOND))
    return _Row(0, stored(event.id), stored(body.parent), body.speaker.value, stored(body.name), at, stored(body.text))


def _change(
    index: LibraryIndex, path: Path, stamp: Stamp, wanted: dict[str, _Row], end: _End, line: str
) -> Iterator[int]:
    """Make the index say of a chat what ``wanted`` and ``end`` say, slice by slice."""
    chat = index.write(lambda db: _begin(db, path, end))
    ask = "SELECT id, turn, parent, speaker, name, at, text FROM turns WHERE chat = ?"
    existing = [_Row(*row) for row in index.read(lambda db: db.execute(ask, (chat,)).fetchall())]
    wrong = [row for row in existing if row.turn not in wanted or wanted[row.turn].said != row.said]
    right = {row.turn for row in existing} - {row.turn for row in wrong}
    for start in range(0, len(wrong), SLICE):
        part = wrong[start : start + SLICE]
        index.write(lambda db, part=part: _remove(db, index, part))  # type: ignore[misc]
        yield 0
    missing = [row for row in wanted.values() if row.turn not in right]
    for start in range(0, len(missing), SLICE):
        part = missing[start : start + SLICE]
        index.write(lambda db, part=part: _insert(db, index, chat, path.name, part))  # type: ignore[misc]
        yield len(right) + min(len(missing), start + SLICE)
    index.write(lambda db: _finish(db, chat, stamp, end, line))
    yield len(wanted)


def _begin(db: sqlite3.Connection, path: Path, end: _End) -> int:
    """The chat's row, marked as unfinished: whoever finds it so reads the file again."""
    name = os.fsencode(path.name)
    db.execute(
        "INSERT INTO chats VALUES(NULL, ?, 0, ?, 0, 0, 0, x'', 0, '', ?, ?, ?, ?, '', '')"
        " ON CONFLICT(path) DO UPDATE SET size = excluded.size",
        (name, _UNFINISHED, stored(end.title), stored(json.dumps(end.characters)), end.places, end.last),
    )
    return int(db.execute("SELECT id FROM chats WHERE path = ?", (name,)).fetchone()[0])


def _finish(db: sqlite3.Connection, chat: int, stamp: Stamp, end: _End, line: str) -> None:
    db.execute(
        "UPDATE chats SET inode = ?, size = ?, changed = ?, ctime = ?, settled = ?, guard = ?, lamport = ?, newest = ?,"
        " title = ?, characters = ?, places = ?, last = ?, line = ?, problem = ? WHERE id = ?",
        (*(stamp.inode, stamp.size, stamp.changed, stamp.ctime, end.settled, end.guard, end.order[0]),
         *(stored(end.order[1]), stored(end.title), json.dumps(end.characters), end.places, end.last),
         stored(line), stored(end.problem), chat),
    )  # fmt: skip


def _insert(db: sqlite3.Connection, index: LibraryIndex, chat: int, name: str, rows: Iterable[_Row]) -> None:
    """Write ``rows``, which come in the order of the chat; those that have a number keep it."""
    before, second = 0, None
    add = "INSERT OR IGNORE INTO turns VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
    for row in rows:
        place = row.id or (before + 1 if row.at == second else _first_number(row.at, name))
        turn, parent, speaker, who, at, text = row.said
        values = (chat, turn, parent, speaker, who, at, text)
        while db.execute(add, (place, *values)).rowcount == 0:
            place = _free_number(db, place)
        if index.full_text:
            db.execute("INSERT INTO words(rowid, text) VALUES(?, ?)", (place, parted(text)))
        before, second = place, row.at


def _remove(db: sqlite3.Connection, index: LibraryIndex, rows: Iterable[_Row]) -> None:
    for row in rows:
        db.execute("DELETE FROM turns WHERE id = ?", (row.id,))
        if index.full_text:
            db.execute("INSERT INTO words(words, rowid, text) VALUES('delete', ?, ?)", (row.id, parted(row.text)))


def _first_number(at: int, name: str) -> int:
    """Where turns of the second ``at`` begin; those without a date begin at a place of their chat's own."""
    second = at if at >= _DATED else zlib.crc32(os.fsencode(name)) % _DATED
    return second * _SLOTS


def _free_number(db: sqlite3.Connection, taken: int) -> int:
    ask = (
        "SELECT id + 1 FROM turns AS one WHERE id >= ? AND NOT EXISTS"
        " (SELECT 1 FROM turns WHERE id = one.id + 1) ORDER BY id LIMIT 1"
    )
    return int(db.execute(ask, (taken,)).fetchone()[0])
