"""Recorded traffic, replayed by a real server in every shape that a network gives it: always the same reply."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tavern_tui.domain.errors import EngineFault
from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.engines.base import Engine, Request, StopReason, TextArrived
from tavern_tui.engines.detect import detect
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import text_at
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.engines.koboldcpp_job import Pace
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers import koboldcpp, llama_cpp_python
from tavern_tui.engines.sse import SseParser
from tests.engines.replay import FILES, SHAPES, Exchange, Replay, Shape, byte_by_byte, recording
from tests.engines.replies import listen

KOBOLD, LLAMA_PYTHON, LLAMA_SERVER = "koboldcpp-1.76", "llama-cpp-python-0.3.36", "llama-server"
TEXT = Request(prompt=(Segment("Once upon a time"),))
CHAT = Request(messages=(Message(Role.USER, "Say hi."),))


def native(base: str) -> Engine:
    return KoboldCppEngine(Link(base), pace=Pace(look=0.001, rest=0.05))


def openai_of_koboldcpp(base: str) -> Engine:
    return OpenAIEngine(Link(base), koboldcpp.DIALECT)


def openai(base: str) -> Engine:
    return OpenAIEngine(Link(base), llama_cpp_python.DIALECT)


def llama_server(base: str) -> Engine:
    return LlamaServerEngine(Link(base))


@dataclass(frozen=True)
class Case:
    """A recorded stream, the adapter that reads it, and how the reply ended; ``with_`` are other exchanges to play."""

    stem: str
    stream: str
    engine: Callable[[str], Engine]
    reason: StopReason
    request: Request = TEXT
    with_: tuple[str, ...] = ()

    def replay(self, shape: Shape) -> Replay:
        """The server."""
        return Replay(self.stem, playing=(self.stream, *self.with_), shape=shape)

    @property
    def text(self) -> str:
        """The reply, read from the raw body by a pattern for each dialect."""
        body = recording(self.stem).exchanges[self.stream].text
        pieces = re.findall(r'"(?:token|text|content)": ("(?:[^"\\]|\\.)*")', body)
        return "".join(json.loads(piece) for piece in pieces)


CASES = {
    "kobold": Case(KOBOLD, "stream", native, StopReason.LENGTH, with_=("check_wrong_key",)),
    "kobold-unicode": Case(KOBOLD, "stream_unicode", native, StopReason.LENGTH, with_=("check_wrong_key",)),
    "kobold-eos": Case(KOBOLD, "stream_eos", native, StopReason.END, with_=("perf_after", "check_running")),
    "kobold-openai": Case(KOBOLD, "completions_stream", openai_of_koboldcpp, StopReason.LENGTH),
    "kobold-chat": Case(KOBOLD, "chat_stream", openai_of_koboldcpp, StopReason.LENGTH, CHAT),
    "llama-python": Case(LLAMA_PYTHON, "text stream", openai, StopReason.LENGTH),
    "llama-python-chat": Case(LLAMA_PYTHON, "chat stream", openai, StopReason.LENGTH, CHAT),
    "llama-server": Case(LLAMA_SERVER, "llama stream", llama_server, StopReason.LENGTH),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
STREAMS = {
    f"{stem}-{number}": exchange
    for stem in FILES
    for number, exchange in enumerate(one for one in recording(stem).exchanges.values() if one.streams)
}


@every_case
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
async def test_a_recorded_stream_is_the_same_reply_in_every_shape(case: Case, shape: Shape) -> None:
    async with case.replay(shape) as server:
        engine = case.engine(server.base)
        heard = await listen(engine, case.request)
        await engine.close()
    assert heard.text == case.text
    assert heard.finished.reason is case.reason
    assert all(event.text for event in heard.events if isinstance(event, TextArrived))


@pytest.mark.parametrize("exchange", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_a_stream_cut_in_two_at_any_byte_has_the_same_events(exchange: Exchange, newline: bytes) -> None:
    """The first events and the last, because all between are of a kind, without the last blank line."""
    blocks = exchange.body.rstrip(b"\r\n").replace(b"\r\n", b"\n").split(b"\n\n")
    body = b"\n\n".join([*blocks[:1], *blocks[-2:]]).replace(b"\n", newline)
    whole = events(body)
    assert len(whole) == len([*blocks[:1], *blocks[-2:]])
    for at in range(len(body)):
        assert events(body[:at], body[at:]) == whole


def events(*pieces: bytes) -> list[str]:
    """What the parser makes of a stream in these pieces."""
    parser = SseParser()
    found = [event for piece in pieces for event in parser.feed(piece)]
    return [event.data for event in [*found, *parser.finish()]]


@pytest.mark.parametrize("size", [0, 1, 119, 120, 239, 240, 241, 900])
def test_a_body_in_bytes_is_the_body(size: int) -> None:
    body = bytes(at % 256 for at in range(size))
    assert b"".join(byte_by_byte(body)) == body


def test_a_stream_says_the_same_as_the_reply_in_one_piece() -> None:
    played = recording(KOBOLD).exchanges
    assert CASES["kobold"].text == text_at(played["generate"].json, "results", 0, "text")
    assert CASES["kobold-openai"].text == text_at(played["completions"].json, "choices", 0, "text")


@every_case
async def test_a_recorded_stream_that_breaks_off_keeps_its_text(case: Case) -> None:
    body = recording(case.stem).exchanges[case.stream].body
    half = body.rfind(b"data:", 0, len(body) // 2)
    async with case.replay(lambda whole: [whole[:half]]) as server:
        engine = case.engine(server.base)
        heard = await listen(engine, case.request)
        await engine.close()
    assert case.text.startswith(heard.text)
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


@pytest.mark.parametrize("stem", FILES)
async def test_a_recorded_server_is_recognised(stem: str) -> None:
    async with Replay(stem) as server:
        engine = await detect(server.base)
        info = await engine.connect()
        await engine.close()
    assert f"{info.engine} {info.version}".strip() == recording(stem).server


async def test_a_recorded_koboldcpp_is_spoken_to_by_its_own_api() -> None:
    async with Replay(KOBOLD) as server:
        engine = await detect(server.base)
        info = await engine.connect()
        await engine.close()
    assert isinstance(engine, KoboldCppEngine)
    assert (info.model, info.context_tokens, info.add_bos) == ("SmolLM2-135M-Instruct.Q4_1", 2048, True)


async def test_a_recorded_refusal_of_a_long_prompt_is_an_overflow_with_its_numbers() -> None:
    async with Replay(LLAMA_PYTHON, playing=("prompt too long",)) as server:
        engine = openai(server.base)
        heard = await listen(engine, TEXT)
        await engine.close()
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert (heard.error.prompt_tokens, heard.error.context_tokens) == (5001, 1024)


def test_what_no_real_server_said_is_marked() -> None:
    assert {stem: recording(stem).recorded for stem in FILES} == {KOBOLD: True, LLAMA_PYTHON: True, LLAMA_SERVER: False}
