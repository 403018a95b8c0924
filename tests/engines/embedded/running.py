"""A running engine host for tests, and the certainty that none stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tavern_tui.engines.embedded.client import EmbeddedEngine, EmbeddedSettings, host_status, stop_host
from tavern_tui.engines.embedded.link import HostSettings, connect
from tavern_tui.engines.embedded.place import HostPlace, try_lock
from tavern_tui.engines.embedded.protocol import Unload

CONTEXT = 256


def place_in(folder: Path) -> HostPlace:
    """A host's place under ``folder``."""
    return HostPlace(folder / "engine", folder / "cache")


def settings_for(model: Path, host: HostSettings | None = None, *, context: int = CONTEXT) -> EmbeddedSettings:
    """The model on one thread with a small context."""
    return EmbeddedSettings(model, context_tokens=context, threads=1, gpu_layers=0, host=host or HostSettings())


async def unload(place: HostPlace) -> None:
    """Ask the running host to free the model's memory, as any client of the protocol may."""
    link = await connect(place)
    assert link is not None
    try:
        await link.ask(Unload())
    finally:
        await link.close()


@asynccontextmanager
async def embedded_engine(
    model: Path, folder: Path, host: HostSettings | None = None, *, context: int = 512
) -> AsyncIterator[EmbeddedEngine]:
    """A connected engine over a host of its own in ``folder``; the host has ended when the context is left."""
    place = place_in(folder)
    engine = EmbeddedEngine(place, settings_for(model, host, context=context))
    try:
        await engine.connect()
        yield engine
    finally:
        await engine.close()
        await end_host(place)


async def end_host(place: HostPlace) -> None:
    """Stop the host of ``place`` and wait until its process has let go of everything."""
    status = await host_status(place)
    if status is None:
        return
    await stop_host(place)
    try:
        await until(lambda: has_left(place), f"the host {status.pid} has ended")
    except AssertionError:
        os.kill(status.pid, signal.SIGKILL)
        raise


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something has become true; fails after half a minute."""
    deadline = time.monotonic() + 30
    while not await true():
        assert time.monotonic() < deadline, f"still not so: {what}"
        await asyncio.sleep(0.02)


def is_free(place: HostPlace) -> bool:
    """Whether no host lives at ``place``: the life lock can be had."""
    lock = try_lock(place.life_lock)
    if lock is None:
        return False
    os.close(lock)
    return True


async def has_left(place: HostPlace) -> bool:
    """:func:`is_free` for :func:`until`: the system lets go of the locks of a killed host in its own time."""
    return is_free(place)
