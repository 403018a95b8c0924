"""What lies in the library's folders, told by looking at names, sizes and times only: one walk, nothing is read.

A file of the same size, inode and times as before is taken for unchanged. The inode's own time (ctime) tells also what
keeps the others: a copy with its old date, a changed permission.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes with a file's content: bytes, times of change of the content and of the inode in ns, inode."""

    size: int
    changed: int
    inode: int
    ctime: int


def stamps(folder: Path, suffixes: Iterable[str]) -> dict[str, Stamp]:
    """The ordinary files of ``folder`` with one of ``suffixes`` (small letters), by name; hidden ones left out.

    Links are followed. A folder that is not there holds nothing. Raises ``StorageError`` where it cannot be read.
    """
    endings = tuple(suffixes)
    found: dict[str, Stamp] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.name.lower().endswith(endings):
                    continue
                try:
                    status = entry.stat()
                except OSError:
                    continue  # a link to nowhere, or to where we may not look
                if stat.S_ISREG(status.st_mode):
                    found[entry.name] = _stamp(status)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise storage_error(error, folder, reading=True) from error
    return found


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of one file; ``None`` where none is there that can be looked at."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return _stamp(status) if stat.S_ISREG(status.st_mode) else None


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)
