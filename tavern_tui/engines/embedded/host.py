"""The engine host's process: ``python -m tavern_tui.engines.embedded.host``. Arguments, detaching, lock, log, worker.

Whoever starts it (``link``) reads one line from its output: ``ready`` when clients can connect, or a sentence that
says why not. What it then does is in ``service``.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.embedded.place import HostPlace, try_lock
from tavern_tui.engines.embedded.service import Host, Patience
from tavern_tui.engines.embedded.worker import Worker

READY = "ready"
WORKERS = ("auto", "llama.cpp", "llama-server")


def main(arguments: list[str] | None = None) -> int:
    """Start a host, detached; returns in the host when it has left."""
    parser = argparse.ArgumentParser(prog="python -m tavern_tui.engines.embedded.host", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="socket, locks and log")
    parser.add_argument("--cache", type=Path, required=True, help="the socket's folder when the other path is long")
    parser.add_argument("--unload-after", type=float, default=900.0, metavar="SECONDS")
    parser.add_argument("--leave-after", type=float, default=3600.0, metavar="SECONDS")
    parser.add_argument("--keep-after", type=float, default=300.0, metavar="SECONDS")
    parser.add_argument("--forget", action="store_true", help="keep nothing of chats on disk")
    parser.add_argument("--worker", choices=WORKERS, default="auto")
    parser.add_argument("--llama-server", default="", metavar="PATH")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="for the host before this one")
    given = parser.parse_args(arguments)
    place = HostPlace(given.folder, given.cache)
    os.umask(0o077)
    try:
        place.make()
        if os.fork():
            os._exit(0)
        os.setsid()
        os.chdir("/")
        lock = _lock(place, given.wait)
        _log_to(place.log)
    except OSError as error:
        print(f"The engine's log cannot be written: {error.strerror}.", flush=True)
        return 1
    except EngineError as error:
        print(error, flush=True)
        return 1
    try:
        patience = Patience(given.unload_after, given.leave_after, given.keep_after)
        states = None if given.forget else place.states
        asyncio.run(_run(Host(place, lambda: make_worker(given.worker, given.llama_server, states), patience)))
    finally:
        os.close(lock)
    return 0


async def _run(host: Host) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, host.stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    await host.run(_tell_ready)


def _tell_ready() -> None:
    try:
        print(READY, flush=True)
    except BrokenPipeError:
        pass  # who started this host is gone already; others will come
    os.dup2(2, 1)


def _log_to(log: Path) -> None:
    """Standard error goes to the log from now on; the log of the host before is kept beside it."""
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    faulthandler.enable(2)


def _lock(place: HostPlace, patience: float) -> int:
    """The life lock, with this process's id in it; waited for while another host finishes its reply."""
    until = time.monotonic() + patience
    while (lock := try_lock(place.life_lock)) is None:
        if time.monotonic() >= until:
            raise EngineError("Another engine host is still at work.", fault=EngineFault.BUSY, where=str(place.folder))
        time.sleep(0.05)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def make_worker(kind: str, llama_server: str, states: Path | None = None) -> Worker:
    """What computes: llama.cpp in this process where it is built, else a ``llama-server`` configured or on PATH.

    ``states`` is the folder where what it has read is kept; ``None``: nowhere.
    Raises ``EngineError`` where there is neither.
    """
    unbuilt: EngineError | None = None
    if kind != "llama-server":
        from tavern_tui.engines.embedded.llama_worker import LlamaWorker

        try:
            return LlamaWorker(states)
        except EngineError as error:
            unbuilt = error
    found = shutil.which(llama_server or "llama-server")
    if found and kind != "llama.cpp":
        from tavern_tui.engines.embedded.server_worker import ServerWorker

        return ServerWorker(Path(found), states)
    raise unbuilt or EngineError(
        f"There is no llama-server at {llama_server or 'PATH'}.",
        fault=EngineFault.UNAVAILABLE,
        hint="Set engine.llama_server to its path, or build the embedded engine: `make engine`.",
    )


if __name__ == "__main__":
    sys.exit(main())
