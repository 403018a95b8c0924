"""A library on a real disk with its index, and what an index holds as plain values that two can be compared by."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain.events import ChatEvent, ChatStarted, Speaker, TurnAdded
from tavern_tui.formats.chatlog import encode
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_upkeep import Pass, Sources, bring_up_to_date
from tavern_tui.storage.index_words import word_query
from tavern_tui.storage.library import Library
from tavern_tui.storage.search import Hit, newest

NIGHT = 1_760_000_000


class Shelf:
    """A library below ``root`` without shipped samples, and its index."""

    def __init__(self, root: Path, *, full_text: bool | None = None) -> None:
        self.root = root
        self.dirs = Directories(root, root / "config", root / "state", root / "cache")
        nothing = root / "nothing"
        self.library = Library(self.dirs, shipped_cards=nothing, shipped_worlds=nothing)
        self.sources = Sources(self.library, self.dirs.chats, lambda path: f"the end of {path.stem}")
        self.full_text = full_text
        self.index = LibraryIndex(self.dirs.cache, root, full_text=full_text)

    def look(self) -> Pass:
        """Take in what changed on disk."""
        *_, last = bring_up_to_date(self.index, self.sources)
        return last

    def rebuilt(self) -> LibraryIndex:
        """Another index of the same library, made from nothing."""
        other = LibraryIndex(self.root / "other cache", self.root, full_text=self.full_text)
        other.drop()
        for _ in bring_up_to_date(other, self.sources):
            pass
        return other

    def chat(self, name: str, *texts: str, at: int = NIGHT) -> Path:
        """A chat of these turns, a minute between two."""
        started = ChatEvent(f"{name}-start", "rig", 1, ChatStarted(name, ("Mira",), "Alex"), at=at)
        events, above = [started], ""
        for number, text in enumerate(texts):
            turn = TurnAdded(above, Speaker.CHARACTER, "Mira", text)
            above = f"{name}-{number}"
            events.append(ChatEvent(above, "rig", number + 2, turn, (events[-1].id,), at + 60 * number))
        path = self.dirs.chats / f"{name}.jsonl"
        write(path, events)
        return path

    def log(self, path: Path) -> ChatLog:
        """The chat at ``path``, to write on in it."""
        return ChatLog.open(path, device="rig", state=self.dirs.journals, clock=lambda: NIGHT + 86_400)

    def found(self, words: str, *, after: int = 0) -> tuple[Hit, ...]:
        """The first page of hits."""
        query = word_query(words)
        assert query is not None
        return newest(self.index, query, after=after).hits

    def texts(self, words: str) -> list[str]:
        """The snippets of the first page."""
        return [hit.snippet for hit in self.found(words)]


def write(path: Path, events: Iterable[ChatEvent]) -> None:
    """A chat's file with ``events``, in their order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(event) + b"\n" for event in events))


def contents(index: LibraryIndex) -> dict[str, list[tuple[object, ...]]]:
    """Everything that an index tells, free of the numbers that rows happened to get."""
    return index.read(_contents)


def _contents(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = {number: os.fsdecode(path) for number, path in db.execute("SELECT id, path FROM chats")}
    turns = list(db.execute("SELECT id, chat, turn, parent, speaker, name, at, text FROM turns"))
    where = {number: (names[chat], turn) for number, chat, turn, *_ in turns}
    told: dict[str, list[tuple[object, ...]]] = {
        "objects": sorted(db.execute("SELECT * FROM objects")),
        "chats": sorted(
            db.execute(
                "SELECT path, inode, size, changed, ctime, settled, guard, lamport, newest, title, characters, places,"
                " last, line, problem FROM chats"
            )
        ),
        "turns": sorted((names[chat], *facts) for _, chat, *facts in turns),
    }
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone():
        db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.places USING fts5vocab(main, words, instance)")
        told["words"] = sorted(
            (term, *where[doc], offset) for term, doc, _, offset in db.execute("SELECT * FROM places")
        )
    return told
