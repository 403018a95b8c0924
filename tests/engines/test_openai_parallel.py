"""Several replies of one request, as OpenAI's API streams them: each is numbered, and ends by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tavern_tui.domain.errors import EngineFault
from tavern_tui.engines.base import Event, Finished, ReasoningArrived, ReplyFinished, Request, StopReason, TextArrived
from tavern_tui.engines.http import Link
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers import vllm
from tests.engines import server_answers as answers
from tests.engines.replies import DONE, Heard, listen, text_request
from tests.engines.standin import Act, Reply, Standin, event, streamed

TWO = text_request(replies=2)


def piece(number: int, text: str = "", finish: str | None = None, **more: Any) -> bytes:
    """A chunk of one of several replies."""
    return event({"choices": [{"index": number, "text": text, "finish_reason": finish, **more}]})


USAGE = event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}})


async def talk(reply: Reply, request: Request = TWO) -> tuple[Heard, Standin]:
    async with Standin({**answers.VLLM, "POST /v1/completions": reply}) as server:
        engine = OpenAIEngine(Link(server.base), vllm.DIALECT)
        heard = await listen(engine, request)
        await engine.close()
    return heard, server


def texts(events: list[Event]) -> list[str]:
    found = ["", ""]
    for one in events:
        if isinstance(one, TextArrived):
            found[one.reply] += one.text
    return found


async def test_each_reply_has_its_number_its_end_and_the_last_word_is_of_all() -> None:
    stream = streamed(
        piece(0, "One "), piece(1, "Two "), piece(1, "words.", "stop"), piece(0, "more", "length"), USAGE, DONE
    )
    heard, server = await talk(stream)
    assert texts(heard.events) == ["One more", "Two words."]
    ends = [one for one in heard.events if isinstance(one, ReplyFinished)]
    assert [(one.reply, one.reason) for one in ends] == [(1, StopReason.END), (0, StopReason.LENGTH)]
    assert isinstance(heard.events[-1], Finished)
    assert (heard.finished.usage.evaluated, heard.finished.usage.generated) == (9, 4)
    assert server.bodies("/v1/completions")[0]["n"] == 2


async def test_choices_that_come_in_one_chunk_are_told_apart() -> None:
    both = event({"choices": [{"index": n, "text": "ab"[n], "finish_reason": "stop"} for n in (0, 1)]})
    heard, _ = await talk(streamed(both, DONE))
    assert texts(heard.events) == ["a", "b"]


async def test_a_stop_string_ends_one_and_not_the_other() -> None:
    stream = streamed(piece(0, "Yes.\nAl"), piece(1, "No. "), piece(0, "ex: "), piece(1, "Never.", "stop"), Act.HANG)
    heard, _ = await talk(stream, text_request(replies=2, stop=("\nAlex:",)))
    assert texts(heard.events) == ["Yes.", "No. Never."]
    ends = {one.reply: one.reason for one in heard.events if isinstance(one, ReplyFinished)}
    assert ends == {0: StopReason.STOP_STRING, 1: StopReason.END}


async def test_what_came_of_each_is_kept_where_the_link_breaks() -> None:
    heard, _ = await talk(streamed(piece(0, "One", "stop"), piece(1, "Tw"), Act.RESET))
    assert texts(heard.events) == ["One", "Tw"]
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM
    assert [one.reply for one in heard.events if isinstance(one, ReplyFinished)] == [0]


async def test_thinking_is_told_of_the_reply_that_it_belongs_to() -> None:
    thought = event({"choices": [{"index": 1, "delta": {"reasoning_content": "Hm."}, "finish_reason": None}]})
    heard, _ = await talk(streamed(thought, piece(0, "a", "stop"), piece(1, "b", "stop"), DONE))
    assert heard.events[0] == ReasoningArrived("Hm.", 1)


async def test_a_reply_that_is_ended_by_its_reader_is_heard_no_more() -> None:
    stream = streamed(piece(0, "One "), piece(1, "Two "), piece(0, "gone"), piece(1, "stays.", "stop"), Act.HANG)
    async with Standin({**answers.VLLM, "POST /v1/completions": stream}) as server:
        engine = OpenAIEngine(Link(server.base), vllm.DIALECT)
        found: list[Event] = []
        async with engine.generate(TWO) as events:
            async for one in events:
                found.append(one)
                if isinstance(one, TextArrived) and one.reply == 0:
                    engine.end_reply(TWO, 0)
        await engine.close()
    assert texts(found) == ["One ", "Two stays."]
    assert isinstance(found[-1], Finished)


@pytest.mark.parametrize("replies", [1, 99])
async def test_no_more_replies_are_asked_for_than_a_server_writes_at_once(replies: int) -> None:
    wanted = min(replies, vllm.DIALECT.parallel)
    stream = streamed(*(piece(number, "x", "stop") for number in range(wanted)), DONE)
    _, server = await talk(stream, text_request(replies=replies))
    assert server.bodies("/v1/completions")[0].get("n", 1) == wanted
