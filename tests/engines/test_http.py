"""``Link``: kept connections, long answers, proxies, and the words for a network that fails."""

from __future__ import annotations

import asyncio

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.http import ANSWER_LIMIT, Link
from tests.engines.standin import Act, Reply, Standin, free_port, said

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Forgetful:
    """A server that promises to keep a connection and closes it when the next request comes."""

    def __init__(self, answers: int) -> None:
        self.answers = answers
        self.connections = 0
        self.port = 0

    async def __aenter__(self) -> Forgetful:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if self.answers:
            self.answers -= 1
            writer.write(ANSWER)
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
        writer.close()


async def test_a_kept_connection_that_the_server_closed_costs_nothing() -> None:
    async with Forgetful(answers=2) as server:
        link = Link(f"http://127.0.0.1:{server.port}")
        assert [(await link.get("/x")).status for _ in range(2)] == [200, 200]
        await link.close()
    assert server.connections == 2


async def test_a_plain_address_on_this_machine_needs_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    async with Forgetful(answers=2) as server:
        link = Link(f"http://127.0.0.1:{server.port}")
        assert (await link.get("/x")).status == 200
        await link.close()


async def test_a_new_connection_that_the_server_closes_is_not_tried_again() -> None:
    async with Forgetful(answers=0) as server:
        link = Link(f"http://127.0.0.1:{server.port}")
        with pytest.raises(EngineError) as caught:
            await link.get("/x")
        await link.close()
    assert caught.value.title == f"127.0.0.1:{server.port} does not answer (it hung up)."
    assert server.connections == 1


async def test_an_answer_without_end_is_read_up_to_the_limit() -> None:
    pieces = [b"x" * (1 << 20)] * (ANSWER_LIMIT // (1 << 20) + 2)
    async with Standin({"/x": Reply(stream=[*pieces, Act.HANG])}) as server:
        link = Link(server.base)
        assert len((await link.get("/x")).body) == ANSWER_LIMIT
        await link.close()


async def test_bytes_that_are_no_http_are_no_engine() -> None:
    async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n\r\n")
        await writer.drain()
        await reader.read(1000)
        writer.close()

    server = await asyncio.start_server(noise, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(EngineError) as caught:
        await Link(f"http://127.0.0.1:{port}").get("/x")
    server.close()
    assert caught.value.fault is EngineFault.NOT_AN_API


async def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    async with Standin({"/x": said({})}) as server:
        assert (await Link(server.base).get("/x")).status == 200


async def test_closing_twice_is_as_good_as_once() -> None:
    link = Link("http://127.0.0.1:1")
    await link.close()
    await link.close()


async def test_leaving_a_stream_closes_the_connection() -> None:
    async with Standin({"/x": Reply(kind="text/event-stream", stream=[b"data: 1\n\n", Act.HANG])}) as server:
        link = Link(server.base)
        async with link.stream("/x", {}) as reply:
            assert (await anext(reply.events)).data == "1"
        await asyncio.wait_for(server.left.wait(), 30)
        await link.close()


async def test_a_cancelled_reader_closes_the_connection() -> None:
    async with Standin({"/x": Reply(kind="text/event-stream", stream=[b"data: 1\n\n", Act.HANG])}) as server:
        link, begun = Link(server.base), asyncio.Event()

        async def read() -> None:
            async with link.stream("/x", {}) as reply:
                async for _ in reply.events:
                    begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 30)
        await link.close()


async def test_a_lone_surrogate_in_a_prompt_is_sent_as_a_question_mark() -> None:
    async with Standin({"/v1/completions": said({"ok": True})}) as server:
        link = Link(server.base)
        assert (await link.post("/v1/completions", {"prompt": "a\ud800b é"})).status == 200
        await link.close()
    assert server.bodies("/v1/completions") == [{"prompt": "a?b é"}]
