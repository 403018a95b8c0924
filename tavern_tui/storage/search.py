"""Search in the turns of all chats: the newest first, a page at a time, or the best of the newest.

The index numbers turns by time, so a page is the greatest numbers below the last one shown, and SQLite stops at the
page's end however long the chats are. Ranking looks at the newest ``RANKED`` hits only, and is asked for. Where
Python's SQLite has no full-text search (FTS5), every turn's text is looked at, newest first, for as long as is given.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from tavern_tui.domain.display import safe
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_words import WordQuery

PAGE = 50
RANKED = 2_000
SNIPPET = 160
"""Characters of a snippet."""

LOOKING_SECONDS = 2.0
"""How long one page is looked for without full-text search."""

_BEFORE = 50  # characters of a snippet that stand before the first match
_SLICE = 2_000
_GREATEST = 2**62
_CANDIDATES = 400
_MATCHING = "SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Hit:
    """One turn that was found. ``chat`` opens its chat, ``turn`` is its id there; ``at`` is Unix seconds.

    ``snippet`` is a part of its text on one line and safe to show, ``marks`` where the words stand in it; the other
    texts are not safe before they went through ``display.safe_line``.
    """

    number: int
    chat: str
    title: str
    characters: tuple[str, ...]
    turn: str
    speaker: str
    name: str
    at: int
    snippet: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Hits, and the number from which the next page goes on; 0 at the end.

    ``ranked`` of a page of the best says how many hits were compared. ``complete`` is false where looking through the
    turns took too long and ended before the page was full.
    """

    hits: tuple[Hit, ...]
    after: int = 0
    ranked: int = 0
    complete: bool = True


def newest(index: LibraryIndex, query: WordQuery, *, after: int = 0, limit: int = PAGE) -> Page:
    """The newest turns with every word of ``query``, those after the one numbered ``after`` (0: from the newest).

    Raises ``StorageError``.
    """
    return index.read(lambda db: _newest(db, index, query, after, limit))


def best(index: LibraryIndex, query: WordQuery, *, limit: int = PAGE) -> Page:
    """Of the newest ``RANKED`` hits those that are most about ``query``, the best first. Raises ``StorageError``."""
    return index.read(lambda db: _best(db, index, query, limit))


def _newest(db: sqlite3.Connection, index: LibraryIndex, query: WordQuery, after: int, limit: int) -> Page:
    numbers, complete, reached = _numbers(db, index, query, after or _GREATEST, limit)
    hits = tuple(_hit(db, query, number) for number in numbers)
    if not complete:
        return Page(hits, reached, complete=False)
    return Page(hits, hits[-1].number if len(hits) == limit else 0)


def _best(db: sqlite3.Connection, index: LibraryIndex, query: WordQuery, limit: int) -> Page:
    numbers, complete, _ = _numbers(db, index, query, _GREATEST, RANKED)
    ask = "SELECT text FROM turns WHERE id = ?"
    weights = {number: query.weight(db.execute(ask, (number,)).fetchone()[0]) for number in numbers}
    chosen = sorted(numbers, key=lambda number: (-weights[number], -number))[:limit]
    return Page(tuple(_hit(db, query, number) for number in chosen), ranked=len(numbers), complete=complete)


def _numbers(
    db: sqlite3.Connection, index: LibraryIndex, query: WordQuery, below: int, limit: int
) -> tuple[list[int], bool, int]:
    """Numbers of turns, the greatest first; whether all were looked at that had to be, and the last looked at."""
    if not index.full_text:
        return _looked_through(db, query, below, limit)
    if limit <= PAGE and len(frequent := _among_shorter(db, query, below, limit)) == limit:
        return frequent, True, 0
    return [number for (number,) in db.execute(_MATCHING, (query.match, below, limit))], True, 0


def _among_shorter(db: sqlite3.Connection, query: WordQuery, below: int, limit: int) -> list[int]:
    """A page of a long beginning that stands in many turns: SQLite would first gather all of these.

    Those of its first letters are kept gathered, so the newest of them are looked at, a few hundred; fewer than
    ``limit`` hits among these mean that the beginning is rare enough to be asked for itself.
    """
    found: list[int] = []
    if not query.shorter:
        return found
    ask = "SELECT text FROM turns WHERE id = ?"
    for (number,) in db.execute(_MATCHING, (query.shorter, below, _CANDIDATES)):
        if query.is_in(db.execute(ask, (number,)).fetchone()[0]):
            found.append(number)
            if len(found) == limit:
                break
    return found


def _looked_through(
    db: sqlite3.Connection, query: WordQuery, below: int, limit: int, clock: Callable[[], float] = time.monotonic
) -> tuple[list[int], bool, int]:
    until = clock() + LOOKING_SECONDS
    found: list[int] = []
    ask = "SELECT id, text FROM turns WHERE id < ? ORDER BY id DESC LIMIT ?"
    while rows := db.execute(ask, (below, _SLICE)).fetchall():
        for number, text in rows:
            if query.is_in(text):
                found.append(number)
                if len(found) == limit:
                    return found, True, number
        below = rows[-1][0]
        if clock() > until:
            return found, False, below
    return found, True, below


def _hit(db: sqlite3.Connection, query: WordQuery, number: int) -> Hit:
    ask = (
        "SELECT chats.path, title, characters, turn, speaker, turns.name, at, text FROM turns"
        " JOIN chats ON chats.id = turns.chat WHERE turns.id = ?"
    )
    path, title, characters, turn, speaker, name, at, text = db.execute(ask, (number,)).fetchone()
    snippet, marks = snippet_of(safe(text), query)
    chat = os.fsdecode(path).removesuffix(".jsonl")
    return Hit(number, chat, title, tuple(json.loads(characters)), turn, speaker, name, at, snippet, marks)


def snippet_of(text: str, query: WordQuery, length: int = SNIPPET) -> tuple[str, tuple[tuple[int, int], ...]]:
    """At most ``length`` characters of ``text`` around its first match, on one line, and where the words stand there.

    A cut end is shown by ``…``.
    """
    line = " ".join(text.split())
    marks = query.marks(line)
    first = marks[0][0] if marks else 0
    start = 0 if first <= _BEFORE else _word_start(line, first - _BEFORE, first)
    end = len(line) if len(line) - start <= length else _word_end(line, start, start + length)
    lead = "… " if start else ""
    shift = len(lead) - start
    inside = tuple((a + shift, b + shift) for a, b in marks if a >= start and b <= end)
    return f"{lead}{line[start:end]}{' …' if end < len(line) else ''}", inside


def _word_start(line: str, place: int, latest: int) -> int:
    blank = line.find(" ", place, latest)
    return blank + 1 if blank >= 0 else place


def _word_end(line: str, start: int, place: int) -> int:
    blank = line.rfind(" ", start, place)
    return blank if blank > start + SNIPPET // 2 else place
