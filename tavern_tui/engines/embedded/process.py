"""The host's process as the system knows it: which one lives at a place, and its end when it no longer answers.

A host writes its process id into the life lock that it holds. What is said to a host is in ``link`` and ``client``.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.embedded.place import HostPlace

MODULE = "tavern_tui.engines.embedded.host"
"""What every host is started as: ``python -m MODULE``."""

_GONE_SECONDS = 10.0
_LOOK_SECONDS = 0.05
_PS_SECONDS = 5.0


def is_alive(place: HostPlace) -> bool:
    """Whether a process holds the life lock of ``place``; nothing is made or waited for."""
    try:
        descriptor = os.open(place.life_lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass  # a disk without locks, on which no host starts
    finally:
        os.close(descriptor)
    return False


async def wait_gone(place: HostPlace, seconds: float) -> bool:
    """Wait at most ``seconds`` until no process holds the life lock; whether it came to that."""
    until = time.monotonic() + seconds
    while is_alive(place):
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


def host_process(place: HostPlace) -> int | None:
    """The id of the process that holds the life lock; ``None`` where it is not known to be a host of this user."""
    if not is_alive(place):
        return None
    try:
        noted = place.life_lock.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(noted) if noted.isdecimal() and _is_own_host(int(noted)) else None


async def end_host_process(place: HostPlace) -> int:
    """Kill the host of ``place``, which does not answer, and what it has started; its process id.

    Raises ``EngineError`` where the process is not known to be a host of this user's, or does not end.
    """
    process = host_process(place)
    if process is None:
        raise EngineError(
            "The engine host does not answer, and its process cannot be found.",
            fault=EngineFault.UNREACHABLE,
            where=str(place.folder),
            hint=f"Look for a process with {MODULE} in its command, and end it.",
        )
    try:
        # A host leads a group of its own, in which is the llama-server that it may own.
        (os.killpg if os.getpgid(process) == process else os.kill)(process, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended by itself
    if not await wait_gone(place, _GONE_SECONDS):
        raise EngineError(
            f"Process {process}, the engine host, does not end.",
            fault=EngineFault.UNREACHABLE,
            where=str(place.folder),
            hint="The system holds it, often for a disk or a GPU that does not answer.",
        )
    return process


def _is_own_host(process: int) -> bool:
    entry = Path(f"/proc/{process}")
    try:
        owner, command = entry.stat().st_uid, os.fsdecode((entry / "cmdline").read_bytes().replace(b"\0", b" "))
    except OSError:
        owner, command = _asked(process)
    return owner == os.getuid() and MODULE in command.split()


def _asked(process: int) -> tuple[int, str]:
    """Owner and command of a process where there is no ``/proc``; the owner is -1 where nobody knows."""
    command = ["ps", "-o", "uid=,args=", "-p", str(process)]
    try:
        said = subprocess.run(command, capture_output=True, check=False, timeout=_PS_SECONDS).stdout
    except (OSError, subprocess.TimeoutExpired):
        return -1, ""
    owner, _, rest = os.fsdecode(said).strip().partition(" ")
    return (int(owner), rest) if owner.isdecimal() else (-1, "")
