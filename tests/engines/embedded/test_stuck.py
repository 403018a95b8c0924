"""Work that was told to end and does not: the host ends itself, so that nobody waits behind it for ever."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.engines.base import Finished, StopReason
from tavern_tui.engines.embedded.link import Link, connect
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.engines.embedded.protocol import Abort, Generate, ModelFacts, ModelSpec, Status
from tavern_tui.engines.embedded.service import Host, Patience

SPEC = ModelSpec("/model.gguf")
WORK = Generate(SPEC, ())
STUCK = 0.05  # seconds


class Deaf:
    """A worker whose reply ends when it likes: ``over``."""

    name = "deaf"

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def load(self, spec: ModelSpec, _emit: object) -> ModelFacts:
        return ModelFacts(spec.path, spec.name, 256, 256)

    async def generate(self, _work: Generate, _emit: object) -> Any:
        await self.over.wait()
        return Finished(StopReason.ABORTED)

    def abort(self) -> None:
        pass

    def devices(self) -> tuple[str, ...]:
        return ()

    async def close(self) -> None:
        pass


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when the host has ended its process, had it been its own."""
    happened = asyncio.Event()
    monkeypatch.setattr(os, "_exit", lambda _code: happened.set())
    return happened


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[tuple[Link, Deaf]]:
    """A client of a host in this process, whose worker is deaf."""
    place, worker = HostPlace(tmp_path / "engine", tmp_path / "cache"), Deaf()
    place.make()
    ready = asyncio.Event()
    serving = Host(place, lambda: worker, Patience(100, 100, stuck=STUCK))  # type: ignore[arg-type,return-value]
    running = asyncio.create_task(serving.run(ready.set))
    await ready.wait()
    link = await connect(place)
    assert link is not None
    yield link, worker
    worker.over.set()
    await link.close()
    serving.stop()
    await running


async def test_a_host_whose_work_does_not_end_after_an_abort_ends_itself(
    host: tuple[Link, Deaf], ended: asyncio.Event, capfd: pytest.CaptureFixture[str]
) -> None:
    link, _ = host
    call = link.begin(WORK)
    while not (await link.ask(Status())).busy:  # type: ignore[union-attr]
        pass
    link.send(link.new_id(), Abort(call.call_id))
    async with asyncio.timeout(20):
        await ended.wait()
    assert "told to end" in capfd.readouterr().err


async def test_work_that_ends_in_time_ends_nothing_else(host: tuple[Link, Deaf], ended: asyncio.Event) -> None:
    link, worker = host
    call = link.begin(WORK)
    while not (await link.ask(Status())).busy:  # type: ignore[union-attr]
        pass
    link.send(link.new_id(), Abort(call.call_id))
    worker.over.set()
    while not call.ended:
        await call.next()
    looked = asyncio.Event()
    asyncio.get_running_loop().call_later(2 * STUCK, looked.set)
    await looked.wait()
    assert not ended.is_set()
