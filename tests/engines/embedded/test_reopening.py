"""A chat that is opened again after the host has gone: what was read is not read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Finished, Request, TextArrived
from tavern_tui.engines.embedded.client import EmbeddedEngine
from tavern_tui.engines.embedded.kv import STEP
from tavern_tui.engines.embedded.link import HostSettings
from tests.engines.embedded.loaded_model import STORY
from tests.engines.embedded.running import embedded_engine, place_in, until

pytestmark = pytest.mark.model

ASK = Request((Segment(STORY * 3),), response_tokens=4, sampling=SamplerPreset(temperature=0.0), chat="mine")


async def reply(engine: EmbeddedEngine, request: Request) -> tuple[str, Finished]:
    async with engine.generate(request) as stream:
        events = [event async for event in stream]
    last = events[-1]
    assert isinstance(last, Finished)
    return "".join(event.text for event in events if isinstance(event, TextArrived)), last


async def test_a_chat_opened_after_a_restart_reads_its_new_tokens_and_at_most_a_batch(
    tmp_path: Path, starter_model: Path
) -> None:
    async def kept() -> bool:
        return len(list(place_in(tmp_path).states.glob("*.state"))) == 1

    async with embedded_engine(starter_model, tmp_path, HostSettings(keep_after=0.05), context=256) as engine:
        said, first = await reply(engine, ASK)
        await until(kept, "what was read lies on disk while nobody asks")
    new = " And then?"
    following = replace(ASK, prompt=(*ASK.prompt, Segment(said + new)), response_tokens=1)
    async with embedded_engine(starter_model, tmp_path, context=256) as engine:
        _, again = await reply(engine, following)
        new_tokens = (await engine.count([new]))[0]
    assert (first.usage.evaluated or 0) > STEP
    assert again.usage.evaluated is not None
    assert again.usage.evaluated <= new_tokens + 5


def test_a_host_is_told_to_forget_chats_where_that_is_wanted() -> None:
    assert "--forget" in HostSettings(forget=True).arguments()
    assert "--forget" not in HostSettings().arguments()
