"""``OpenBook``: a lorebook that is being edited: every change is saved at once, and can be taken back.

The book is a file of the library or part of a character card; a sample is copied before it is changed. A change is a
function of the book, so that it is made again where something else wrote the file in between. What an entry's fields
are: ``session.lore_fields``; which books there are: ``session.lore_shelf``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.formats.lorebook import read_lorebook, write_lorebook
from tavern_tui.session.cards import card_store, save_card
from tavern_tui.session.lore import books_of
from tavern_tui.session.lore_books import with_lore
from tavern_tui.session.personas import with_books
from tavern_tui.session.worlds import MAX_BYTES, save_world, world_at
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.versions import Versions, mark

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

Edit = Callable[[Lorebook], Lorebook]
"""A change of a book; the book itself where there is nothing to change."""

_COPIED = "It came with the program; this is a copy of your own."


class _Place(Protocol):
    """Where a book is kept."""

    name: str
    path: Path

    def read(self) -> Lorebook:
        """The book as it is on disk now."""
        ...

    def write(self, book: Lorebook) -> str:
        """Put ``book`` in its place; what there is to say about that."""
        ...


class BookFile:
    """A lorebook that is a file of its own."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        self._workspace = workspace
        self._world = world_at(workspace, path)
        self.path = path
        self.name = path.stem

    def read(self) -> Lorebook:
        """The book as it is on disk now."""
        self._world = world_at(self._workspace, self.path)
        return self._world.book

    def write(self, book: Lorebook) -> str:
        """Put ``book`` in its place."""
        shipped = self._world.shipped
        self._world = save_world(self._workspace, self._world, book)
        self.path = self._world.path
        return _COPIED if shipped else ""


class CardBook:
    """The lorebook inside of a character card."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        self._workspace = workspace
        self._card = card_store(workspace).read(path)
        self.path = path
        self.name = self._card.file.character.name

    def read(self) -> Lorebook:
        """The book as it is in the card now. Raises ``NotFoundError`` where the card has none any more."""
        self._card = card_store(self._workspace).read(self.path)
        book = self._card.file.character.lorebook
        if book is None:
            raise NotFoundError(f"The card of {self.name} has no lorebook of its own.", where=str(self.path))
        return book

    def write(self, book: Lorebook) -> str:
        """Put ``book`` into the card."""
        saved = save_card(self._workspace, self._card, replace(self._card.file.character, lorebook=book))
        self.path = saved.path
        return " ".join(saved.notes)


class OpenBook:
    """A book that is edited. Its methods block, and raise ``StorageError``, ``SettingsError``, ``FormatError``.

    ``notes`` are sentences to be told once about what a change did beside itself.
    """

    def __init__(self, workspace: Workspace, place: _Place) -> None:
        self._place = place
        self._versions = Versions(workspace.directories.state / "versions" / "lorebooks" / _folder(place))
        self.book = place.read()
        self.changed = False
        self.notes: list[str] = []

    @property
    def name(self) -> str:
        """What the book is called: its file, or whose card it is part of."""
        return self._place.name

    @property
    def path(self) -> Path:
        """The file that holds it."""
        return self._place.path

    @property
    def in_card(self) -> bool:
        """Whether it is part of a card."""
        return isinstance(self._place, CardBook)

    def change(self, what: str, edit: Edit) -> bool:
        """Make a change, called ``what``, and save it; whether anything is different now."""
        before = self.book
        after = edit(before)
        if after == before:
            return False
        try:
            note = self._place.write(after)
        except StorageError:
            now = self._place.read()
            if now == before:
                raise
            before, after = now, edit(now)
            note = self._place.write(after)
            self.notes.append(f"{self.name} was changed by something else as well: that is kept.")
        self.book, self.changed = after, True
        if note:
            self.notes.append(note)
        self._versions.keep(write_lorebook(before), what, self._stamp())
        return True

    def undo(self) -> str:
        """Take the last change back, also one of an earlier evening; what it was, "" where there is none.

        Raises ``StorageError`` where something else has changed the book since.
        """
        version = self._versions.last()
        if version is None:
            return ""
        if self._versions.left != self._stamp():
            raise StorageError(
                f"{self.name} was changed by something else since: taking “{version.change}” back would lose that.",
                hint=f"The versions before are in {self._versions.folder}.",
            )
        self._place.read()
        self.book = read_lorebook(version.data, name=self.book.name)
        self._place.write(self.book)
        self.changed = True
        self._versions.drop(version, self._stamp())
        return version.change

    def _stamp(self) -> str:
        """A mark of the file as it is on disk now."""
        return mark(read_bytes(self.path, MAX_BYTES))


def with_each(uids: Collection[int], edit: Callable[[LoreEntry], LoreEntry]) -> Edit:
    """A change of the entries with these numbers."""

    def made(book: Lorebook) -> Lorebook:
        return replace(book, entries=tuple(edit(one) if one.uid in uids else one for one in book.entries))

    return made


def without(uids: Collection[int]) -> Edit:
    """Take the entries with these numbers out."""
    return lambda book: replace(book, entries=tuple(one for one in book.entries if one.uid not in uids))


def with_more(entries: Iterable[LoreEntry]) -> Edit:
    """Put entries at the end, with numbers that are free."""
    added = tuple(entries)

    def made(book: Lorebook) -> Lorebook:
        taken = {one.uid for one in book.entries}
        free = (number for number in count() if number not in taken)
        return replace(book, entries=(*book.entries, *(replace(one, uid=next(free)) for one in added)))

    return made


def take_up(session: ChatSession, workspace: Workspace) -> None:
    """Let an open chat read its lorebooks as they are on disk now, from its next prompt on. Blocks.

    Raises ``NotFoundError``, ``FormatError``, ``StorageError`` where its card cannot be read.
    """
    if session.no_card is None:
        card, _ = workspace.card_of(session.character.name)
        session.character = replace(session.character, lorebook=card.lorebook)
        session.lorebooks = books_of(card, workspace.library)
    if session.group is not None:
        session.group.read_cards()
    session.persona = with_books(workspace, session.persona)
    session.options, _ = with_lore(workspace, session.options, session.tree.properties)


def _folder(place: _Place) -> str:
    """The folder of a book's versions: a sample and the copy that was made of it are one book."""
    kind = "card" if isinstance(place, CardBook) else "world"
    return f"{kind} {next(stems(place.path.stem, kind))}"
