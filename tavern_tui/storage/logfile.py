"""A file that only grows: reading what is new in it, and appending whole lines.

Knows bytes, lines and offsets, nothing of chats. Built for a file that other processes append to and that sync tools
replace, cut or rewrite behind our back; locking is the caller's (``chats``). A byte that is changed in place, before
the last ones read and without changing the size, is seen only by the next process that reads the whole.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.storage.atomic import write_all

_GUARD = 64  # bytes before the new ones that are read again, to notice that the file is no longer the one we know
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """Bytes that a read found. ``whole`` says that they are the entire file, because it is new or another than before.

    ``line`` (from 1) and ``offset`` tell where ``data`` begins; from ``settled`` on (an offset in the file) it is an
    unfinished line, which the next read gives again.
    """

    data: bytes
    whole: bool
    line: int
    offset: int
    settled: int


class LogFile:
    """What this process has read of the file at ``path``. Keeps no handle."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int, int] | None = None
        self._settled = 0
        self._lines = 0
        self._guard = b""

    def read(self, descriptor: int) -> Reading | None:
        """What is new since the last read; ``None`` where the file has not changed. Raises ``OSError``."""
        status = os.fstat(descriptor)
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if stamp == self._stamp:
            return None
        known = self._stamp is not None and self._stamp[:2] == stamp[:2] and status.st_size >= self._settled
        if known:
            found = _read(descriptor, self._settled - len(self._guard), status.st_size)
            known = found.startswith(self._guard)
        if known:
            data = found[len(self._guard) :]
        else:
            data = _read(descriptor, 0, status.st_size)
            self._settled, self._lines, self._guard = 0, 0, b""
        complete = data.rfind(b"\n") + 1
        reading = Reading(data, not known, self._lines + 1, self._settled, self._settled + complete)
        self._stamp = stamp
        self._settled += complete
        self._lines += data.count(b"\n")
        self._guard = (self._guard + data[max(0, complete - _GUARD) : complete])[-_GUARD:]
        return reading

    def append(self, descriptor: int, lines: Sequence[bytes]) -> None:
        """Write each line with one call and make all durable; on a line of their own even after a torn one.

        Raises ``OSError``; the file is then cut back to what it was before.
        """
        size = os.fstat(descriptor).st_size
        lead = b"" if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n" else b"\n"
        try:
            for line in lines:
                write_all(descriptor, lead + line + b"\n")
                lead = b""
            os.fsync(descriptor)
        except OSError:
            _cut_back(descriptor, size)
            raise


def _cut_back(descriptor: int, size: int) -> None:
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        pass  # what is left is a torn line, which every reader skips


def _read(descriptor: int, offset: int, end: int) -> bytes:
    parts = []
    while offset < end and (part := os.pread(descriptor, min(_CHUNK, end - offset), offset)):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
