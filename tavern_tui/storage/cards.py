"""``CardStore``: the user's character cards as files that are changed: added, saved, renamed, deleted, brought back.

Finding and listing them is ``library``'s. A shipped card is never written to: saving it makes a copy of one's own that
stands before it. Every change is made under one lock, and a file that something else changed in between is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.formats.card import CardFile, Container, read_card_file
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.library import CARD_SUFFIXES, MAX_FILE, Library, naming
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.trash import Discarded, Trash, move

KIND = "characters"
SUFFIXES = {Container.PNG: ".png", Container.CHARX: ".charx", Container.JSON: ".json"}
"""The endings of files that are written."""
ALL_SUFFIXES = {**SUFFIXES, Container.YAML: ".yaml", Container.JPEG: ".jpg", Container.WEBP: ".webp"}
"""Those and of the kinds that are only read."""


@dataclass(frozen=True, slots=True)
class StoredCard:
    """A card with its file as it was read. ``shipped``: it is one of ours, so that saving makes a copy."""

    file: CardFile
    path: Path
    shipped: bool = False


class CardStore:
    """The cards of ``directories.characters``. All methods raise ``StorageError`` where the disk refuses."""

    def __init__(self, directories: Directories, library: Library, shipped: Path, trash: Trash | None = None) -> None:
        self._folder = directories.characters
        self._library = library
        self._shipped = shipped
        self._lock = directories.state / "characters.lock"
        self._trash = trash or Trash(directories.trash)

    def open(self, name: str) -> StoredCard:
        """The card called ``name``, as ``Library.character`` finds it, with its file. Raises as that does."""
        return self.read(self._library.character(name)[1])

    def read(self, path: Path) -> StoredCard:
        """The card in the file ``path``. Raises ``FormatError`` or ``NotFoundError``."""
        data = read_bytes(path, MAX_FILE)
        with naming(path):
            file = read_card_file(data, where=path.name, name=path.stem)
        return StoredCard(file, path, path.resolve().parent == self._shipped.resolve())

    def add(self, name: str, data: bytes, suffix: str) -> Path:
        """A new file for the card called ``name``, beside whatever is there."""
        with FileLock(self._lock):
            path = self._folder / f"{self._free_stem(name)}{suffix}"
            write_atomic(path, data)
        return path

    def save(self, card: StoredCard, data: bytes, container: Container) -> Path:
        """Put ``data`` in place of the card's file; where it lies now.

        A shipped card, and one in a kind of file that is only read, gets a file of its own that stands before it.
        """
        with FileLock(self._lock, guarded=card.path):
            own = self._folder if card.shipped else card.path.parent
            path = own / card.path.name
            if container is not card.file.container:
                path = path.with_suffix(SUFFIXES[container])
            if path == card.path:
                self._check_unchanged(card)
            elif os.path.lexists(path):
                raise StorageError(
                    f"There is another {path.name}.", hint="Put one of the two elsewhere.", where=str(path)
                )
            write_atomic(path, data)
        return path

    def rename(self, path: Path, name: str) -> Path:
        """Call the files of the card at ``path`` after its new ``name``; where its file lies then."""
        self._check_own(path)
        with FileLock(self._lock, guarded=path):
            files = self._group(path)
            stem = self._free_stem(name, leaving=path.stem)
            if stem != path.stem:
                for file in files:
                    move(file, file.with_name(f"{stem}{file.suffix}"))
        return path.with_name(f"{stem}{path.suffix}")

    def delete(self, path: Path) -> Discarded:
        """Move the files of the card at ``path``, its portrait among them, to the trash."""
        self._check_own(path)
        with FileLock(self._lock, guarded=path):
            return self._trash.put(KIND, self._group(path))

    def deleted(self) -> list[Discarded]:
        """What was deleted, the last first."""
        return self._trash.items(KIND)

    def restore(self, item: Discarded) -> tuple[Path, ...]:
        """Bring deleted files back."""
        with FileLock(self._lock):
            return self._trash.restore(item, self._folder)

    def _check_own(self, path: Path) -> None:
        if path.resolve().parent == self._shipped.resolve():
            raise NotFoundError(f"{path.stem} is one of the samples, which stay as they are.", where=str(path))
        if path.resolve().parent != self._folder.resolve():
            raise NotFoundError(f"{path.name} is not in the library.", hint=f"That is {self._folder}.", where=str(path))

    def _check_unchanged(self, card: StoredCard) -> None:
        if read_bytes(card.path, MAX_FILE) != card.file.data:
            raise StorageError(
                f"{card.path.name} was changed by something else in the meantime; it was left alone.",
                hint="Try again.",
                where=str(card.path),
            )

    def _group(self, path: Path) -> Sequence[Path]:
        """The files of one card: those of its stem, the portrait of a JSON or YAML card among them."""
        try:
            beside = [one for one in path.parent.iterdir() if one.stem == path.stem]
        except OSError as error:
            raise storage_error(error, path.parent, reading=True) from error
        return sorted(one for one in beside if one.suffix.lower() in CARD_SUFFIXES and not one.is_dir())

    def _free_stem(self, name: str, leaving: str = "") -> str:
        """The nicest stem for ``name`` that no card has, in any case of letters, ours among them."""
        taken = {
            path.stem.casefold()
            for folder in (self._folder, self._shipped)
            if folder.is_dir()
            for path in folder.iterdir()
            if path.suffix.lower() in CARD_SUFFIXES and path.stem != leaving
        }
        return next(stem for stem in stems(name, "character") if stem.casefold() not in taken)
