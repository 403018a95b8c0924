"""Another client's reply on KoboldCpp: it is waited for outside the queue, and stopped only when a person says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.engines.base import CrowdedEngine, TextArrived, Waiting
from tavern_tui.engines.http import Link
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.engines.koboldcpp_job import Pace
from tavern_tui.session.connection import Connection
from tavern_tui.session.engine_choices import stop_other
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.llama_standin import TALE
from tests.engines.replies import Heard, listen, text_request
from tests.session.conftest import Opener

STREAM = "/api/extra/generate/stream"
BUSY = Waiting("KoboldCpp is busy with another client. /stopother stops it.", 1)
PATIENT = Pace(queue=0.01, undecided=60.0, goodbye=60.0)


@asynccontextmanager
async def crowded(
    server: KoboldStandin, pace: Pace = PATIENT
) -> AsyncIterator[tuple[KoboldCppEngine, asyncio.Task[Heard]]]:
    """Our engine, and what another client hears of a reply that has begun and hangs."""
    theirs, ours = KoboldCppEngine(Link(server.base)), KoboldCppEngine(Link(server.base), pace=pace)
    heard = asyncio.create_task(listen(theirs, text_request(response_tokens=9, seed=0)))
    await server.begun.wait()
    try:
        yield ours, heard
    finally:
        server.go_on.set()
        await heard
        await theirs.close()
        await ours.close()


async def test_it_is_waited_for_outside_the_queue_and_then_we_are_served() -> None:
    async with KoboldStandin(hold_after=1) as server, crowded(server) as (engine, theirs):
        text, waits = "", []
        async with engine.generate(text_request(response_tokens=3, seed=0)) as events:
            async for event in events:
                if isinstance(event, Waiting):
                    assert len(server.bodies(STREAM)) == 1
                    waits.append(event)
                    server.go_on.set()
                text += event.text if isinstance(event, TextArrived) else ""
        assert (await theirs).text == "".join(TALE[:9])
    assert waits == [BUSY]
    assert text == "".join(TALE[:3])
    assert server.aborted_keys == []


async def test_a_person_may_have_it_stopped_and_ours_begins() -> None:
    async with KoboldStandin(hold_after=1) as server, crowded(server) as (engine, theirs):
        assert isinstance(engine, CrowdedEngine)
        text = ""
        async with engine.generate(text_request(response_tokens=3, seed=0)) as events:
            async for event in events:
                if event == BUSY:
                    assert await engine.stop_other()
                text += event.text if isinstance(event, TextArrived) else ""
        assert (await theirs).text == TALE[0]
    assert text == "".join(TALE[:3])
    assert server.aborted_keys == [""]


async def test_who_does_not_decide_gets_in_line() -> None:
    pace = Pace(queue=0.01, undecided=0.05, goodbye=60.0)
    async with KoboldStandin(hold_after=1) as server, crowded(server, pace) as (engine, _):
        places = []
        async with engine.generate(text_request(response_tokens=3, seed=0)) as events:
            async for event in events:
                if isinstance(event, Waiting) and event != BUSY:
                    places.append(event.place)
                    assert not await engine.stop_other()
                    server.go_on.set()
    assert places == [1]
    assert "" not in server.aborted_keys


async def test_our_own_job_is_never_stopped_for_another_clients(begin: Opener) -> None:
    async with KoboldStandin(hold_after=1) as server:
        engine = KoboldCppEngine(Link(server.base), pace=PATIENT)
        session = begin()
        session.connection = Connection(engine, clock=lambda: 0.0)
        async with engine.generate(text_request(response_tokens=3)) as events:
            async for event in events:
                if isinstance(event, TextArrived) and not server.go_on.is_set():
                    with pytest.raises(NotFoundError):
                        await stop_other(session)
                    server.go_on.set()
        assert not server.jobs[0].aborted
        assert not await engine.stop_other()
        await engine.close()


async def test_what_was_stopped_is_told(begin: Opener) -> None:
    async with KoboldStandin(hold_after=1) as server, crowded(server) as (engine, _):
        session = begin()
        session.connection = Connection(engine, clock=lambda: 0.0)
        assert str(await stop_other(session)) == "The server stopped what it wrote for another client."
