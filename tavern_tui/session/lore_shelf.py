"""The lorebooks that there are: the library's and the one in the character's card, and where each is read.

Made, copied, renamed, deleted to the trash, brought in; switched for this chat or for every chat. What is inside of one
is ``session.lore_editing``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.config.settings import remember
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import NotFoundError, SettingsError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.formats.lorebook import write_lorebook
from tavern_tui.session.lore_books import PROPERTY, names_in
from tavern_tui.session.lore_editing import BookFile, CardBook, OpenBook
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.worlds import WRITABLE, delete_world, new_world, restore_world, save_world, world_at
from tavern_tui.storage.shelf import worlds_shelf

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession

_CARD, _FILE = "card:", "file:"


@dataclass(frozen=True, slots=True)
class BookRow:
    """A lorebook in the list. ``id`` tells it from the others; ``entries`` is how many it has.

    ``everywhere``, ``in_chat``, ``of_character`` and ``of_persona`` say why the chat reads it. ``in_card``: it is part
    of the character's card. ``shipped``: it came with the program. ``problem`` says why it cannot be read.
    """

    id: str
    name: str
    path: Path
    entries: int = 0
    everywhere: bool = False
    in_chat: bool = False
    of_character: bool = False
    of_persona: bool = False
    in_card: bool = False
    shipped: bool = False
    problem: str = ""

    @property
    def read_by(self) -> tuple[str, ...]:
        """Why the chat reads it, in words; empty where it does not."""
        said = {
            "in the card": self.in_card,
            "the character's": self.of_character and not self.in_card,
            "the persona's": self.of_persona,
            "this chat": self.in_chat,
            "every chat": self.everywhere,
        }
        return tuple(words for words, holds in said.items() if holds)


def list_books(workspace: Workspace, session: ChatSession | None) -> list[BookRow]:
    """Every lorebook, those that the chat reads first. Blocks; raises ``StorageError``."""
    everywhere = {name.casefold() for name in workspace.settings.lore.books}
    chat = {name.casefold() for name in names_in(session.tree.properties)} if session is not None else set()
    linked = _linked(session)
    persona = session.persona.lorebook.strip().casefold() if session is not None else ""
    rows = [
        BookRow(
            f"{_FILE}{one.path}",
            one.name,
            one.path,
            one.size,
            everywhere=one.name.casefold() in everywhere,
            in_chat=one.name.casefold() in chat,
            of_character=one.name.casefold() in linked,
            of_persona=one.name.casefold() == persona,
            shipped=one.shipped,
            problem=one.problem,
        )
        for one in workspace.library.lorebooks()
    ]
    rows += _in_card(workspace, session)
    there = {row.name.casefold() for row in rows}
    missing = [*workspace.settings.lore.books, *(names_in(session.tree.properties) if session is not None else ())]
    rows += [_gone(name, everywhere, chat) for name in dict.fromkeys(missing) if name.casefold() not in there]
    return sorted(rows, key=lambda row: (not row.read_by, not row.in_card, row.name.casefold()))


def open_book(workspace: Workspace, row: BookRow) -> OpenBook:
    """The book to be edited. Blocks; raises ``FormatError``, ``NotFoundError``, ``StorageError``."""
    return OpenBook(workspace, CardBook(workspace, row.path) if row.in_card else BookFile(workspace, row.path))


def make_book(workspace: Workspace, name: str) -> Path:
    """A new lorebook without entries. Raises ``SettingsError`` for a name that cannot be one, or is taken."""
    return new_world(workspace, name).path


def copy_book(workspace: Workspace, row: BookRow) -> Path:
    """A copy of a book in the library, under its name with a number. Blocks."""
    taken = {one.name.casefold() for one in workspace.library.lorebooks()}
    name = next(name for number in count(2) if (name := f"{row.name} {number}").casefold() not in taken)
    if not row.in_card:
        return _named_inside(workspace, new_world(workspace, name, source=str(row.path)).path)
    book = open_book(workspace, row).book
    return worlds_shelf(workspace.directories).add(name, write_lorebook(replace(book, name=name)))


def rename_book(workspace: Workspace, row: BookRow, name: str) -> Path:
    """Give a book of one's own another name; where it is read by name in every chat, it still is. Blocks.

    Raises ``SettingsError`` for a name that cannot be one, or is taken.
    """
    _own(row, "renamed")
    path = worlds_shelf(workspace.directories).rename(row.path, name)
    if row.everywhere:
        _keep(workspace, lambda names: [path.stem if one.casefold() == row.name.casefold() else one for one in names])
    return _named_inside(workspace, path)


def delete_book(workspace: Workspace, row: BookRow) -> Path:
    """Move a book of one's own to the trash; where it was. Blocks."""
    _own(row, "deleted")
    return delete_world(workspace, row.path.stem)


