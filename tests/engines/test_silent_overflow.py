"""Servers that say nothing where a prompt is too long: text-generation-webui, and KoboldCpp's routes for messages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tavern_tui.domain.errors import EngineFault
from tavern_tui.engines.base import Request, StopReason
from tavern_tui.engines.detect import detect
from tavern_tui.engines.json_shape import list_at, text_at
from tests.engines import server_answers as answers
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.replies import Heard, chat_request, chunk, delta, listen, text_request
from tests.engines.standin import Asked, Reply, Standin, said, streamed

LONG = "one two three four five six seven eight"
TEXT, CHAT = "/v1/completions", "/v1/chat/completions"


class Webui(Standin):
    """text-generation-webui whose inner server has room for ``room`` words, and whose model may end ``at_once``."""

    def __init__(self, *, room: int = 4, at_once: bool = False, whole: Reply | None = None) -> None:
        super().__init__({**answers.TEXTGEN, TEXT: self._write, CHAT: self._write})
        self._room = room
        self._at_once = at_once
        self._whole = whole

    def _write(self, asked: Asked) -> Reply:
        body = asked.json
        turns = list_at(body.get("messages"))
        prompt = str(body.get("prompt", "")) or " ".join(text_at(turn, "content") for turn in turns)
        silent = len(prompt.split()) > self._room or (self._at_once and not body.get("ban_eos_token"))
        text = "" if silent else " Aye."
        if body["stream"]:
            return streamed(delta(text) if turns else chunk(text), delta("", "stop") if turns else chunk("", "stop"))
        return self._whole or said({"choices": [{"text": text, "message": {"content": text}}]})


async def asked_of(server: Standin, request: Request) -> Heard:
    engine = await detect(server.base)
    heard = await listen(engine, request)
    await engine.close()
    return heard


@pytest.mark.parametrize("request_for", [text_request, chat_request], ids=["text", "chat"])
async def test_an_empty_reply_to_a_prompt_that_does_not_fit_is_an_overflow(
    request_for: Callable[[str], Request],
) -> None:
    async with Webui() as server:
        heard = await asked_of(server, request_for(LONG))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert (heard.error.prompt_tokens, heard.error.context_tokens) == (8, 4)


async def test_a_model_that_ends_at_once_has_written_nothing_and_that_is_all() -> None:
    async with Webui(at_once=True) as server:
        heard = await asked_of(server, text_request("one two", stop=("\n",), grammar='root ::= "a"', replies=1))
        first, second = server.bodies(TEXT)
    assert heard.finished.reason is StopReason.END
    assert heard.text == ""
    assert (second["max_tokens"], second["ban_eos_token"], second["stream"]) == (4, True, False)
    assert {"stop", "grammar_string"} <= first.keys() - second.keys()


async def test_a_reply_with_words_is_asked_for_once() -> None:
    async with Webui() as server:
        assert (await asked_of(server, text_request("one two"))).text == " Aye."
        assert len(server.bodies(TEXT)) == 1


@pytest.mark.parametrize("whole", [said({"error": {"message": "busy"}}, 500), said({}), said([1])])
async def test_where_nothing_more_is_found_out_the_reply_stays_empty(whole: Reply) -> None:
    async with Webui(whole=whole) as server:
        assert (await asked_of(server, text_request(LONG))).finished.reason is StopReason.END


async def test_messages_that_koboldcpp_would_cut_without_a_word_are_not_sent() -> None:
    async with KoboldStandin(context=40) as server:
        heard = await asked_of(server, chat_request("word " * 60))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert server.bodies(CHAT) == []
