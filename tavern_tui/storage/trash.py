"""The trash: what was deleted is moved there and can come back. Nothing in it is ever removed by the program.

One folder for each kind of thing, in it one for each deletion, named after its time; in that the files as they were.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.atomic import make_folder, sync_folder, write_atomic

_TIME = "%Y-%m-%d %H.%M.%S"


@dataclass(frozen=True, slots=True)
class Discarded:
    """One deletion: its ``folder`` in the trash, the ``files`` in it, and when it was, as text for people."""

    folder: Path
    files: tuple[Path, ...]
    when: str


class Trash:
    """The trash in ``folder``. All methods raise ``StorageError`` where the disk refuses."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    def put(self, kind: str, files: Iterable[Path]) -> Discarded:
        """Move ``files`` away. ``kind`` is what they are: the name of the folder that they come from."""
        when = time.strftime(_TIME, time.localtime(self._clock()))
        place = self._folder / kind / f"{when} {secrets.token_hex(2)}"
        make_folder(place)
        moved = tuple(move(path, place / path.name) for path in files)
        return Discarded(place, moved, when)

    def items(self, kind: str) -> list[Discarded]:
        """What was deleted of a kind, the last first."""
        folder = self._folder / kind
        try:
            places = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda p: p.name, reverse=True)
            found = [Discarded(place, tuple(sorted(place.iterdir())), place.name[:19]) for place in places]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(error, folder, reading=True) from error
        return [item for item in found if item.files]

    def restore(self, item: Discarded, folder: Path) -> tuple[Path, ...]:
        """Move the files back into ``folder``. None is moved where one of them would stand on another."""
        taken = next((path.name for path in item.files if os.path.lexists(folder / path.name)), None)
        if taken is not None:
            raise StorageError(
                f"There is another {taken} by now.", hint="Rename that one first.", where=str(folder / taken)
            )
        make_folder(folder)
        back = tuple(move(path, folder / path.name) for path in item.files)
        try:
            item.folder.rmdir()
        except OSError:
            pass  # something else was put there: it stays
        return back


def move(path: Path, target: Path) -> Path:
    """Move one file to another name; across disks by a copy that is whole before the file goes. ``target``.

    Raises ``StorageError``.
    """
    try:
        try:
            path.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            write_atomic(target, path.read_bytes())
            path.unlink()
        sync_folder(target.parent)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    return target
