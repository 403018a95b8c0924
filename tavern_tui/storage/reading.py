"""Reading files that anybody may have put there: bounded, never blocking, and with a sentence for every refusal.

A FIFO, a device or a folder with a card's name is refused before a byte is read, so that no listing hangs on it.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from tavern_tui.domain.errors import NotFoundError, StorageError, TavernError

_REASONS = {
    errno.EACCES: "it may not be read by this user",
    errno.EPERM: "it may not be read by this user",
    errno.EISDIR: "it is a folder",
    errno.ELOOP: "its links lead in a circle",
    errno.EIO: "the disk reports a fault",
    errno.ENAMETOOLONG: "its name is too long",
    errno.EMFILE: "too many files are open",
}


def open_regular(path: Path) -> BufferedReader:
    """``path`` opened for reading in binary. Raises ``NotFoundError`` or ``StorageError``; only real files open."""
    try:
        # O_NONBLOCK: opening a FIFO would otherwise wait for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise refusal(path, error) from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "it is a folder" if stat.S_ISDIR(mode) else "it is no ordinary file"
        raise StorageError(f"{path.name} cannot be read: {what}.", where=str(path))
    return os.fdopen(descriptor, "rb")


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of ``path``, at most ``limit`` bytes. Raises ``NotFoundError`` or ``StorageError``."""
    with open_regular(path) as file:
        try:
            too_large = os.fstat(file.fileno()).st_size > limit
            data = b"" if too_large else file.read(limit + 1)
        except OSError as error:
            raise refusal(path, error) from None
    if too_large or len(data) > limit:
        raise StorageError(f"{path.name} is larger than the {limit:,} bytes that are read.", where=str(path))
    return data


def refusal(path: Path, error: OSError | ValueError) -> TavernError:
    """The error to show for what the system said about ``path``."""
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ENOENT, errno.ENOTDIR):
        return NotFoundError(f"There is no file {path}.", where=str(path))
    reason = _REASONS.get(code or 0) or (os.strerror(code).lower() if code else "its name cannot be used")
    return StorageError(f"{path.name} cannot be read: {reason}.", where=str(path))
