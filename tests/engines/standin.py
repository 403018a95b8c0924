"""A real HTTP/1.1 server on loopback whose every byte a test decides: what real servers do, and what they should not.

Written on raw asyncio sockets, so that it can cut a connection in the middle of a chunk, say nothing for ever, or
send a character in halves. One request per connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

TLS_HANDSHAKE = b"\x16"  # the first byte of a client that wants TLS


class Act(Enum):
    """What a stream may do beside sending bytes."""

    RESET = "reset"  # the connection is torn down (RST)
    CLOSE = "close"  # the connection is closed without the end of the chunked body
    HANG = "hang"  # nothing more is sent until the client leaves


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body's JSON object."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True)
class Reply:
    """An answer: a body in one piece, or ``stream`` in pieces (chunked) with acts between."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    stream: Sequence[bytes | Act] | AsyncIterator[bytes | Act] | None = None


def said(value: object, status: int = 200, **headers: str) -> Reply:
    """An answer of JSON; underscores in header names become hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), headers=named)


def page(status: int = 200) -> Reply:
    """A web page."""
    return Reply(status, b"<!DOCTYPE html><html><body>Welcome to nginx</body></html>", "text/html; charset=utf-8")


def streamed(*pieces: bytes | Act) -> Reply:
    """A stream of server-sent events in these very pieces."""
    return Reply(kind="text/event-stream", stream=pieces)


def event(value: object) -> bytes:
    """One server-sent event of JSON."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


Route = Reply | Callable[[Asked], Reply | Awaitable[Reply]]


class Standin:
    """The server. ``routes`` are looked up by ``METHOD path``, then by path; others get 404. Requests are kept."""

    def __init__(self, routes: dict[str, Route]) -> None:
        self.routes = routes
        self.asked: list[Asked] = []
        self.left = asyncio.Event()
        """A client went away while the server was still sending or hanging."""
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def base(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    def bodies(self, path: str) -> list[dict[str, object]]:
        """The JSON bodies that were posted to ``path``, in order."""
        return [asked.json for asked in self.asked if asked.path == path and asked.method == "POST"]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            first = await reader.readexactly(1)
            if first == TLS_HANDSHAKE:
                writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                writer.close()
                return
            asked = await self._read(first, reader)
            self.asked.append(asked)
            route = self.routes.get(f"{asked.method} {asked.path}") or self.routes.get(asked.path)
            reply = route if isinstance(route, Reply) else route(asked) if route else said({"detail": "Not Found"}, 404)
            await self._send(reply if isinstance(reply, Reply) else await reply, reader, writer)
        writer.close()

    async def _read(self, first: bytes, reader: asyncio.StreamReader) -> Asked:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Asked(method, path, headers, body)

    async def _send(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = {"Content-Type": reply.kind, "Connection": "close", **reply.headers}
        if reply.stream is None:
            head["Content-Length"] = str(len(reply.body))
        else:
            head["Transfer-Encoding"] = "chunked"
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"HTTP/1.1 {reply.status} As it is\r\n{lines}\r\n".encode() + reply.body)
        await writer.drain()
        if reply.stream is not None:
            gone = asyncio.create_task(reader.read())
            try:
                await self._send_pieces(_pieces(reply.stream), writer, gone)
            finally:
                gone.cancel()

    async def _send_pieces(
        self, pieces: AsyncIterator[bytes | Act], writer: asyncio.StreamWriter, gone: asyncio.Task[bytes]
    ) -> None:
        async for piece in pieces:
            if gone.done():
                self.left.set()
                return
            if isinstance(piece, bytes):
                writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                await writer.drain()
                await asyncio.sleep(0)
                continue
            if piece is Act.HANG:
                await gone
                self.left.set()
            elif piece is Act.RESET:
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            return
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _pieces(stream: Sequence[bytes | Act] | AsyncIterator[bytes | Act]) -> AsyncIterator[bytes | Act]:
    if isinstance(stream, Sequence):
        for piece in stream:
            yield piece
    else:
        async for piece in stream:
            yield piece


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
