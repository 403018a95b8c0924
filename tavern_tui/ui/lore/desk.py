"""``LoreDesk``: a lorebook on the table: which entries are shown, which are marked, and every change of them.

The screens show it and ask it; it touches no widget. Disk work runs in threads, one change after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.session.lore_editing import Edit, OpenBook, with_each, with_more, without
from tavern_tui.session.lore_fields import bulk_change
from tavern_tui.session.lore_listing import EntryList, EntryRow, LoreNow, Only, Sort
from tavern_tui.session.lore_shelf import BookRow
from tavern_tui.session.lore_trial import LoreTrial, estimated
from tavern_tui.ui.editor import Editor, not_edited

_AT_ONCE = 500  # texts that are counted in one request


async def _uncounted(_texts: Sequence[str]) -> dict[str, int]:
    return {}


async def _unseen(_book: Lorebook, _changed: bool) -> tuple[LoreNow | None, str]:
    return None, ""


@dataclass(frozen=True, slots=True)
class LoreTools:
    """What the desk works with beside the book; what is left out is not there, as in a chat that cannot be opened.

    ``count`` gives tokens by text, as far as an engine was reached. ``look`` says what fires in the next prompt (told
    whether the book was changed), and a sentence about the chat. ``attempt`` tries a text, the chat itself where it is
    empty. ``books`` and ``open`` are the others, for moving entries. ``editor`` opens a text in $EDITOR. ``turns`` are
    the titles that fired in the chat, each with its newest turn.
    """

    count: Callable[[Sequence[str]], Awaitable[Mapping[str, int]]] = _uncounted
    look: Callable[[Lorebook, bool], Awaitable[tuple[LoreNow | None, str]]] = _unseen
    attempt: Callable[[Lorebook, str], Awaitable[LoreTrial]] | None = None
    books: Callable[[], list[BookRow]] = list
    open: Callable[[BookRow], OpenBook] | None = None
    editor: Editor = not_edited
    turns: Mapping[str, int] = field(default_factory=dict)


class LoreDesk:
    """``open_book`` on the table. ``about`` is what the chat says of it."""

    def __init__(self, open_book: OpenBook, tools: LoreTools) -> None:
        self.open_book = open_book
        self.tools = tools
        self.list = EntryList(open_book.book, tools.turns)
        self.marked: set[int] = set()
        self.words = ""
        self.only = Only.ALL
        self.sort = Sort.FIRED if any(row.turn for row in self.list.rows) else Sort.BOOK
        self.about = ""
        self._changing = asyncio.Lock()

    def shown(self) -> list[EntryRow]:
        """The entries that are looked for, in their order."""
        return self.list.shown(self.words, self.only, self.sort)

    def state(self) -> str:
        """What is not as usual about what is shown; empty where all is."""
        said = [
            f"only {self.only.value}" if self.only is not Only.ALL else "",
            f"“{self.words.strip()}”" if self.words.strip() else "",
            f"by {self.sort.value}" if self.sort is not Sort.BOOK else "",
            f"{len(self.marked):,} marked" if self.marked else "",
        ]
        return " · ".join(text for text in said if text)

    def row(self, uid: int) -> EntryRow | None:
        """An entry as it is now."""
        return next((row for row in self.list.rows if row.entry.uid == uid), None)

    def targets(self, selected: EntryRow | None) -> list[LoreEntry]:
        """What a command is about: the marked entries, else the selected one."""
        if self.marked:
            return [row.entry for row in self.list.rows if row.entry.uid in self.marked]
        return [selected.entry] if selected is not None else []

    def mark(self, uids: Collection[int]) -> None:
        """Mark these entries, or no longer where all of them were."""
        if self.marked.issuperset(uids):
            self.marked.difference_update(uids)
        else:
            self.marked.update(uids)

    async def change(self, what: str, edit: Edit) -> str:
        """Make a change and save it; what to say. Raises ``TavernError``."""
        async with self._changing:
            changed = await asyncio.to_thread(self.open_book.change, what, edit)
            self._take()
        return self._told(f"Saved: {what}" if changed else "Nothing is different")

    async def undo(self) -> str:
        """Take the last change back; what to say. Raises ``TavernError``."""
        async with self._changing:
            what = await asyncio.to_thread(self.open_book.undo)
            self._take()
        return self._told(f"Taken back: {what}" if what else "There is nothing to take back")

    async def switch(self, entries: Sequence[LoreEntry]) -> str:
        """Switch entries on; off where all of them are."""
        on = not all(one.enabled for one in entries)
        return await self.change(f"{_named(entries)} {'on' if on else 'off'}", each(entries, enabled=on))

    async def set_field(self, entries: Sequence[LoreEntry], name: str, title: str, typed: str) -> str:
        """Set a field of entries to what was typed. Raises ``SettingsError`` where that cannot be."""
        edit = bulk_change(name, typed)
        return await self.change(f"{title.lower()} of {_named(entries)}", with_each(uids(entries), edit))

    async def put(self, entry: LoreEntry, title: str) -> str:
        """Have ``entry`` in place of the one with its number."""
        return await self.change(f"{title.lower()} of {_named([entry])}", with_each({entry.uid}, lambda _one: entry))

    async def delete(self, entries: Sequence[LoreEntry]) -> str:
        """Take entries out."""
        return await self.change(f"{_named(entries)} deleted", without(uids(entries)))

    async def duplicate(self, entries: Sequence[LoreEntry]) -> str:
        """Put copies of entries at the end."""
        return await self.change(f"{_named(entries)} copied", with_more(entries))

    async def add(self) -> int:
        """A new entry at the end; its number."""
        before = {one.uid for one in self.open_book.book.entries}
        await self.change("a new entry", with_more([LoreEntry()]))
        return next(one.uid for one in self.open_book.book.entries if one.uid not in before)

    async def carry(self, entries: Sequence[LoreEntry], other: OpenBook, *, move: bool) -> str:
        """Put entries into another book; take them out of this one where they ``move``."""
        name = _named(entries)
        await asyncio.to_thread(other.change, f"{name} from {self.open_book.name}", with_more(entries))
        if move:
            return await self.change(f"{name} moved to {other.name}", without(uids(entries)))
        return f"{name} copied to {other.name}."

    async def learn(self, *, changed: bool = False) -> None:
        """Find out what the chat says of the book, and how many tokens its texts have."""
        await asyncio.to_thread(self.list.check)
        now, self.about = await self.tools.look(self.open_book.book, changed)
        self.list.know(now)
        texts = self.list.uncounted()
        for start in range(0, len(texts), _AT_ONCE):
            counted = await self.tools.count(texts[start : start + _AT_ONCE])
            if not counted:
                break
            self.list.count(counted)

    async def tokens(self, text: str) -> tuple[int, bool]:
        """Tokens of a text, and whether an engine counted them."""
        counted = await self.tools.count([text])
        return (counted[text], True) if text in counted else (estimated([text])[0], False)

    def _take(self) -> None:
        self.list.take(self.open_book.book)
        self.marked.intersection_update(one.uid for one in self.open_book.book.entries)

    def _told(self, what: str) -> str:
        notes = [f"{what}.", *self.open_book.notes]
        self.open_book.notes.clear()
        return " ".join(notes)


def uids(entries: Collection[LoreEntry]) -> frozenset[int]:
    """The numbers of entries."""
    return frozenset(one.uid for one in entries)


def each(entries: Collection[LoreEntry], **values: object) -> Edit:
    """Other values for fields of entries."""
    return with_each(uids(entries), lambda one: replace(one, **values))  # type: ignore[arg-type]


def _named(entries: Sequence[LoreEntry]) -> str:
    if len(entries) != 1:
        return f"{len(entries):,} entries"
    title = entries[0].comment.strip() or next(iter(entries[0].keys), "")
    return f"“{title[:40]}”" if title else f"entry {entries[0].uid}"
