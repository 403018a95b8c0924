"""``Versions``: the last versions of one thing that is edited, in a folder of the state: what ``undo`` brings back.

A file for each, numbered in the order in which they were kept; its first line says what the change was, the rest are
the version's bytes. Beside them stands a mark of how the thing was left, by which a change from elsewhere is known.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import read_bytes

MOST = 20
"""Versions that are kept of one thing."""

_LARGEST = 128 * 1024 * 1024
_LEFT = "left"


@dataclass(frozen=True, slots=True)
class Version:
    """How something was before ``change``."""

    path: Path
    change: str
    data: bytes


def mark(data: bytes) -> str:
    """A short mark by which bytes are known again."""
    return blake2b(data, digest_size=8).hexdigest()


class Versions:
    """The versions in ``folder``. All methods raise ``StorageError`` where the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def left(self) -> str:
        """The mark of how the thing was left; empty where nothing was kept yet."""
        path = self.folder / _LEFT
        return read_bytes(path, _LARGEST).decode("ascii", "replace") if path.is_file() else ""

    def keep(self, before: bytes, change: str, left: str) -> None:
        """Keep how it was before ``change`` (a few words) left it with the mark ``left``; the oldest leaves."""
        there = self._paths()
        number = int(there[-1].name) + 1 if there else 1
        told = " ".join(change.split())
        write_atomic(self.folder / f"{number:08d}", f"{told}\n".encode("utf-8", "replace") + before)
        write_atomic(self.folder / _LEFT, left.encode("ascii", "replace"))
        for path in there[: max(0, len(there) + 1 - MOST)]:
            _remove(path)

    def last(self) -> Version | None:
        """The version that was kept last; ``None`` where there is none."""
        there = self._paths()
        if not there:
            return None
        change, _, data = read_bytes(there[-1], _LARGEST).partition(b"\n")
        return Version(there[-1], change.decode("utf-8", "replace"), data)

    def move(self, folder: Path) -> None:
        """Keep them in another folder from now on, because the thing has another name; what was there is gone."""
        try:
            if self.folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)
                self.folder.rename(folder)
        except OSError as error:
            raise storage_error(error, self.folder) from error
        self.folder = folder

    def drop(self, version: Version, left: str) -> None:
        """Let a version go that stands in its place again, which has the mark ``left`` now."""
        write_atomic(self.folder / _LEFT, left.encode("ascii", "replace"))
        _remove(version.path)

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.name.isdecimal())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(error, self.folder, reading=True) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(error, path) from error
