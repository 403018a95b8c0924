"""The library through its index: the index of a workspace, brought up to date, and the list of characters from it.

The list is there at once, as it was when the index was last looked after; what changed since is read meanwhile, and the
list told anew. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import StorageError
from tavern_tui.session.character_list import NO_CARD, CharacterRow, ChatRow, ListedCharacters, last_line
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.device import Device
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_cards import indexed_characters, listed_cards
from tavern_tui.storage.index_lists import Counts, IndexedChat, counts, indexed_chats
from tavern_tui.storage.index_upkeep import Pass, Sources, bring_up_to_date
from tavern_tui.storage.library import CharacterEntry

TOLD_SECONDS = 0.5
"""How often a list is told anew while the library is read for the first time."""

WAIT_SECONDS = 10.0
"""How long a command waits for another program that looks after the index."""


def open_index(workspace: Workspace, *, full_text: bool | None = None) -> LibraryIndex:
    """The index of this user's library, in the cache folder. Nothing is opened or made yet."""
    return LibraryIndex(workspace.directories.index, workspace.directories.data, full_text=full_text)


def sources_of(workspace: Workspace) -> Sources:
    """What that index is made from."""
    device = Device(workspace.directories.state).known
    return Sources(workspace.library, workspace.directories.chats, partial(last_line, device=device))


def index_steps(workspace: Workspace, index: LibraryIndex) -> Generator[Pass, None, None]:
    """Bring ``index`` up to date in steps of at most about 50 ms. Raises ``StorageError``."""
    return bring_up_to_date(index, sources_of(workspace))


def keep_index(
    workspace: Workspace, index: LibraryIndex, *, wait: float = 0.0, told: Callable[[Pass], None] | None = None
) -> Pass:
    """Bring ``index`` up to date to the end, telling every step. Raises ``StorageError``."""
    last = Pass()
    for last in bring_up_to_date(index, sources_of(workspace), wait=wait):
        if told is not None:
            told(last)
    return last


def listed_characters(workspace: Workspace, index: LibraryIndex | None = None) -> Iterator[ListedCharacters]:
    """The characters, the one last talked to first, favourites, then by name: as the index knows them, then as it is.

    The last one told is what is on disk. Raises ``StorageError``.
    """
    index = open_index(workspace) if index is None else index
    filled = index.is_filled()
    if filled:
        yield _listed(workspace, index)
    told, step = time.monotonic(), Pass()
    for step in bring_up_to_date(index, sources_of(workspace)):
        done, total = step.cards + step.chats, step.all_cards + step.all_chats
        if done < total and time.monotonic() - told >= TOLD_SECONDS:
            yield _listed(workspace, index, done, total)
            told = time.monotonic()
    if step.changed or not filled:
        yield _listed(workspace, index)


def characters_in_library(workspace: Workspace) -> list[CharacterEntry]:
    """Every character card, own and shipped, by name: through the index, so that only what is new or changed is read.

    Where the index cannot be used, from the files. Raises ``StorageError`` where these cannot be read.
    """
    index = open_index(workspace)
    try:
        with closing(bring_up_to_date(index, sources_of(workspace), wait=1.0)) as steps:
            step = next(step for step in steps if step.elsewhere or step.cards == step.all_cards)  # chats can wait
        if not step.elsewhere:
            return indexed_characters(index, workspace.library)
    except StorageError:
        pass
    finally:
        index.close()
    return workspace.library.characters()


def library_counts(index: LibraryIndex) -> Counts:
    """How much of everything the index holds. Raises ``StorageError``."""
    return counts(index)


def _listed(workspace: Workspace, index: LibraryIndex, done: int = 0, total: int = 0) -> ListedCharacters:
    chats: dict[str, list[ChatRow]] = {}
    others: list[ChatRow] = []
    for chat in indexed_chats(index, workspace.directories.chats):
        with_them = chats.setdefault(chat.summary.characters[0], []) if chat.summary.characters else others
        with_them.append(_chat_row(chat))
    rows = [
        CharacterRow(
            name,
            safe_line(name),
            path,
            tuple(chats.get(name, ())),
            safe_line(problem) if problem else "",
            words,
            marked,
            tags if tags != "[]" else "",
        )
        for name, path, problem, words, marked, tags in listed_cards(index, workspace.library)
    ]
    known = {row.name for row in rows}
    rows += [
        CharacterRow(name, safe_line(name), None, tuple(with_them), NO_CARD)
        for name, with_them in chats.items()
        if name not in known
    ]
    rows.sort(key=lambda row: (-row.last, not row.favourite, row.title.casefold()))
    return ListedCharacters(rows, done, total, tuple(others))


def _chat_row(chat: IndexedChat) -> ChatRow:
    told = chat.summary
    return ChatRow(
        told.name,
        safe_line(told.title),
        told.turns,
        told.last,
        safe_line(chat.line),
        safe_line(told.problem),
        told.characters,
    )
