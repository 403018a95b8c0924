"""``Shelf``: one folder of files that a person names, makes, changes and deletes: templates, personas, own lorebooks.

A thing's name is its file's, without the ending. What is inside is the codecs' business; what is deleted goes to the
trash. Every call looks at the disk anew.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import NotFoundError, SettingsError, StorageError
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.reading import read_bytes, refusal
from tavern_tui.storage.trash import Discarded, Trash, move

MOST_FILES = 10_000
"""Files of a folder that are listed, in the order of their names."""

_LONGEST = 100  # characters of a name
_LOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder ``folder`` of things called ``noun`` (in messages). ``key`` names its lock and its part of the trash.

    ``suffixes`` are the endings that count, the first for new files. Methods raise ``StorageError``.
    """

    directories: Directories
    folder: Path
    noun: str
    key: str
    suffixes: tuple[str, ...]
    most_bytes: int

    def paths(self) -> list[Path]:
        """The files, by name; of names that differ in capitals or endings alone the first counts."""
        try:
            listed = sorted(self.folder.iterdir(), key=lambda path: (path.name.casefold(), path.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise refusal(self.folder, error) from None
        found: dict[str, Path] = {}
        for path in listed:
            if path.suffix.lower() in self.suffixes and not path.name.startswith("."):
                found.setdefault(path.stem.casefold(), path)
        return list(found.values())[:MOST_FILES]

    def path(self, name: str) -> Path | None:
        """The file of that name, in any case of letters; ``None`` where there is none."""
        wanted = name.strip().casefold()
        return next((path for path in self.paths() if path.stem.casefold() == wanted), None)

    def named(self, name: str) -> Path:
        """The file of that name. Raises ``NotFoundError`` with what was nearest."""
        path = self.path(name)
        if path is not None:
            return path
        known = [path.stem for path in self.paths()]
        near = difflib.get_close_matches(name.strip(), known, n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}." if known else "There are none."
        raise NotFoundError(f"There is no {self.noun} “{name}” of your own.", hint=hint)

    def read(self, path: Path) -> bytes:
        """A file's bytes."""
        return read_bytes(path, self.most_bytes)

    def add(self, name: str, data: bytes, *, suffix: str = "") -> Path:
        """A new file. Raises ``SettingsError`` for a name that is taken or cannot be a file's."""
        stem = usable_name(name, self.noun)
        with self._writing():
            if (present := self.path(stem)) is not None:
                raise SettingsError(
                    f"The {self.noun} “{present.stem}” is there already.",
                    hint="Choose another name, or delete that one first.",
                    where=str(present),
                )
            path = self.folder / f"{stem}{suffix or self.suffixes[0]}"
            write_atomic(path, data)
        return path

    def replace(self, path: Path, data: bytes, *, was: bytes) -> None:
        """Other bytes in a file that still has those which were read. Raises ``StorageError`` where it has others."""
        with self._writing():
            if read_bytes(path, self.most_bytes) != was:
                raise StorageError(
                    f"{path.name} was changed by something else meanwhile.", hint="Try once more.", where=str(path)
                )
            write_atomic(path, data)

    def rename(self, path: Path, name: str) -> Path:
        """Give a file another name; where it is then. Raises ``SettingsError`` as ``add`` does."""
        stem = usable_name(name, self.noun)
        target = path.with_name(f"{stem}{path.suffix}")
        with self._writing():
            present = self.path(stem)
            if present is not None and present != path:
                raise SettingsError(f"The {self.noun} “{present.stem}” is there already.", hint="Choose another name.")
            move(path, target)
        return target

    def delete(self, name: str) -> Path:
        """Move a file to the trash; where it was. Raises ``NotFoundError``."""
        with self._writing():
            path = self.named(name)
            Trash(self.directories.trash).put(self.key, [path])
        return path

    def deleted(self) -> list[Discarded]:
        """What was deleted, the last first."""
        return Trash(self.directories.trash).items(self.key)

    def restore(self, name: str) -> Path:
        """Bring back what was deleted last under that name. Raises ``NotFoundError``, and if it is taken."""
        wanted = name.strip().casefold()
        with self._writing():
            for item in self.deleted():
                if any(file.stem.casefold() == wanted for file in item.files):
                    return Trash(self.directories.trash).restore(item, self.folder)[0]
        known = [file.stem for item in self.deleted() for file in item.files]
        hint = f"There are: {', '.join(dict.fromkeys(known))}." if known else "Nothing is in the trash."
        raise NotFoundError(f"No {self.noun} “{name}” was deleted.", hint=hint)

    def _writing(self) -> FileLock:
        return FileLock(self.directories.state / f"{self.key}.lock", timeout=_LOCK_SECONDS, guarded=self.folder)


def usable_name(name: str, noun: str) -> str:
    """``name`` as a file's, trimmed. Raises ``SettingsError`` where no file can be called that on every system."""
    wanted = name.strip()
    if not wanted or len(wanted) > _LONGEST or next(stems(wanted, "unnamed")) != wanted:
        raise SettingsError(
            f"No {noun} can be called “{wanted}”.",
            hint=f'A name has up to {_LONGEST} characters, none of them / \\ : * ? " < > |'
            " and neither a dot nor a dash at its ends.",
        )
    return wanted


def worlds_shelf(directories: Directories) -> Shelf:
    """The user's own lorebooks."""
    return Shelf(directories, directories.worlds, "lorebook", "worlds", (".json", ".lorebook"), 64 * 1024 * 1024)


def personas_shelf(directories: Directories) -> Shelf:
    """The user's personas."""
    endings = (".yaml", ".yml", ".json")
    return Shelf(directories, directories.personas, "persona", "personas", endings, 1024 * 1024)


def templates_shelf(directories: Directories, kind: str, noun: str, suffixes: Sequence[str]) -> Shelf:
    """The user's templates of one kind; ``kind`` is the folder's name."""
    return Shelf(directories, directories.templates / kind, noun, f"templates-{kind}", tuple(suffixes), 4 * 1024 * 1024)
