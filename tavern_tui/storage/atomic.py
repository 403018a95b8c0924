"""Files written whole or not at all.

Chat logs are appended to by ``logfile``; everything else that the program writes goes through ``write_atomic``.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error

# A folder cannot be synced on some network and phone file systems; the file itself was.
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES})


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make the folder ``path`` with its parents where missing; ``mode`` is its own, less the umask.

    Raises ``StorageError``.
    """
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, path) from error


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, where the file system can."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(folder)


def write_all(descriptor: int, data: bytes) -> None:
    """Write ``data`` in one call; what a short write left is written after it. Raises ``OSError``."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_atomic(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Put ``data`` at ``path``, durably, so that a reader or a power cut sees the old bytes or the new, never a mix.

    A link is followed; the folder is made where missing. A file that exists keeps its permission bits, a new one gets
    ``mode`` less the umask. Raises ``StorageError``; the old file is then as it was and nothing is left beside it.
    """
    target = Path(os.path.realpath(path))
    make_folder(target.parent)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, data, mode, _mode_of(target))
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):  # a disk that takes nothing does not let go of anything either
            temporary.unlink()
        raise storage_error(error, path) from error


def _write_new(path: Path, data: bytes, mode: int, exact_mode: int | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        if exact_mode is not None:
            os.fchmod(descriptor, exact_mode)
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        return None
