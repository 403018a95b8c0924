"""What networks and servers do to a reply in progress: the text that came is kept, and the reason is said."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineFault
from tavern_tui.engines.base import Engine, Finished, StopReason, TextArrived
from tavern_tui.engines.http import Link, Timeouts
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.ollama import OllamaEngine
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers.llama_cpp_python import DIALECT as LLAMA_CPP_PYTHON
from tests.engines.kobold_standin import native as kobold_piece
from tests.engines.llama_standin import PROPS, native
from tests.engines.replies import DONE, MODELS, Heard, chunk, listen, text_request
from tests.engines.server_answers import OLLAMA
from tests.engines.standin import Act, Asked, Reply, Route, Standin, event, free_port, page, said, streamed

SHORT = Timeouts(connect=5, read=5, stream=0.3)
OK = native("", stop=True, stop_type="eos")


def openai(base: str, timeouts: Timeouts | None = None) -> Engine:
    return OpenAIEngine(Link(base, timeouts=timeouts), LLAMA_CPP_PYTHON)


def llama(base: str, timeouts: Timeouts | None = None) -> Engine:
    return LlamaServerEngine(Link(base, timeouts=timeouts))


def kobold(base: str, timeouts: Timeouts | None = None) -> Engine:
    return KoboldCppEngine(Link(base, timeouts=timeouts))


def ollama(base: str, timeouts: Timeouts | None = None) -> Engine:
    return OllamaEngine(Link(base, timeouts=timeouts))


def ollama_piece(text: str) -> bytes:
    return json.dumps({"response": text, "done": False}, ensure_ascii=False).encode() + b"\n"


ADAPTERS: dict[str, tuple[Callable[..., Engine], Callable[[str], bytes], bytes]] = {
    "openai": (openai, chunk, chunk("", "stop") + DONE),
    "llama-server": (llama, native, OK),
    "koboldcpp": (kobold, kobold_piece, kobold_piece("", "stop")),
    "ollama": (ollama, ollama_piece, b'{"response": "", "done": true, "done_reason": "stop"}\n'),
}
every_adapter = pytest.mark.parametrize("adapter", ADAPTERS)


def as_lines(reply: Reply) -> Reply:
    """A stream of events as Ollama would send it: without the field's name before the JSON."""
    if not isinstance(reply.stream, Sequence):
        return reply
    pieces = [piece.removeprefix(b"data: ") if isinstance(piece, bytes) else piece for piece in reply.stream]
    return replace(reply, kind="application/x-ndjson", stream=pieces)


def routes_with(reply: Reply) -> dict[str, Route]:
    """A server for any adapter, whose completions are ``reply``."""
    return {
        **OLLAMA,
        "/api/generate": as_lines(reply),
        "/v1/models": said(MODELS),
        "/extras/tokenize/count": said({"count": 0}),
        "/props": said(PROPS),
        "/tokenize": said({"tokens": []}),
        "/v1/completions": reply,
        "/completion": reply,
        "/api/v1/model": said({"result": "koboldcpp/tale"}),
        "/api/extra/true_max_context_length": said({"value": 2048}),
        "/api/extra/tokencount": said({"value": 0, "ids": []}),
        "/api/extra/generate/stream": reply,
    }


async def reply_to(adapter: str, reply: Reply, timeouts: Timeouts | None = None, **changes: Any) -> Heard:
    """What the adapter makes of a server whose completions are ``reply``."""
    async with Standin(routes_with(reply)) as server:
        engine = ADAPTERS[adapter][0](server.base, timeouts)
        heard = await listen(engine, text_request(**changes))
        await engine.close()
        return heard


@every_adapter
async def test_a_whole_reply_is_its_pieces_joined(adapter: str) -> None:
    _, piece, end = ADAPTERS[adapter]
    heard = await reply_to(adapter, streamed(piece("Good "), piece("evening."), end))
    assert heard.text == "Good evening."
    assert isinstance(heard.finished, Finished)


@every_adapter
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
async def test_a_stream_cut_at_every_byte_is_the_same_reply(adapter: str, newline: bytes) -> None:
    _, piece, end = ADAPTERS[adapter]
    whole = (b": ping\n\n" + piece("Ünï ") + piece("🐉") + end).replace(b"\n", newline)
    heard = await reply_to(adapter, streamed(*(whole[i : i + 1] for i in range(len(whole)))))
    assert heard.text == "Ünï 🐉"
    assert isinstance(heard.finished, Finished)


