"""Keeping the index equal to the library's files: what was changed, added or removed, by whomever, is taken in.

A pass is one walk over names and times, and reads what is new. It goes in small steps, so that whoever runs it may do
something else between two, or stop; what is done stays done. One program at a time keeps an index.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_cards import changed_objects, read_objects
from tavern_tui.storage.index_chats import SUFFIX, forget_chat, index_chat, known_chats
from tavern_tui.storage.index_files import stamp_of, stamps
from tavern_tui.storage.library import Library
from tavern_tui.storage.locks import FileLock, HeldError


@dataclass(frozen=True, slots=True)
class Sources:
    """What an index is made from. ``line_of`` tells the newest turn of a chat's file as a list shows it."""

    library: Library
    chats: Path
    line_of: Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Pass:
    """How far a pass is: files that were new or changed, of each kind, and those ``removed`` from the disk.

    ``turns`` are those of the chat being read. ``elsewhere`` says that another program keeps the index just now, and
    that this one did nothing.
    """

    cards: int = 0
    all_cards: int = 0
    chats: int = 0
    all_chats: int = 0
    turns: int = 0
    removed: int = 0
    elsewhere: bool = False

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.all_cards or self.all_chats or self.removed)

    @property
    def done(self) -> bool:
        """Whether this was the last step."""
        return self.cards == self.all_cards and self.chats == self.all_chats


def bring_up_to_date(index: LibraryIndex, sources: Sources, *, wait: float = 0.0) -> Generator[Pass, None, None]:
    """Make ``index`` equal to the files; yields after each step, of at most about 50 ms, and once at the end.

    Cards come first: they are what a list shows. ``wait`` is how many seconds another program is waited for. Raises
    ``StorageError``.
    """
    lock = FileLock(index.upkeep_lock, timeout=wait, guarded=index.path)
    try:
        lock.acquire()
    except HeldError:
        yield Pass(elsewhere=True)
        return
    try:
        yield from _pass(index, sources)
        if not index.is_filled():
            index.note("filled", "1")
    finally:
        lock.release()


def take_in_chat(index: LibraryIndex, sources: Sources, path: Path) -> None:
    """Take in what one chat's file says now; nothing while another program keeps the index. Raises ``StorageError``."""
    lock = FileLock(index.upkeep_lock, timeout=0, guarded=index.path)
    try:
        lock.acquire()
    except HeldError:
        return
    try:
        stamp, known = stamp_of(path), known_chats(index).get(path.name)
        if stamp is not None and (known is None or known.stamp != stamp):
            for _ in index_chat(index, path, stamp, known, sources.line_of):
                pass
    finally:
        lock.release()


def _pass(index: LibraryIndex, sources: Sources) -> Iterator[Pass]:
    waiting, dropped = changed_objects(index, sources.library)
    here = stamps(sources.chats, (SUFFIX,))
    known = known_chats(index)
    gone = [name for name in known if name not in here]
    changed = [name for name, stamp in here.items() if name not in known or known[name].stamp != stamp]
    now = Pass(all_cards=len(waiting), all_chats=len(changed), removed=dropped + len(gone))
    yield now
    for cards in read_objects(index, sources.library, waiting):
        now = replace(now, cards=cards)
        yield now
    for name in gone:
        for turns in forget_chat(index, known[name]):
            yield replace(now, turns=turns)
    # The last written first: what was talked about today is found before what was said years ago.
    for name in sorted(changed, key=lambda one: -here[one].changed):
        for turns in index_chat(index, sources.chats / name, here[name], known.get(name), sources.line_of):
            yield replace(now, turns=turns)
        now = replace(now, chats=now.chats + 1)
        yield now
    if now.changed:
        yield now
