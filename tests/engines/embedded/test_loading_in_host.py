"""Options of loading through a real host: what replies come of them, who is asked, and a host that outlives faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.memory_fit import ModelShape
from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.domain.rope import RopeFacts
from tavern_tui.engines.base import Event, Finished, Notice, Request, TextArrived
from tavern_tui.engines.embedded.client import EmbeddedEngine, EmbeddedSettings, host_status
from tavern_tui.engines.embedded.options import LoadOptions
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.engines.embedded.protocol import ModelFacts
from tests.engines.embedded.running import settings_for
from tests.engines.embedded.tiny_models import tiny_lora, tiny_model

pytestmark = pytest.mark.model

PROMPT = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of some kilobytes."""
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny.gguf")


async def reply(place: HostPlace, settings: EmbeddedSettings, prompt: str = PROMPT) -> tuple[str, Finished]:
    """A short reply, always the same, by a client that then goes."""
    engine = EmbeddedEngine(place, settings)
    request = Request((Segment(prompt),), response_tokens=8, sampling=SamplerPreset(temperature=0.0))
    async with engine.generate(request) as stream:
        events = [event async for event in stream]
    await engine.close()
    last = events[-1]
    assert isinstance(last, Finished)
    return "".join(event.text for event in events if isinstance(event, TextArrived)), last


async def in_memory(place: HostPlace) -> ModelFacts:
    """What the host has loaded."""
    status = await host_status(place)
    assert status is not None
    assert status.model is not None
    return status.model


def wanting(model: Path, context: int = 512, **options: Any) -> EmbeddedSettings:
    """The model with options of loading."""
    return replace(settings_for(model, context=context), options=LoadOptions(**options))


@pytest.mark.parametrize(
    "options",
    [
        {"kv_type": "q8_0", "flash_attention": "on", "batch_tokens": 64, "ubatch_tokens": 32},
        {"flash_attention": "off", "mmap": False, "rope_base": 120_000.0},
    ],
    ids=["q8_0 in small batches", "rope by hand, neither flash nor map"],
)
async def test_a_model_loaded_otherwise_still_writes_sense(
    shared_place: HostPlace, starter_model: Path, options: dict[str, Any]
) -> None:
    text, finished = await reply(shared_place, wanting(starter_model, **options))
    assert "Paris" in text
    assert finished.usage.generated
    assert (await in_memory(shared_place)).options == LoadOptions(**options)


async def test_another_cache_loads_the_model_anew_for_one_who_is_alone(shared_place: HostPlace, tiny: Path) -> None:
    await reply(shared_place, wanting(tiny))
    _, again = await reply(shared_place, wanting(tiny))
    _, anew = await reply(shared_place, wanting(tiny, kv_type="q4_0"))
    assert again.usage.reused
    assert not anew.usage.reused


async def test_who_wants_other_settings_than_another_window_uses_is_asked(shared_place: HostPlace, tiny: Path) -> None:
    first = EmbeddedEngine(shared_place, wanting(tiny))
    await first.connect()
    wanted = wanting(tiny, kv_type="q8_0")
    second = EmbeddedEngine(shared_place, wanted)
    with pytest.raises(EngineError) as asked:
        await second.connect()
    assert asked.value.fault is EngineFault.IN_USE
    assert asked.value.title == "Another window is using tiny with other engine settings."
    assert (await in_memory(shared_place)).options == LoadOptions()
    second.settings = replace(wanted, replace=True)
    await second.connect()
    assert (await in_memory(shared_place)).options.kv_type == "q8_0"
    await first.close()
    await second.close()


async def test_settings_that_change_no_reply_are_not_asked_about(shared_place: HostPlace, tiny: Path) -> None:
    first = EmbeddedEngine(shared_place, wanting(tiny))
    await first.connect()
    second = EmbeddedEngine(shared_place, wanting(tiny, 256, ubatch_tokens=64))
    assert (await second.connect()).context_tokens == 512
    await first.close()
    await second.close()


async def test_a_context_that_nobody_chose_keeps_the_larger_one_that_is_loaded(
    shared_place: HostPlace, tiny: Path
) -> None:
    await reply(shared_place, wanting(tiny, 1024))
    await reply(shared_place, replace(wanting(tiny, 512), context_chosen=False))
    assert (await in_memory(shared_place)).context_tokens == 1024
    await reply(shared_place, wanting(tiny, 512))
    assert (await in_memory(shared_place)).context_tokens == 512


async def test_what_is_done_for_a_context_beyond_the_trained_one_is_heard(shared_place: HostPlace, tiny: Path) -> None:
    heard: list[Event] = []
    shape = ModelShape(rope=RopeFacts(trained_tokens=512))
    engine = EmbeddedEngine(shared_place, replace(wanting(tiny, 4096), shape=shape), heard.append)
    await engine.connect()
    await engine.close()
    [notice] = [event for event in heard if isinstance(event, Notice)]
    assert "beyond the trained 512" in notice.text
    assert (await in_memory(shared_place)).notes == (notice.text,)


@pytest.mark.parametrize(
    ("options", "context"),
    [({"lora": "misfit"}, 256), ({"kv_type": "q8_0", "flash_attention": "off"}, 256), ({}, 50_000_000)],
    ids=["a lora of another model", "options that exclude each other", "more context than memory"],
)
async def test_a_host_outlives_what_cannot_be_loaded(
    shared_place: HostPlace, tiny: Path, tmp_path: Path, options: dict[str, Any], context: int
) -> None:
    await reply(shared_place, wanting(tiny))
    before = await host_status(shared_place)
    if "lora" in options:
        options = {"lora": str(tiny_lora(tmp_path / "misfit.gguf", width=128))}
    with pytest.raises(EngineError) as refused:
        await reply(shared_place, wanting(tiny, context, **options))
    assert refused.value.fault is EngineFault.NO_MODEL
    assert refused.value.hint
    assert (await reply(shared_place, wanting(tiny)))[1].usage.generated
    after = await host_status(shared_place)
    assert before is not None
    assert after is not None
    assert after.pid == before.pid


async def test_a_yes_to_that_question_holds_once(shared_place: HostPlace, tiny: Path) -> None:
    first = EmbeddedEngine(shared_place, wanting(tiny))
    await first.connect()
    second = EmbeddedEngine(shared_place, wanting(tiny, kv_type="q8_0"))
    second.take_over()
    await second.connect()
    first.take_over()
    await first.connect()
    with pytest.raises(EngineError) as asked:
        await second.connect()
    assert asked.value.fault is EngineFault.IN_USE
    await first.close()
    await second.close()
