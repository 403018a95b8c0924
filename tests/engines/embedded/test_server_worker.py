"""The host with a ``llama-server`` child in place of the binding: same protocol, and no child left behind."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import CREATIVE, NEUTRAL
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Event, Finished, PrefillProgress, Request, StopReason, TextArrived
from tavern_tui.engines.embedded.client import EmbeddedEngine, host_status
from tavern_tui.engines.embedded.link import HostSettings
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.engines.embedded.protocol import Generate, ModelSpec
from tavern_tui.engines.embedded.server_worker import asked_of
from tests.engines.embedded.running import has_left, settings_for, unload, until

STANDIN = Path(__file__).parent / "llama_server_standin.py"
PROMPT = Request((Segment("abc"), Segment("def")), response_tokens=9)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An executable ``llama-server``."""
    path = tmp_path_factory.mktemp("bin") / "llama-server"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STANDIN}" "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stand-in takes for a model."""
    path = tmp_path_factory.mktemp("models") / "Mira-7B.gguf"
    path.write_bytes(b"GGUF")
    return path


def with_standin(program: Path) -> HostSettings:
    """A host that is told to use the stand-in."""
    return HostSettings(worker="llama-server", llama_server=str(program))


@pytest.fixture
async def engine(shared_place: HostPlace, model: Path, program: Path) -> AsyncIterator[EmbeddedEngine]:
    """A client of the module's host, whose worker is the stand-in."""
    engine = EmbeddedEngine(shared_place, settings_for(model, with_standin(program), context=64))
    await engine.connect()
    yield engine
    await engine.close()


def last_seen(model: Path, what: str) -> Any:
    """What the stand-in last noted of one kind; ``None`` when it never did."""
    notes = [json.loads(line) for line in Path(f"{model}.seen").read_text().splitlines()]
    return next((note[what] for note in reversed(notes) if what in note), None)


async def reply(engine: EmbeddedEngine, request: Request) -> tuple[str, list[Event]]:
    async with engine.generate(request) as stream:
        events = [event async for event in stream]
    return "".join(event.text for event in events if isinstance(event, TextArrived)), events


async def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def test_what_the_server_tells_is_what_connect_tells(engine: EmbeddedEngine, model: Path) -> None:
    info = await engine.connect()
    assert (info.model, info.context_tokens, info.trained_tokens) == ("Mira-7B", 64, 4096)
    assert info.chat_template == "{{ messages }}"
    assert info.version == "llama-server b1-standin"
    assert "Stand-in GPU" in info.device
    assert not info.capabilities.token_ids


async def test_the_status_says_which_worker_and_which_devices(engine: EmbeddedEngine, shared_place: HostPlace) -> None:
    status = await host_status(shared_place)
    assert status is not None
    assert status.worker == "llama-server"
    assert status.devices == ("CUDA0: Stand-in GPU (24000 MiB, 23000 MiB free)",)


async def test_a_reply_streams_with_its_figures(engine: EmbeddedEngine) -> None:
    text, events = await reply(engine, PROMPT)
    finished = events[-1]
    assert text == "abcdefabc"
    assert isinstance(finished, Finished)
    assert finished.reason is StopReason.LENGTH
    usage = finished.usage
    assert (usage.evaluated, usage.reused, usage.generated, usage.prompt_ms) == (5, 2, 9, 3.5)
    assert PrefillProgress(7, 7) in events


async def test_the_prompt_travels_as_tokens_with_the_models_beginning(engine: EmbeddedEngine, model: Path) -> None:
    await reply(engine, PROMPT)
    body = last_seen(model, "completion")
    assert body["prompt"] == [1, *b"abcdef"]
    assert (body["n_predict"], body["cache_prompt"], body["return_progress"]) == (9, True, True)
    assert body["n_cache_reuse"] == 32  # tokens behind a gap that are worth moving; 0 where moving is off


async def test_stop_strings_are_the_servers_business(engine: EmbeddedEngine, model: Path) -> None:
    _, events = await reply(engine, replace(PROMPT, stop=("ef",)))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.reason is StopReason.STOP_STRING
    assert last_seen(model, "completion")["stop"] == ["ef"]


async def test_counting_asks_the_server(engine: EmbeddedEngine) -> None:
    assert await engine.count(["abc", "", "é"]) == [3, 0, 2]
    assert await engine.tokenize("ab") == [97, 98]


async def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(engine: EmbeddedEngine) -> None:
    with pytest.raises(EngineError) as refusal:
        await reply(engine, Request((Segment("x" * 80),)))
    assert refusal.value.fault is EngineFault.OVERFLOW
    assert (refusal.value.prompt_tokens, refusal.value.context_tokens) == (81, 64)


async def test_leaving_the_stream_stops_the_server(engine: EmbeddedEngine, model: Path) -> None:
    async with engine.generate(replace(PROMPT, response_tokens=50)) as stream:
        async for event in stream:
            if isinstance(event, TextArrived):
                break

    async def stopped() -> bool:
        return last_seen(model, "aborted") is True

    await until(stopped, "the server noticed")
    assert (await reply(engine, PROMPT))[0] == "abcdefabc"


