"""Several clients of one host: turns, places, who may replace a model, and what happens when one goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import NEUTRAL, SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Finished, Request, TextArrived, Waiting
from tavern_tui.engines.embedded.client import EmbeddedEngine, host_status
from tavern_tui.engines.embedded.place import HostPlace
from tests.engines.embedded.running import settings_for, until

pytestmark = pytest.mark.model

STORY = Request((Segment("Once upon a time"),), response_tokens=200, sampling=NEUTRAL, seed=3)


async def test_two_clients_are_served_in_turn_and_the_second_is_told_its_place(
    engine: EmbeddedEngine, shared_place: HostPlace, starter_model: Path
) -> None:
    second = EmbeddedEngine(shared_place, settings_for(starter_model))
    await second.connect()

    async def take(client: EmbeddedEngine, tokens: int) -> list[object]:
        async with client.generate(replace(STORY, response_tokens=tokens)) as stream:
            return [event async for event in stream]

    async with engine.generate(replace(STORY, response_tokens=40)) as stream:
        await anext(stream)
        waiting = asyncio.ensure_future(take(second, 3))
        first = [event async for event in stream]
    events = await waiting
    await second.close()
    assert len([event for event in first if isinstance(event, TextArrived)]) >= 30
    assert isinstance(events[0], Waiting)
    assert events[0].place == 1
    assert any(isinstance(event, TextArrived) for event in events)


async def test_connecting_does_not_wait_for_another_clients_reply(
    engine: EmbeddedEngine, shared_place: HostPlace, starter_model: Path
) -> None:
    heard: list[object] = []
    second = EmbeddedEngine(shared_place, settings_for(starter_model), heard.append)
    async with engine.generate(replace(STORY, response_tokens=200)) as stream:
        await anext(stream)
        info = await second.connect()
        status = await host_status(shared_place)
    await second.close()
    assert info.model == starter_model.stem
    assert heard == []
    assert status is not None
    assert status.busy


async def test_a_waiting_request_can_be_withdrawn(
    engine: EmbeddedEngine, shared_place: HostPlace, starter_model: Path
) -> None:
    second = EmbeddedEngine(shared_place, settings_for(starter_model))
    async with engine.generate(replace(STORY, response_tokens=200)) as stream:
        await anext(stream)
        async with second.generate(STORY) as waiting:
            assert isinstance(await anext(waiting), Waiting)
        status = await host_status(shared_place)
    await second.close()
    assert status is not None
    assert (status.busy, status.waiting) == (True, 0)


@pytest.mark.parametrize("keep", [False, True])
async def test_a_client_that_vanishes_ends_its_reply_unless_it_asked_to_keep_it(
    engine: EmbeddedEngine, shared_place: HostPlace, starter_model: Path, keep: bool
) -> None:
    told = replace(
        STORY, prompt=(Segment("A tale of a mill"),), sampling=SamplerPreset(temperature=0), response_tokens=90
    )
    whole = await text_of(engine, told)
    other = EmbeddedEngine(shared_place, replace(settings_for(starter_model), keep=keep))
    await text_of(engine, replace(STORY, response_tokens=1))
    async with other.generate(told) as stream:
        while not isinstance(await anext(stream), TextArrived):
            pass
        await other.close()

    async def idle() -> bool:
        status = await host_status(shared_place)
        return status is not None and not status.busy

    await until(idle, "the reply has ended")
    reread = replace(told, prompt=(*told.prompt, Segment(whole)), response_tokens=1)
    async with engine.generate(reread) as stream:
        last = [event async for event in stream][-1]
    assert isinstance(last, Finished)
    assert last.usage.evaluated is not None
    assert (last.usage.evaluated <= 3) == keep


async def text_of(engine: EmbeddedEngine, request: Request) -> str:
    """The whole text of a reply."""
    async with engine.generate(request) as stream:
        return "".join([event.text async for event in stream if isinstance(event, TextArrived)])


async def test_another_model_than_the_one_in_use_is_asked_about_and_replaced_only_on_request(
    engine: EmbeddedEngine, shared_place: HostPlace, starter_model: Path, tmp_path: Path
) -> None:
    other_model = tmp_path / "Other.gguf"
    other_model.symlink_to(starter_model)
    await engine.count(["hello"])
    wanted = settings_for(other_model)
    other = EmbeddedEngine(shared_place, wanted)
    with pytest.raises(EngineError) as question:
        await other.connect()
    assert question.value.fault is EngineFault.IN_USE
    assert starter_model.stem in question.value.title
    assert question.value.hint == "Load Other in its place?"
    other.settings = replace(wanted, replace=True)
    assert (await other.connect()).model == "Other"
    await other.close()


async def test_a_model_that_nobody_uses_any_more_is_replaced_without_asking(
    place: HostPlace, starter_model: Path, tmp_path: Path
) -> None:
    first = EmbeddedEngine(place, settings_for(starter_model))
    await first.connect()
    await first.close()
    other_model = tmp_path / "Other.gguf"
    other_model.symlink_to(starter_model)
    second = EmbeddedEngine(place, settings_for(other_model))
    assert (await second.connect()).model == "Other"
    await second.close()
