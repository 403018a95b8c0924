"""Alternatives token by token: read in three dialects, and given to whole tokens of what is handed out."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.alternatives import Alternative, TokenChoice
from tavern_tui.engines.base import TextArrived
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.http import Link
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers import tabbyapi, textgen, vllm
from tavern_tui.engines.stopping import StopScan
from tavern_tui.engines.told_tokens import ToldTokens, read_choices, read_text_choices
from tests.engines import server_answers as answers
from tests.engines.replies import DONE, chat_request, chunk, listen, text_request
from tests.engines.standin import Route, Standin, event, streamed

LIKELY = [{"token": "Hi", "logprob": -0.1}, {"token": "Yo", "logprob": -3}]
CHAT = [{"token": "Hi", "logprob": -0.1, "top_logprobs": LIKELY}]
TEXT = {"tokens": ["Hi"], "token_logprobs": [-0.1], "top_logprobs": [{"Yo": -3.0, "Hi": -0.1}]}
OLDER = [{"tok_str": "Hi", "prob": math.exp(-0.1)}, {"tok_str": "Yo", "prob": math.exp(-3)}]
OLD_LLAMA_SERVER = [{"content": "Hi", "probs": OLDER}]
HI = TokenChoice("Hi", -0.1, (Alternative("Hi", -0.1), Alternative("Yo", -3.0)))


@pytest.mark.parametrize("items", [CHAT, OLD_LLAMA_SERVER], ids=["now", "older llama-server"])
def test_choices_are_read_as_chats_tell_them(items: list[object]) -> None:
    [choice] = read_choices(items, 5)
    assert choice.text == "Hi"
    assert choice.logprob == pytest.approx(-0.1)
    assert [one.text for one in choice.likeliest] == ["Hi", "Yo"]
    assert [one.logprob for one in choice.likeliest] == pytest.approx([-0.1, -3.0])


def test_choices_are_read_as_text_completions_tell_them_likeliest_first() -> None:
    assert read_text_choices(TEXT, 5) == (HI,)
    assert read_text_choices(TEXT, 1)[0].likeliest == HI.likeliest[:1]


@pytest.mark.parametrize("told", [None, {}, {"tokens": ["x"]}, {"tokens": [3], "token_logprobs": [-1]}])
def test_numbers_that_are_not_there_are_no_choices(told: object) -> None:
    assert read_text_choices(told, 5) == ()


words = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=8)


@settings(max_examples=25)
@given(chunks=st.lists(st.tuples(words, st.booleans()), max_size=6), stop=st.sampled_from(["", "\nab", "aa", "b"]))
def test_pieces_make_up_the_text_and_their_choices_make_up_the_pieces(
    chunks: list[tuple[list[str], bool]], stop: str
) -> None:
    scan, plain, tokens = StopScan([stop]), StopScan([stop]), ToldTokens()
    pieces: list[TextArrived] = []
    for words_, known in chunks:
        text = "".join(words_)
        tokens.came(text, tuple(TokenChoice(word, -1.0) for word in words_) if known else ())
        pieces += tokens.pieces(scan.feed(text))
    pieces += tokens.pieces(scan.finish(), over=True)
    expected = "".join(plain.feed("".join(words_)) for words_, _ in chunks) + plain.finish()
    assert "".join(one.text for one in pieces) == expected
    for one in pieces:
        assert one.text
        assert not one.alternatives or "".join(choice.text for choice in one.alternatives) == one.text


@pytest.mark.parametrize(
    ("dialect", "routes"),
    [(vllm.DIALECT, answers.VLLM), (tabbyapi.DIALECT, answers.TABBY), (textgen.DIALECT, answers.TEXTGEN)],
    ids=["vllm", "tabby", "textgen"],
)
@pytest.mark.parametrize("as_chat", [True, False], ids=["chat", "text"])
async def test_alternatives_are_asked_for_and_come_with_the_text(
    as_chat: bool, dialect: Dialect, routes: dict[str, Route]
) -> None:
    told: dict[str, Any] = {"content": CHAT} if as_chat else TEXT
    first = {"delta": {"content": "Hi"}} if as_chat else {"text": "Hi"}
    stream = streamed(event({"choices": [{**first, "logprobs": told, "finish_reason": None}]}), chunk("", "stop"), DONE)
    path = "/v1/chat/completions" if as_chat else "/v1/completions"
    async with Standin({**routes, f"POST {path}": stream}) as server:
        engine = OpenAIEngine(Link(server.base), dialect)
        heard = await listen(engine, (chat_request if as_chat else text_request)(alternatives=2))
    assert heard.events[0] == TextArrived("Hi", alternatives=(HI,))
    [body] = server.bodies(path)
    assert (body["logprobs"], body.get("top_logprobs")) == ((True, 2) if as_chat else (2, None))