async def test_the_child_listens_on_loopback_and_its_key_is_not_among_its_arguments(
    engine: EmbeddedEngine, model: Path
) -> None:
    arguments = last_seen(model, "arguments")
    port = arguments[arguments.index("--port") + 1]
    assert arguments[arguments.index("--host") + 1] == "127.0.0.1"
    assert not any("key" in argument for argument in arguments)
    async with httpx.AsyncClient(trust_env=False) as stranger:
        assert (await stranger.get(f"http://127.0.0.1:{port}/props")).status_code == 401


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_the_child_dies_with_a_killed_host(engine: EmbeddedEngine, shared_place: HostPlace, model: Path) -> None:
    pid, parent = last_seen(model, "pid"), last_seen(model, "parent")
    os.kill(parent, signal.SIGKILL)
    await until(lambda: gone(pid), "the child has ended")
    await until(lambda: has_left(shared_place), "the host's place is free")


async def test_unloading_ends_the_child_and_the_next_call_starts_another(
    engine: EmbeddedEngine, shared_place: HostPlace, model: Path
) -> None:
    before = last_seen(model, "pid")
    await unload(shared_place)
    assert await gone(before)
    assert await engine.count(["abc"]) == [3]
    assert last_seen(model, "pid") != before


async def test_a_child_that_dies_ends_the_reply_clearly_and_is_started_anew(
    engine: EmbeddedEngine, model: Path
) -> None:
    async with engine.generate(replace(PROMPT, response_tokens=50)) as stream:
        while not isinstance(await anext(stream), TextArrived):
            pass
        os.kill(last_seen(model, "pid"), signal.SIGKILL)
        with pytest.raises(EngineError) as broken:
            assert not [event async for event in stream if isinstance(event, Finished)], "the reply did not break"
    assert broken.value.fault is EngineFault.CRASHED
    assert (await reply(engine, PROMPT))[0] == "abcdefabc"


async def test_a_model_that_the_server_cannot_load_is_said_with_its_reason(
    shared_place: HostPlace, program: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"damaged")
    engine = EmbeddedEngine(shared_place, settings_for(damaged, with_standin(program)))
    with pytest.raises(EngineError, match="cannot load damaged") as refusal:
        await engine.connect()
    await engine.close()
    assert refusal.value.fault is EngineFault.NO_MODEL
    assert "not within file bounds" in refusal.value.hint


async def test_tuning_starts_the_server_with_every_number_of_threads(engine: EmbeddedEngine, model: Path) -> None:
    tuned = await engine.tune(1.0)
    assert [speed.tokens_per_second for speed in tuned.speeds] == [40.0 * speed.threads for speed in tuned.speeds]
    assert tuned.best == len(tuned.speeds)
    last = last_seen(model, "arguments")
    assert last[last.index("-t") + 1] == str(tuned.best)


@pytest.fixture
def no_binding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python in which llama_cpp cannot be imported, for processes started from here."""
    broken = tmp_path / "shadow" / "llama_cpp"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('built for another Python')\n")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))


@pytest.mark.usefixtures("no_binding")
async def test_without_the_binding_a_server_on_path_is_chosen(
    place: HostPlace, model: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    engine = EmbeddedEngine(place, settings_for(model))
    assert (await engine.connect()).version.startswith("llama-server")
    await engine.close()


@pytest.mark.usefixtures("no_binding")
async def test_without_binding_and_server_the_message_says_what_to_do(place: HostPlace, model: Path) -> None:
    engine = EmbeddedEngine(place, settings_for(model))
    with pytest.raises(EngineError) as refusal:
        await engine.connect()
    await engine.close()
    assert refusal.value.fault is EngineFault.UNAVAILABLE
    assert "make engine" in refusal.value.hint


async def test_an_idle_host_ends_its_child(place: HostPlace, model: Path, program: Path) -> None:
    impatient = replace(with_standin(program), unload_after=0.1, leave_after=0.5)
    engine = EmbeddedEngine(place, settings_for(model, impatient))
    await engine.connect()
    await engine.close()
    pid = last_seen(model, "pid")
    await until(lambda: gone(pid), "the child has ended")


def test_every_sampler_travels_under_the_servers_name() -> None:
    body: dict[str, Any] = asked_of(Generate(ModelSpec("/m.gguf"), (), sampling=CREATIVE, seed=5)).fields
    assert (body["xtc_probability"], body["xtc_threshold"], body["min_p"]) == (0.5, 0.1, 0.05)
    assert body["dry_sequence_breakers"] == ["\n", ":", '"', "*"]
    assert body["seed"] == 5
    assert body["samplers"][-1] == "temperature"


def test_what_is_off_here_is_off_there() -> None:
    all_of_it = replace(NEUTRAL, repetition_range=0, dry_range=0)
    body = asked_of(Generate(ModelSpec("/m.gguf"), (), sampling=all_of_it)).fields
    assert (body["top_n_sigma"], body["repeat_last_n"], body["dry_penalty_last_n"], body["seed"]) == (-1, -1, -1, -1)
