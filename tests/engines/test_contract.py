"""The contract of ``engines.base``, kept by every engine: the fake, servers over real sockets, the embedded one.

Whatever a test asserts here, the session may rely on with any engine. What an engine claims in its ``Capabilities``
or tells in its ``Usage`` is held against what it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Message, Role, Segment, joined
from tavern_tui.engines.base import Engine, Finished, Request, StopReason, TextArrived
from tavern_tui.engines.detect import detect
from tavern_tui.engines.embedded.client import EmbeddedEngine
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.engines.fake import FakeEngine
from tavern_tui.engines.http import Link
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.engines.llama_server import LlamaServerEngine
from tests.engines.adapter_table import PAGE, row, rows_of
from tests.engines.embedded.running import end_host, place_in, settings_for
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.llama_standin import LlamaStandin
from tests.engines.replies import Heard, listen
from tests.engines.tale_standins import tale_standins

GREEDY = SamplerPreset(top_k=1)
PROSE = "The lantern swung once, and the harbour answered with a bell. A gull cried over the wet roofs. " * 20
TALE = "Once upon a time, in the harbour town of Vell, the innkeeper counted: one, two, three,"
TOO_LONG = "word " * 3000
OVERFLOWING = EngineError(
    "The prompt is too long.", fault=EngineFault.OVERFLOW, prompt_tokens=6000, context_tokens=2048
)


@dataclass
class Case:
    """An engine under test, and how requests are put to it: as text, or as messages."""

    engine: Engine
    chat: bool = False

    def request(self, prompt: str = TALE, **changes: Any) -> Request:
        """A request for a short reply."""
        settings: dict[str, Any] = {"response_tokens": 8, "sampling": GREEDY, "seed": 7} | changes
        if self.chat:
            return Request(messages=(Message(Role.USER, prompt),), **settings)
        return Request(prompt=(Segment(prompt),), **settings)

    async def listen(self, prompt: str = TALE, **changes: Any) -> Heard:
        """The whole reply."""
        return await listen(self.engine, self.request(prompt, **changes))


@pytest.fixture(scope="module")
def embedded_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostPlace]:
    """One engine host for all tests here, ended after them."""
    place = place_in(tmp_path_factory.mktemp("host"))
    yield place
    asyncio.run(end_host(place))


@asynccontextmanager
async def opened(name: str, request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    """The engine of that name, ready to be asked."""
    if name == "fake":
        yield Case(_Author())
    elif name.startswith("openai"):
        engine = await detect(request.getfixturevalue("llama_cpp_server"))
        yield Case(engine, chat=name.endswith("chat"))
        await engine.close()
    elif name == "koboldcpp":
        async with KoboldStandin(pause=0.001) as server:
            engine = KoboldCppEngine(Link(server.base))
            yield Case(engine)
            await engine.close()
    elif name.partition(":")[0] in TALES:
        async with TALES[name.partition(":")[0]]() as server:
            engine = await detect(server.base)
            yield Case(engine, chat=name.endswith("chat"))
            await engine.close()
    elif name.startswith("llama-server"):
        async with LlamaStandin(pause=0.001) as server:
            engine = LlamaServerEngine(Link(server.base))
            yield Case(engine, chat=name.endswith("chat"))
            await engine.close()
    else:
        place, model = request.getfixturevalue("embedded_place"), request.getfixturevalue("starter_model")
        engine = EmbeddedEngine(place, settings_for(model, context=1024))
        yield Case(engine)
        await engine.close()


class _Author(FakeEngine):
    """The fake with a long tale, and an overflow where the prompt is longer than its context."""

    def __init__(self) -> None:
        super().__init__([PROSE])
        self._prose, self._refusal = (PROSE,), ([OVERFLOWING],)

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[Any]:
        (size,) = await self.count([joined(request.prompt)])
        self._replies = self._refusal if size > 2048 else self._prose
        async with super().generate(request) as events:
            yield events


TALES = dict(tale_standins())
NAMES = ["fake", "openai text", "llama-server text", "llama-server chat", "koboldcpp", "embedded"]
NAMES += ["tabby: text", "vllm: chat", "ollama: text"]


REAL = [pytest.mark.model, pytest.mark.together("engine contract")]


@pytest.fixture(params=[pytest.param(name, marks=REAL if name[:2] in ("op", "em") else ()) for name in NAMES])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    """Every engine in turn."""
    async with opened(str(request.param), request) as found:
        yield found


async def test_connecting_tells_what_is_there(case: Case) -> None:
    info = await case.engine.connect()
    assert info.engine
    assert info.model
    assert info.context_tokens is None or info.context_tokens > 0
    assert info.capabilities.chat_completion or not case.chat
    assert info.capabilities.text_completion or case.chat
    assert await case.engine.connect() == info


async def test_the_table_in_the_docs_says_what_a_real_engine_can(case: Case) -> None:
    info = await case.engine.connect()
    if info.engine in ("embedded", "llama-cpp-python"):
        assert rows_of(PAGE.read_text(encoding="utf-8"))[info.engine] == row(info)


async def test_a_reply_is_its_pieces_and_one_end(case: Case) -> None:
    heard = await case.listen()
    assert heard.text.strip()
    assert isinstance(heard.finished, Finished)
    assert sum(isinstance(event, Finished) for event in heard.events) == 1
    assert all(event.text for event in heard.events if isinstance(event, TextArrived))
    assert sum(isinstance(event, TextArrived) for event in heard.events) > 1


async def test_a_reply_ends_at_its_length(case: Case) -> None:
    heard = await case.listen(response_tokens=6)
    assert heard.finished.reason is StopReason.LENGTH
    if heard.finished.usage.generated is not None:
        assert heard.finished.usage.generated <= 6
    if (await case.engine.connect()).capabilities.exact_count:
        (size,) = await case.engine.count([heard.text])
        assert size <= 7  # a piece by itself may be cut otherwise at its beginning


async def test_a_stop_string_ends_the_reply_and_is_no_part_of_it(case: Case) -> None:
    whole = (await case.listen()).text
    stop = whole[len(whole) // 2 :][:3]
    heard = await case.listen(stop=(stop,))
    assert heard.text == whole.partition(stop)[0]
    assert heard.finished.reason in (StopReason.STOP_STRING, StopReason.END)


async def test_counting_is_one_number_for_each_text(case: Case) -> None:
    texts = ["", "word", TALE, "Ünï 🐉 日本語", TALE]
    counts = await case.engine.count(texts)
    assert counts[0] == 0
    assert counts[2] == counts[4]
    assert all(0 < count <= len(text.encode()) for text, count in zip(texts[1:], counts[1:], strict=True))
    assert await case.engine.count([]) == []


async def test_what_was_read_agrees_with_the_count(case: Case) -> None:
    info = await case.engine.connect()
    (size,) = await case.engine.count([TALE])
    usage = (await case.listen(response_tokens=3)).finished.usage
    counted = info.capabilities.exact_count and not case.chat
    if usage.evaluated is not None and usage.reused is not None and counted:
        assert usage.evaluated + usage.reused == size + info.add_bos


async def test_a_second_look_at_the_same_prompt_reads_little(case: Case) -> None:
    await case.listen(chat="a")
    usage = (await case.listen(chat="a")).finished.usage
    if usage.reused is not None:
        assert usage.evaluated is not None
        assert usage.evaluated <= 1


async def test_the_same_seed_gives_the_same_reply_where_that_is_claimed(case: Case) -> None:
    info = await case.engine.connect()
    lively = SamplerPreset(temperature=1.0)
    # The first reply settles the cache: a prompt read in one batch and one read from the cache differ in their last
    # bits, in every llama.cpp, and a seed repeats only over equal numbers.
    _, first, second = [await case.listen(sampling=lively, seed=11, response_tokens=5) for _ in range(3)]
    if info.capabilities.seed:
        assert first.text == second.text


async def test_leaving_early_frees_the_engine_for_the_next(case: Case) -> None:
    async with case.engine.generate(case.request(response_tokens=400)) as events:
        async for event in events:
            if isinstance(event, TextArrived):
                break
    assert (await case.listen(response_tokens=3)).text


async def test_leaving_before_the_first_event_is_allowed(case: Case) -> None:
    async with case.engine.generate(case.request(response_tokens=400)):
        pass
    assert (await case.listen(response_tokens=3)).text


async def test_a_cancelled_task_frees_the_engine_too(case: Case) -> None:
    begun = asyncio.Event()

    async def talk() -> None:
        async with case.engine.generate(case.request(response_tokens=400)) as events:
            async for event in events:
                if isinstance(event, TextArrived):
                    begun.set()
                    await asyncio.sleep(3600)

    task = asyncio.create_task(talk())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await case.listen(response_tokens=3)).text


async def test_a_prompt_that_is_too_long_is_an_overflow(case: Case) -> None:
    heard = await case.listen(TOO_LONG)
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert heard.text == ""
    if heard.error.prompt_tokens is not None:
        assert heard.error.context_tokens is not None
        assert heard.error.prompt_tokens > heard.error.context_tokens
    assert (await case.listen(response_tokens=3)).text


async def test_text_of_any_script_goes_in(case: Case) -> None:
    assert isinstance((await case.listen("Ünï 🐉 日本語 \u200d \x07", response_tokens=3)).finished, Finished)


async def test_closing_twice_is_as_good_as_once(case: Case) -> None:
    await case.engine.connect()
    await case.engine.close()
    await case.engine.close()


@pytest.mark.model
@pytest.mark.together("engine contract")
async def test_a_real_server_keeps_the_contract_with_messages_too(request: pytest.FixtureRequest) -> None:
    """In one test: the same server has kept the rest of it with text."""
    async with opened("openai chat", request) as case:
        heard = await case.listen()
        assert heard.finished.reason in (StopReason.LENGTH, StopReason.END)
        assert sum(isinstance(event, TextArrived) for event in heard.events) > 1
        async with case.engine.generate(case.request(response_tokens=400)) as events:
            async for event in events:
                if isinstance(event, TextArrived):
                    break
        too_long = await case.listen(TOO_LONG)
        assert too_long.error is not None
        assert too_long.error.fault is EngineFault.OVERFLOW
