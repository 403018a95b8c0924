"""Where a host lives on disk: its socket, its locks and its log, and whose they are.

One folder, one host. Nothing here knows what is said over the socket.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import socket
import stat
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.errors import EngineError, EngineFault

SOCKET_PATH_BYTES = 100
"""The longest socket path used, in bytes; systems allow 104 to 108 with the final zero."""


@dataclass(frozen=True, slots=True)
class HostPlace:
    """One host's place. ``folder`` holds its files; ``cache`` takes the socket when ``folder``'s path is long."""

    folder: Path
    cache: Path

    @property
    def log(self) -> Path:
        """The host's log, readable by its user only; it never holds prompts."""
        return self.folder / "host.log"

    @property
    def states(self) -> Path:
        """What contexts had read for chats, kept for the next start."""
        return self.cache / "states"

    @property
    def life_lock(self) -> Path:
        """Locked by the host for as long as it lives."""
        return self.folder / "host.lock"

    @property
    def start_lock(self) -> Path:
        """Locked by a client while it starts a host."""
        return self.folder / "start.lock"

    @property
    def socket(self) -> Path:
        """The socket: in ``folder``, else under ``cache``, else in the temporary folder, by the first path that fits.

        Never in ``XDG_RUNTIME_DIR``, which is deleted at logout.
        """
        short = hashlib.sha256(os.fsencode(self.folder.absolute())).hexdigest()[:16] + ".sock"
        mine = f"tavern-tui-{os.getuid()}"
        candidates = (
            self.folder.absolute() / "host.sock",
            self.cache.absolute() / "engine" / short,
            Path(tempfile.gettempdir()) / mine / short,
        )
        return next((path for path in candidates if _fits(path)), Path("/tmp") / mine / short)

    def make(self) -> None:
        """Make the folders, closed to others. Raises ``EngineError`` when one cannot be had or is another user's."""
        own_folder(self.folder)
        own_folder(self.socket.parent)


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES


def own_folder(folder: Path) -> None:
    """Make ``folder`` with mode 0700; an existing one is closed to others.

    Raises ``EngineError`` when it cannot be made, is a link, or belongs to another user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise EngineError(
                f"{folder} is not a folder of yours, so the engine's socket cannot be put there.",
                fault=EngineFault.UNAVAILABLE,
                where=str(folder),
                hint="Remove it, or set TAVERN_HOME to a folder of yours.",
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise EngineError(
            f"The engine's folder cannot be used: {error.strerror}.",
            fault=EngineFault.UNAVAILABLE,
            where=str(folder),
            hint="Give yourself write permission there, or set TAVERN_HOME to another folder.",
        ) from error


def try_lock(path: Path) -> int | None:
    """Lock ``path`` and return the file descriptor that holds the lock, or ``None`` while another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        os.close(descriptor)
        raise EngineError(
            f"The disk cannot lock files: {error.strerror}.",
            fault=EngineFault.UNAVAILABLE,
            where=str(path),
            hint="Set TAVERN_HOME to a folder on a local disk.",
        ) from error
    return descriptor


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end of a Unix socket; ``None`` where the system does not tell."""
    if hasattr(socket, "SO_PEERCRED"):
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[1])
    try:
        getpeereid = ctypes.CDLL(None, use_errno=True).getpeereid
    except (OSError, AttributeError):
        return None
    uid, gid = ctypes.c_uint32(), ctypes.c_uint32()
    if getpeereid(connection.fileno(), ctypes.byref(uid), ctypes.byref(gid)) != 0:
        return None
    return uid.value


def same_user(connection: socket.socket) -> bool:
    """Whether the peer is this user. Where the system does not tell, the 0700 folder alone keeps others out."""
    uid = peer_uid(connection)
    return uid is None or uid == os.getuid()
