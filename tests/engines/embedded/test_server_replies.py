"""Several replies by a ``llama-server`` child: side by side where it has slots for them, else one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.engines.base import StopReason, TextArrived
from tavern_tui.engines.embedded.options import LoadOptions
from tavern_tui.engines.embedded.protocol import Answer, Generate, ModelFacts, ModelSpec
from tavern_tui.engines.embedded.server_replies import ServerReplies
from tavern_tui.engines.embedded.server_worker import ServerWorker
from tests.engines.embedded.loaded_model import Answered
from tests.engines.embedded.test_server_worker import PROMPT, last_seen, program

__all__ = ["program"]


@asynccontextmanager
async def loaded(program: Path, folder: Path, content: bytes = b"GGUF", replies: int = 3) -> AsyncIterator[Any]:
    """A worker over the stand-in, with slots for so many replies of 20 tokens, and its facts."""
    model = folder / "Mira-7B.gguf"
    model.write_bytes(content)
    worker = ServerWorker(program)
    spec = ModelSpec(str(model), 64, 1, 0, LoadOptions(replies=replies, response_tokens=20))
    try:
        yield worker, await worker.load(spec, lambda _event: None), spec
    finally:
        await worker.close()


async def ask(
    worker: ServerWorker,
    spec: ModelSpec,
    replies: int,
    at_text: Callable[[TextArrived], None] = lambda _event: None,
    **fields: Any,
) -> Answered:
    """What comes of a request for so many replies; ``at_text`` hears every piece."""
    events: list[Answer] = []

    def hear(event: Answer) -> None:
        events.append(event)
        if isinstance(event, TextArrived):
            at_text(event)

    work = replace(Generate(spec, PROMPT.prompt, response_tokens=4, replies=replies), **fields)
    return Answered(events, await worker.generate(work, hear))


@dataclass(frozen=True)
class Slots:
    """A worker over a stand-in with three slots, in a loop of its own."""

    runner: asyncio.Runner
    worker: ServerWorker
    facts: ModelFacts
    spec: ModelSpec

    def ask(self, *arguments: Any, **fields: Any) -> Answered:
        return self.runner.run(ask(self.worker, self.spec, *arguments, **fields))

    def seen(self, what: str) -> Any:
        return last_seen(Path(self.spec.path), what)


@pytest.fixture(scope="module")
def three(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slots]:
    folder = tmp_path_factory.mktemp("three")
    with asyncio.Runner() as runner:
        running = loaded(program, folder)
        yield Slots(runner, *runner.run(running.__aenter__()))
        runner.run(running.__aexit__(None, None, None))


def test_as_many_as_there_are_slots_are_written_by_one_request(three: Slots) -> None:
    assert (three.facts.parallel, three.facts.context_tokens) == (3, 64)
    arguments = three.seen("arguments")
    assert [arguments[arguments.index(flag) + 1] for flag in ("-np", "-c")] == ["3", "104"]
    told = three.ask(3, seed=7)
    asked = three.seen("completion")
    assert (asked["n_cmpl"], asked["seed"]) == (3, 7)
    assert [told.text(number) for number in range(3)] == ["abcd"] * 3
    assert [told.ended[number].reason for number in range(3)] == [StopReason.LENGTH] * 3
    assert told.finished.usage.generated == 12
    assert told.finished.usage.evaluated == 5, "the prompt was read once"


def test_what_is_beyond_the_slots_follows_with_the_seeds_that_follow(three: Slots) -> None:
    told = three.ask(4, seed=7)
    asked = three.seen("completion")
    assert "n_cmpl" not in asked
    assert asked["seed"] == 10
    assert [told.text(number) for number in range(4)] == ["abcd"] * 4


def test_one_that_is_ended_leaves_the_others(three: Slots) -> None:
    told = three.ask(3, lambda event: three.worker.end_reply(1) if event.reply == 1 else None)
    assert [told.text(number) for number in range(3)] == ["abcd", "a", "abcd"]
    assert told.ended[1].reason is StopReason.ABORTED


def test_an_abort_ends_them_all(three: Slots) -> None:
    told = three.ask(4, lambda _event: three.worker.abort(), response_tokens=40)
    assert [told.ended[number].reason for number in range(4)] == [StopReason.ABORTED] * 4


async def test_a_server_that_writes_one_all_the_same_is_asked_for_the_rest(program: Path, tmp_path: Path) -> None:
    async with loaded(program, tmp_path, b"one reply") as (worker, _, spec):
        told = await ask(worker, spec, 3)
    assert [told.text(number) for number in range(3)] == ["abcd"] * 3
    assert sorted(told.ended) == [0, 1, 2]


async def test_a_server_without_slots_of_that_kind_gets_one(program: Path, tmp_path: Path) -> None:
    async with loaded(program, tmp_path, b"one slot") as (worker, facts, spec):
        assert (facts.parallel, facts.context_tokens) == (1, 64)
        told = await ask(worker, spec, 2)
    assert [told.text(number) for number in range(2)] == ["abcd"] * 2


@pytest.mark.parametrize("index", [-1, 7, "x", None])
def test_an_index_that_is_none_is_not_followed_anywhere(index: object) -> None:
    heard: list[Answer] = []
    replies = ServerReplies(2, 5, heard.append)
    replies.take({"index": index, "content": "a"}, 1)
    assert all(isinstance(event, TextArrived) and event.reply == 1 for event in heard)
    assert replies.missing == [0, 1]
    assert replies.abort().reason is StopReason.ABORTED
