"""Locks between processes: who may write a chat now, and whether the writer of a reply is still alive.

A lock is ``flock`` on a file of its own in the state folder, so that the system drops it however its holder ends. Where
the file system has no ``flock`` (some network mounts), a file made with ``O_EXCL`` beside it names the holder's process
and the moment it started; a holder that no longer runs is recognised by these and its lock taken over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tavern_tui.domain import messages
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.atomic import make_folder, write_all

Flock = Callable[[int, int], None]

_NO_FLOCK = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
# Seconds after which a note without content, or a take-over that was begun, belongs to a process that died there.
_ABANDONED = 10.0
_STARTED = 19  # the place of the start time (clock ticks since boot) behind the state in /proc/pid/stat


class HeldError(StorageError):
    """Another program or thread holds the lock."""


class FileLock:
    """A lock held by at most one open ``FileLock`` of all processes and threads; also a context manager.

    ``path`` is made where missing and stays. ``timeout`` is in seconds; 0 tries once. ``guarded`` is the file that the
    message names when another program holds the lock.
    """

    def __init__(
        self, path: Path, *, timeout: float = 10.0, guarded: Path | None = None, flock: Flock = fcntl.flock
    ) -> None:
        self._path = path
        self._timeout = timeout
        self._guarded = guarded or path
        self._flock = flock
        self._descriptor: int | None = None
        self._note: Path | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock now."""
        return self._descriptor is not None or self._note is not None

    def acquire(self) -> None:
        """Take the lock; raises ``HeldError`` when it is not free in time, ``StorageError`` when it cannot be made."""
        deadline = time.monotonic() + self._timeout
        pause = _FIRST_PAUSE
        make_folder(self._path.parent, 0o700)
        try:
            while not self._try():
                if time.monotonic() >= deadline:
                    wording = messages.held_elsewhere(str(self._guarded))
                    raise HeldError(wording.title, hint=wording.hint, where=str(self._guarded))
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        except OSError as error:
            raise storage_error(error, self._path) from error

    def release(self) -> None:
        """Give the lock up; does nothing when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._note is not None:
            self._note.unlink(missing_ok=True)
            self._note = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _try(self) -> bool:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, self._path):
                self._descriptor, descriptor = descriptor, -1
            return self._descriptor is not None
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_FLOCK:
                raise
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        note = _note_beside(self._path)
        if _make_note(note) or (_remove_stale(note) and _make_note(note)):
            self._note = note
        return self._note is not None


def is_held(path: Path, *, flock: Flock = fcntl.flock) -> bool:
    """Whether any live process holds the lock at ``path``; nothing is created or waited for.

    Raises ``StorageError`` where the file may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage_error(error, path, reading=True) from error
    try:
        flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno not in _NO_FLOCK:
            raise storage_error(error, path, reading=True) from error
        note = _note_beside(path)
        return note.exists() and not _is_stale(note)
    finally:
        os.close(descriptor)
    return False


def wait_until_free(path: Path, seconds: float) -> None:
    """Return when nobody holds the lock at ``path``, or after ``seconds``; nothing is created or taken.

    Raises ``StorageError`` where the file may not be read.
    """
    deadline = time.monotonic() + seconds
    while is_held(path) and time.monotonic() < deadline:
        time.sleep(_FIRST_PAUSE)


def forget(path: Path) -> None:
    """Remove a lock's files when what it guarded is gone for good."""
    path.unlink(missing_ok=True)
    _note_beside(path).unlink(missing_ok=True)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the name still leads to the file that was locked: its holder may have removed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _note_beside(path: Path) -> Path:
    return path.with_name(path.name + ".pid")


def _make_note(note: Path) -> bool:
    try:
        descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    try:
        write_all(descriptor, f"{os.getpid()} {_started(os.getpid())}".encode())
    finally:
        os.close(descriptor)
    return True


def _remove_stale(note: Path) -> bool:
    """Remove a dead holder's note. Only one process at a time looks and removes, so none removes a fresh one."""
    turn = note.with_name(note.name + ".taking")
    try:
        turn.mkdir()
    except FileExistsError:
        if _age(turn) > _ABANDONED:
            _remove_folder(turn)
        return False
    try:
        if _is_stale(note):
            note.unlink(missing_ok=True)
            return True
        return False
    finally:
        _remove_folder(turn)


def _remove_folder(path: Path) -> None:
    try:
        path.rmdir()
    except FileNotFoundError:
        pass  # another process took it for abandoned


def _is_stale(note: Path) -> bool:
    try:
        pid, _, started = note.read_text(encoding="utf-8").partition(" ")
    except (FileNotFoundError, UnicodeDecodeError):
        return _age(note) > _ABANDONED
    if not pid.isdecimal():
        return _age(note) > _ABANDONED
    return not _runs(int(pid)) or _started(int(pid)) != started


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return _status(pid)[:1] not in (["Z"], ["X"])  # dead, though its parent has not asked for its exit code yet


def _started(pid: int) -> str:
    """When a process started, in words that no other process with its number can have; empty where unknown."""
    status = _status(pid)
    if len(status) > _STARTED:
        return f"{_boot()}/{status[_STARTED]}"
    try:
        shown = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return " ".join(shown.stdout.split())


def _status(pid: int) -> list[str]:
    """What ``/proc`` tells of a process, from its state on (proc(5), ``/proc/pid/stat``); empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
