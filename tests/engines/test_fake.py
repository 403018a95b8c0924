"""The scripted engine does what it was told, and remembers what it was asked."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import PrefillProgress, ReasoningArrived, StopReason, TextArrived, Waiting
from tavern_tui.engines.fake import FakeEngine, Step, tokens
from tests.engines.replies import listen, text_request

BROKEN = EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)


async def test_replies_are_given_in_turn_and_begin_anew() -> None:
    engine = FakeEngine(["One.", "Two."])
    assert [(await listen(engine, text_request())).text for _ in range(3)] == ["One.", "Two.", "One."]


async def test_requests_are_remembered() -> None:
    engine = FakeEngine()
    await listen(engine, text_request("Hi"))
    assert [joined(request.prompt) for request in engine.requests] == ["Hi"]


async def test_an_error_comes_where_the_script_has_it_after_the_text() -> None:
    heard = await listen(FakeEngine([["Good eve", BROKEN, "ning."]]), text_request(stop=("ever",)))
    assert heard.text == "Good eve"
    assert heard.error is BROKEN


async def test_delays_are_slept_and_events_are_sent() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    script: list[Step] = [Waiting("busy", 1), 0.5, ReasoningArrived("Hm."), "Yes", 2, "."]
    heard = await listen(FakeEngine([script], sleep=sleep), text_request())
    assert slept == [0.5, 2]
    assert [type(event) for event in heard.events[1:4]] == [Waiting, ReasoningArrived, TextArrived]
    assert heard.text == "Yes."


async def test_a_reply_that_is_left_early_is_counted_as_aborted() -> None:
    engine = FakeEngine(["One two three."])
    async with engine.generate(text_request()) as events:
        assert isinstance(await anext(events), PrefillProgress)
    assert engine.aborted == 1
    assert engine.closed is False


async def test_an_engine_that_is_told_to_refuses_to_connect() -> None:
    engine = FakeEngine()
    engine.refuse_connection = BROKEN
    with pytest.raises(EngineError):
        await engine.connect()
    engine.refuse_connection = None
    assert (await engine.connect()).engine == "fake"


async def test_ids_come_with_the_text_and_say_that_they_are_canonical() -> None:
    heard = await listen(FakeEngine(["one two one"]), text_request())
    ids = [event.token_ids for event in heard.events if isinstance(event, TextArrived)]
    assert ids[0] == ids[4] != ids[2]
    assert heard.finished.canonical


async def test_numbers_are_those_of_a_cache() -> None:
    engine = FakeEngine(["a b"])
    await listen(engine, text_request("one two"))
    usage = (await listen(engine, text_request("one twoa b c"))).finished.usage
    assert (usage.evaluated, usage.reused, usage.generated) == (5, 2, 3)


async def test_the_length_bounds_a_reply() -> None:
    heard = await listen(FakeEngine(["one two three"]), text_request(response_tokens=3))
    assert heard.text == "one two"
    assert heard.finished.reason is StopReason.LENGTH


def test_a_token_is_a_word_or_one_other_character() -> None:
    assert tokens("Hi, you_2 ☂!") == ["Hi", ",", " ", "you_2", " ", "☂", "!"]
