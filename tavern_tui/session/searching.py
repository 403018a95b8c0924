"""Search over all chats, for the command line and the app: what is typed, pages of what is found, safe to show."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.display import safe_line
from tavern_tui.session.privacy import NOTHING_PRIVATE, Private
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_words import word_query
from tavern_tui.storage.search import PAGE, RANKED, Hit, Page, best, newest

NO_FULL_TEXT = (
    "This Python's SQLite has no full-text search (FTS5): every turn is looked at, which takes seconds in a large"
    " library."
)
NOT_ALL = "Not every turn was looked at yet."
NO_WORD = "Type at least one word of what was said."


@dataclass(frozen=True, slots=True)
class Found:
    """One turn that was found, every text on one line and safe to show.

    ``chat`` opens its chat, ``turn`` is its id there; ``marks`` are where the words stand in ``snippet``.
    """

    chat: str
    title: str
    turn: str
    name: str
    at: int
    snippet: str
    marks: tuple[tuple[int, int], ...]
    characters: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """When it was said, in local time; empty where that is not known."""
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.at)) if self.at > 0 else ""

    def record(self) -> dict[str, Any]:
        """The turn as plain values."""
        return {
            "chat": self.chat,
            "title": self.title,
            "characters": list(self.characters),
            "turn": self.turn,
            "name": self.name,
            "at": self.at,
            "snippet": self.snippet,
            "marks": [list(mark) for mark in self.marks],
        }


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page: what was found, from where the next goes on (0 at the end), and what is to be said about it."""

    found: tuple[Found, ...] = ()
    after: int = 0
    notes: tuple[str, ...] = ()


def search(
    index: LibraryIndex,
    typed: str,
    *,
    after: int = 0,
    ranked: bool = False,
    limit: int = PAGE,
    hides: Private = NOTHING_PRIVATE,
) -> FoundPage:
    """The turns in which all words of ``typed`` stand, the newest first; ``ranked``: the best of the newest first.

    ``after`` is the ``after`` of the page before. What ``hides`` names is left out: a page may then be short, and is
    never empty where there is more. Blocks. Raises ``StorageError``.
    """
    query = word_query(typed)
    if query is None:
        return FoundPage(notes=(NO_WORD,) if typed.strip() else ())
    while True:
        page = best(index, query, limit=limit) if ranked else newest(index, query, after=after, limit=limit)
        shown = tuple(_found(hit) for hit in page.hits if not hides.hides(hit.chat, hit.characters))
        if shown or not page.hits or not page.after:
            return FoundPage(shown, page.after, tuple(_notes(index, page)))
        after = page.after


def _notes(index: LibraryIndex, page: Page) -> list[str]:
    notes = [] if index.full_text else [NO_FULL_TEXT]
    if not page.complete:
        notes.append(NOT_ALL)
    if page.ranked >= RANKED:
        notes.append(f"Ranked are the newest {RANKED:,} turns with these words.")
    return notes


def _found(hit: Hit) -> Found:
    return Found(
        chat=hit.chat,
        title=safe_line(hit.title),
        turn=hit.turn,
        name=safe_line(hit.name),
        at=hit.at,
        snippet=hit.snippet,
        marks=hit.marks,
        characters=tuple(map(safe_line, hit.characters)),
    )
