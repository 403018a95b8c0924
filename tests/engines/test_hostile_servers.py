"""Servers that mean no good: bombs, drips, names that are keys, numbers that are none; an environment that is off."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import zlib
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.http import ANSWER_LIMIT, Link, Timeouts
from tavern_tui.engines.json_shape import float_at, int_at, parse
from tavern_tui.engines.openai import OpenAIEngine
from tests.engines.replies import MODELS, chat_request, listen
from tests.engines.standin import Act, Reply, Standin, event, said, streamed

KEY = "sk-or-v1-0123456789abcdef"
BODY = json.dumps({"data": ["é"] * 300}).encode()
_RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", _RAW.compress(BODY) + _RAW.flush()),
        ("identity", BODY),
    ],
    ids=["gzip", "zlib", "raw deflate", "plain"],
)
async def test_a_packed_answer_is_read(coding: str, packed: bytes) -> None:
    async with Standin({"/x": Reply(body=packed, headers={"Content-Encoding": coding})}) as server:
        assert (await Link(server.base).get("/x")).json == json.loads(BODY)


async def test_a_packed_bomb_is_unpacked_no_further_than_an_answer_may_be() -> None:
    bomb = gzip.compress(b" " * (32 << 20), 1)
    async with Standin({"/x": Reply(body=bomb, headers={"Content-Encoding": "gzip"})}) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert len((await Link(server.base).get("/x")).body) == ANSWER_LIMIT
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 << 10  # KiB


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "deflate, gzip"])
async def test_a_packing_that_was_not_asked_for_is_no_answer(coding: str) -> None:
    twice = gzip.compress(gzip.compress(b"{}"))
    async with Standin({"/x": Reply(body=twice, headers={"Content-Encoding": coding})}) as server:
        with pytest.raises(EngineError) as caught:
            await Link(server.base).get("/x")
    assert caught.value.fault is EngineFault.NOT_AN_API


async def test_bytes_that_only_say_that_they_are_packed_are_no_answer() -> None:
    async with Standin({"/x": Reply(body=b"{}", headers={"Content-Encoding": "gzip"})}) as server:
        with pytest.raises(EngineError) as caught:
            await Link(server.base).get("/x")
    assert caught.value.fault is EngineFault.NOT_AN_API


async def test_a_stream_is_asked_for_unpacked() -> None:
    async with Standin({"/x": streamed(event({"a": 1}))}) as server, Link(server.base).stream("/x", {}) as reply:
        assert [one.data async for one in reply.events] == ['{"a": 1}']
    assert server.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"], ids=["head", "body"])
async def test_a_server_that_drips_is_given_up_in_the_end(head: bytes) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head or b"HTTP/1.1 200 OK\r\nX: ")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    link = Link(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeouts=Timeouts(read=60, whole=0.3))
    with pytest.raises(EngineError) as caught:
        await asyncio.wait_for(link.get("/x"), 60)
    await link.close()
    server.close()
    assert caught.value.fault is EngineFault.UNREACHABLE
    assert "no answer in time" in caught.value.title


@pytest.mark.parametrize(
    "named",
    [
        {"ALL_PROXY": "socks5://127.0.0.1:1"},
        {"HTTPS_PROXY": "ftp://127.0.0.1:1"},
        {"NO_PROXY": "[::1"},
        {"SSL_CERT_FILE": "/nowhere/certificates.pem"},
    ],
    ids=["socks", "ftp", "no proxy", "certificates"],
)
def test_an_environment_that_cannot_be_followed_is_told(named: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EngineError) as caught:
        Link("https://llm.example.org")
    assert next(iter(named)) in caught.value.title + caught.value.hint


@pytest.fixture
def everywhere_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads to this machine."""

    async def here(loop: asyncio.BaseEventLoop, _: object, *args: Any, **options: Any) -> object:
        return await look_up(loop, "127.0.0.1", *args, **options)

    look_up = asyncio.BaseEventLoop.getaddrinfo
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", here)


@pytest.mark.usefixtures("everywhere_is_here")
async def test_a_proxy_of_the_environment_does_not_hear_what_is_said_on_this_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Standin({}) as proxy, Standin({"/x": said({})}) as rig:
        monkeypatch.setenv("HTTP_PROXY", proxy.base)
        assert (await Link(f"http://rig.lan:{rig.port}", key=KEY).get("/x")).status == 200
    assert proxy.asked == []


async def test_a_key_that_a_server_repeats_is_in_nothing_that_is_kept() -> None:
    named = {"data": [{"id": f"model {KEY}", "object": "model"}]}
    stream = streamed(event({"choices": [{"delta": {"content": f"Your key: {KEY}."}, "finish_reason": "stop"}]}))
    async with Standin({"/v1/models": said(named), "/v1/chat/completions": stream}) as server:
        engine = OpenAIEngine(Link(server.base, key=KEY))
        info, heard = await engine.connect(), await listen(engine, chat_request())
        await engine.close()
    assert info.model == "model …"
    assert heard.text == "Your key: …."


async def test_a_password_that_is_a_word_is_left_in_replies() -> None:
    stream = streamed(event({"choices": [{"delta": {"content": "A lantern."}, "finish_reason": "stop"}]}))
    async with Standin({"/v1/models": said(MODELS), "/v1/chat/completions": stream}) as server:
        engine = OpenAIEngine(Link(server.base, key="lantern"))
        assert (await listen(engine, chat_request())).text == "A lantern."
        await engine.close()


@pytest.mark.usefixtures("everywhere_is_here")
async def test_a_key_goes_to_a_host_with_letters_of_its_own() -> None:
    async with Standin({"/x": said({})}) as server:
        await Link(f"http://münchen.lan:{server.port}", key=KEY).get("/x")
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.asked[0].headers["host"] == f"xn--mnchen-3ya.lan:{server.port}"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "true", '"1"', "[1]"])
def test_what_no_number_holds_is_no_number(number: str) -> None:
    value = parse(f'{{"a": {number}}}')
    assert float_at(value, "a") is None


def test_of_a_field_that_is_there_twice_the_last_counts() -> None:
    assert int_at(parse('{"a": 1, "a": 2}'), "a") == 2


async def test_chunks_of_any_shape_break_nothing() -> None:
    odd = [
        {"choices": [{"delta": {"content": ["x", None, {"type": "text", "text": 5}]}, "finish_reason": {"a": 1}}]},
        {"choices": {"a": 1}},
        [1],
        None,
        {"choices": [None]},
        {"choices": [{"text": 7, "delta": {"content": {"a": 1}}, "index": "x"}], "usage": [1]},
        {"choices": [{"delta": {"content": "fine"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": -1}},
    ]
    stream = streamed(b"data: {}\n\n", *map(event, odd), Act.CLOSE)
    async with Standin({"/v1/models": said(MODELS), "/v1/chat/completions": stream}) as server:
        engine = OpenAIEngine(Link(server.base))
        heard = await listen(engine, chat_request())
        await engine.close()
    assert heard.text == "fine"