@every_adapter
async def test_a_stream_without_its_last_blank_line_is_whole(adapter: str) -> None:
    _, piece, end = ADAPTERS[adapter]
    heard = await reply_to(adapter, streamed(piece("Good "), (piece("evening.") + end).rstrip()))
    assert heard.text == "Good evening."
    assert isinstance(heard.finished, Finished)


@every_adapter
@pytest.mark.parametrize("act", [Act.RESET, Act.CLOSE])
async def test_a_connection_that_breaks_keeps_the_text(adapter: str, act: Act) -> None:
    _, piece, _ = ADAPTERS[adapter]
    heard = await reply_to(adapter, streamed(piece("Good "), piece("eve"), act))
    assert heard.text == "Good eve"
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


@every_adapter
async def test_a_stream_that_ends_before_the_reply_does_is_broken(adapter: str) -> None:
    _, piece, _ = ADAPTERS[adapter]
    heard = await reply_to(adapter, streamed(piece("Good "), piece("eve")))
    assert heard.text == "Good eve"
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


@every_adapter
async def test_a_server_that_goes_silent_is_left_with_the_text_kept(adapter: str) -> None:
    _, piece, _ = ADAPTERS[adapter]
    heard = await reply_to(adapter, streamed(piece("Good "), Act.HANG), SHORT)
    assert heard.text == "Good "
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM
    assert "went silent" in heard.error.title


@every_adapter
async def test_text_held_back_for_a_stop_string_is_kept_when_the_link_breaks(adapter: str) -> None:
    _, piece, _ = ADAPTERS[adapter]
    heard = await reply_to(adapter, streamed(piece("Good.\nAl"), Act.RESET), stop=("\nAlex:",))
    assert heard.text == "Good.\nAl"
    assert heard.error is not None


@every_adapter
async def test_half_a_character_at_the_end_does_not_lose_the_rest(adapter: str) -> None:
    _, piece, _ = ADAPTERS[adapter]
    heard = await reply_to(adapter, streamed(piece("Good "), piece("🐉").rstrip()[:-8]))
    assert heard.text == "Good "
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


@every_adapter
async def test_leaving_a_reply_closes_the_connection(adapter: str) -> None:
    open_engine, piece, _ = ADAPTERS[adapter]
    endless = streamed(piece("Good "), Act.HANG)
    async with Standin(routes_with(endless)) as server:
        engine = open_engine(server.base)
        async with engine.generate(text_request()) as events:
            async for event in events:
                if isinstance(event, TextArrived):
                    break
        await asyncio.wait_for(server.left.wait(), 30)
        await engine.close()


@every_adapter
async def test_a_stop_string_of_ours_closes_the_connection(adapter: str) -> None:
    open_engine, piece, _ = ADAPTERS[adapter]
    async with Standin(routes_with(streamed(piece("Good. evening"), Act.HANG))) as server:
        heard = await listen(open_engine(server.base), text_request(stop=(".",)))
        await asyncio.wait_for(server.left.wait(), 30)
    assert heard.text == "Good"
    assert heard.finished.reason is StopReason.STOP_STRING


@every_adapter
async def test_an_error_inside_a_successful_stream_is_told_and_the_text_kept(adapter: str) -> None:
    _, piece, _ = ADAPTERS[adapter]
    problem = event(
        {"error": {"code": 502, "message": "Provider disconnected"}, "choices": [{"finish_reason": "error"}]}
    )
    heard = await reply_to(adapter, streamed(piece("Good "), problem))
    assert heard.text == "Good "
    assert heard.error is not None
    assert heard.error.fault is EngineFault.UNREACHABLE


@every_adapter
async def test_an_overflow_inside_a_successful_stream_is_an_overflow(adapter: str) -> None:
    problem = event({"error": {"message": "too long", "code": "context_length_exceeded"}})
    heard = await reply_to(adapter, streamed(problem))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW


