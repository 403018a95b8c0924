"""``Versions``: the last versions of one thing that is edited, in a folder of the state: what ``undo`` brings back.

A file for each, numbered in the order in which they were kept. Its first line holds a mark of what the change made of
the version, and what the change was; the rest are the version's bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import read_bytes

MOST = 20
"""Versions that are kept of one thing."""

_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Version:
    """How something was before ``change``; ``made`` is the mark of what became of it."""

    path: Path
    change: str
    made: str
    data: bytes


def mark(data: bytes) -> str:
    """A short mark by which bytes are known again."""
    return blake2b(data, digest_size=8).hexdigest()


class Versions:
    """The versions in ``folder``. All methods raise ``StorageError`` where the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, before: bytes, change: str, after: bytes) -> None:
        """Keep how it was before ``change`` (a few words) made ``after`` of it; the oldest leaves."""
        there = self._paths()
        number = int(there[-1].name) + 1 if there else 1
        told = " ".join(change.split())
        write_atomic(self.folder / f"{number:08d}", f"{mark(after)} {told}\n".encode("utf-8", "replace") + before)
        for path in there[: max(0, len(there) + 1 - MOST)]:
            self.drop(path)

    def last(self) -> Version | None:
        """The version that was kept last; ``None`` where there is none."""
        there = self._paths()
        if not there:
            return None
        head, _, data = read_bytes(there[-1], _LARGEST).partition(b"\n")
        made, _, change = head.decode("utf-8", "replace").partition(" ")
        return Version(there[-1], change, made, data)

    def drop(self, path: Path) -> None:
        """Let a version go."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, path) from error

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.name.isdecimal())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(error, self.folder, reading=True) from error