def bring_back(workspace: Workspace, name: str) -> Path:
    """Bring a deleted book back. Blocks; raises ``NotFoundError``, ``SettingsError`` where its name is taken."""
    return restore_world(workspace, name)


def take_in(workspace: Workspace, typed: str) -> Path:
    """A lorebook of any program, at a path, taken into the library. Blocks; raises ``FormatError``, …"""
    path = Path(typed.strip()).expanduser()
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.", hint="Name a lorebook's file, such as ~/books/inn.json.")
    return new_world(workspace, path.stem, source=str(path)).path


def switch_everywhere(workspace: Workspace, row: BookRow) -> str:
    """Let every chat read a book, or no longer; what to say about it. Blocks; raises ``SettingsError``."""
    _file(row)
    on = not row.everywhere
    key = row.name.casefold()
    _keep(workspace, lambda names: [*(one for one in names if one.casefold() != key), *([row.name] if on else [])])
    again = Workspace.open(safe=workspace.safe, dirs=workspace.directories)
    if (key in {one.casefold() for one in again.settings.lore.books}) is not on:
        raise SettingsError("config.yaml says which books every chat reads: lore.books there stands above this.")
    return f"{row.name} is read in every chat {'from now on' if on else 'no longer'}"


async def follow_renamed(session: ChatSession, old: str, new: str) -> None:
    """Let an open chat read under its new name what it read under the old one. Raises ``StorageError``."""
    names = names_in(session.tree.properties)
    if old in names:
        await session.changes.write(PropertySet(PROPERTY, [new if one == old else one for one in names]))


def row_of(rows: list[BookRow], name: str) -> BookRow | None:
    """The readable book that is called so, in any case of letters."""
    wanted = name.strip().casefold()
    return next((row for row in rows if not row.problem and row.name.casefold() == wanted), None)


def _named_inside(workspace: Workspace, path: Path) -> Path:
    """A book's own name as its file's; one of a program whose files are only read keeps what it says."""
    world = world_at(workspace, path)
    if world.book.name != path.stem and world.program in WRITABLE:
        save_world(workspace, world, replace(world.book, name=path.stem))
    return path


def _in_card(workspace: Workspace, session: ChatSession | None) -> list[BookRow]:
    """The books inside of the characters' cards."""
    found = []
    for character in _characters(session):
        if character.lorebook is None:
            continue
        try:
            card, path = workspace.card_of(character.name)
        except TavernError:  # whoever talks in the chat is told of it there
            continue
        if card.lorebook is not None:
            many, shipped = len(card.lorebook.entries), workspace.is_sample(path)
            found.append(BookRow(f"{_CARD}{path}", card.name, path, many, in_card=True, shipped=shipped))
    return found


def _characters(session: ChatSession | None) -> list[Character]:
    """Who talks in the chat, the user aside."""
    if session is None:
        return []
    if session.group is None:
        return [session.character]
    return [player.character for player in session.group.players.values()]


def _linked(session: ChatSession | None) -> set[str]:
    """The names of the books that the characters' cards are linked to, in lower case."""
    found = set()
    for character in _characters(session):
        data = character.source.get("data")
        extensions = data.get("extensions") if isinstance(data, dict) else None
        name = extensions.get("world") if isinstance(extensions, dict) else None
        if isinstance(name, str) and name.strip():
            found.add(name.strip().casefold())
    return found


def _gone(name: str, everywhere: set[str], chat: set[str]) -> BookRow:
    key = name.casefold()
    problem = "It is not in the library: nothing is read of it."
    return BookRow(
        f"{_FILE}{name}", name, Path(name), everywhere=key in everywhere, in_chat=key in chat, problem=problem
    )


def _own(row: BookRow, done: str) -> None:
    if row.in_card:
        raise SettingsError(f"The lorebook in the card of {row.name} goes with the card: it is not {done} alone.")
    if row.shipped:
        raise SettingsError(f"{row.name} came with the program: it is not {done}. A copy can be.")


def _file(row: BookRow) -> None:
    if row.in_card:
        raise SettingsError(
            f"The lorebook in the card of {row.name} is read with that character.",
            hint="A copy of it can be read elsewhere.",
        )


def _keep(workspace: Workspace, edit: Callable[[list[str]], list[str]]) -> None:
    remember(workspace.directories, "lore.books", edit(list(workspace.settings.lore.books)))