TOO_LONG: dict[str, tuple[int, object]] = {
    "openai": (400, {"error": {"message": "Too long", "code": "context_length_exceeded"}}),
    "vllm": (
        400,
        {"object": "error", "error": {"message": "This model's maximum context length is 8 tokens. However …"}},
    ),
    "llama-server": (400, {"error": {"message": "x", "type": "exceed_context_size_error", "n_ctx": 8}}),
    "llama-cpp-python": (500, {"error": {"message": "Requested tokens (9) exceed context window of 8"}}),
    "horde": (400, {"message": "Too long", "rc": "TokenOverflow", "error": "TokenOverflow"}),
}
REFUSALS: dict[str, tuple[int, object, EngineFault]] = {
    "401": (401, {"error": {"message": "Bad key"}}, EngineFault.KEY_REFUSED),
    "401-kobold": (401, {"detail": {"msg": "Key is missing.", "type": "unauthorized"}}, EngineFault.KEY_REFUSED),
    "402": (402, {"error": {"code": 402, "message": "Insufficient credits"}}, EngineFault.REJECTED),
    "404": (404, {"error": {"message": "The model does not exist"}}, EngineFault.NO_MODEL),
    "429": (429, {"error": {"message": "Slow down"}}, EngineFault.RATE_LIMITED),
    "503": (503, {"error": {"message": "maximum pending requests exceeded"}}, EngineFault.BUSY),
    "503-kobold": (503, {"detail": {"msg": "Server is busy", "type": "service_unavailable"}}, EngineFault.BUSY),
} | {f"overflow-{name}": (status, value, EngineFault.OVERFLOW) for name, (status, value) in TOO_LONG.items()}


@every_adapter
@pytest.mark.parametrize(("status", "value", "fault"), REFUSALS.values(), ids=REFUSALS)
async def test_a_refused_request_says_why(adapter: str, status: int, value: object, fault: EngineFault) -> None:
    heard = await reply_to(adapter, said(value, status, Retry_After="7"))
    assert heard.text == ""
    assert heard.error is not None
    assert heard.error.fault is fault
    if fault is EngineFault.RATE_LIMITED:
        assert heard.error.retry_after == 7


@every_adapter
async def test_a_page_of_html_with_status_500_is_a_fault_of_the_server(adapter: str) -> None:
    heard = await reply_to(adapter, page(500))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.CRASHED


@every_adapter
async def test_a_web_page_is_named_as_one(adapter: str) -> None:
    heard = await reply_to(adapter, page())
    assert heard.error is not None
    assert heard.error.fault is EngineFault.NOT_AN_API
    assert "is a web page" in heard.error.title


@every_adapter
async def test_a_refused_connection_is_named_with_its_host_and_port(adapter: str) -> None:
    port = free_port()
    heard = await listen(ADAPTERS[adapter][0](f"http://127.0.0.1:{port}"), text_request())
    assert heard.error is not None
    assert heard.error.fault is EngineFault.UNREACHABLE
    assert heard.error.title == f"127.0.0.1:{port} does not answer (connection refused)."


@every_adapter
async def test_a_host_that_does_not_exist_is_named(adapter: str) -> None:
    heard = await listen(ADAPTERS[adapter][0]("http://no-such-host.invalid:5001"), text_request())
    assert heard.error is not None
    assert heard.error.fault is EngineFault.UNREACHABLE
    assert "no-such-host.invalid:5001 does not answer" in heard.error.title


@every_adapter
async def test_a_port_that_takes_connections_and_says_nothing_is_given_up(adapter: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        heard = await listen(ADAPTERS[adapter][0](base, Timeouts(connect=5, read=0.2, stream=0.2)), text_request())
    assert heard.error is not None
    assert heard.error.fault is EngineFault.UNREACHABLE
    assert "no answer in time" in heard.error.title


async def test_https_to_a_server_without_it_says_so() -> None:
    async with Standin({}) as server:
        heard = await listen(openai(server.base.replace("http:", "https:")), text_request())
    assert heard.error is not None
    assert "does not speak https" in heard.error.title
    assert "http://" in heard.error.hint


async def test_an_answer_in_one_piece_is_taken_although_a_stream_was_asked_for() -> None:
    whole = {"choices": [{"text": "Good evening.", "finish_reason": "stop"}]}
    heard = await reply_to("openai", said(whole))
    assert heard.text == "Good evening."


async def test_garbage_between_events_is_passed_over() -> None:
    heard = await reply_to("openai", streamed(chunk("Good "), b"data: {torn\n\n", b"data: 7\n\n", chunk("day"), DONE))
    assert heard.text == "Good day"
    assert isinstance(heard.finished, Finished)


async def test_a_silent_stream_is_asked_again_why() -> None:
    complaint = {"error": {"message": "Requested tokens (1501) exceed context window of 1024"}}

    def completions(asked: Asked) -> Reply:
        return streamed() if asked.json.get("stream") else said(complaint, 400)

    async with Standin({"/v1/models": said(MODELS), "/v1/completions": completions}) as server:
        heard = await listen(openai(server.base), text_request())
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert (heard.error.prompt_tokens, heard.error.context_tokens) == (1501, 1024)
