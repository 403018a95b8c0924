"""``Link``: HTTP to one server. Asks, streams, and turns every way a network can fail into ``EngineError``.

Knows nothing of any API's fields. The API key is bound to scheme, host and port, follows no redirect, and is in no
error and no ``repr``. Answers are read up to a limit and within a time, and unpacked by ``http_body``. Stands on httpx.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import ssl
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import cache

from tavern_tui.domain import engine_messages, messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.address import is_local, origin, shown
from tavern_tui.engines.faults import Answer, raised
from tavern_tui.engines.http_body import unpacked
from tavern_tui.engines.lean_httpx import httpx
from tavern_tui.engines.ndjson import NdjsonParser
from tavern_tui.engines.sse import SseEvent, SseParser

ANSWER_LIMIT = 8 << 20  # bytes of one answer; OpenRouter's model list is about 1 MB
_REFUSAL_LIMIT = 64 << 10
_SHORTEST_STRUCK = 4  # characters of a key: a shorter one is in any text
_NO_WORD = 20  # characters from which on a key is no word that a model might write


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between the bytes of an answer, between the bytes of a stream, and for a whole answer.

    The third one covers the silence while a server reads a long prompt, which takes minutes on a CPU. The last one is
    for servers that send a byte now and then.
    """

    connect: float = 10.0
    read: float = 60.0
    stream: float = 900.0
    whole: float = 180.0


PROBING = Timeouts(connect=1.5, read=3.0, whole=10.0)


class BoundKey(httpx.Auth):
    """An API key that goes to one origin (scheme, host, port) only, whatever the client is told to fetch."""

    def __init__(self, secret: str, base: str) -> None:
        self.secret = secret.strip()
        self._origin = origin(base)
        self._sent_to = frozenset((self._origin, _as_sent(base)))
        if not (self.secret.isascii() and self.secret.isprintable()):
            wording = messages.key_unusable()
            raise EngineError(wording.title, hint=wording.advice, fault=EngineFault.KEY_REFUSED, where=shown(base))

    def __repr__(self) -> str:
        return f"BoundKey(for {':'.join(map(str, self._origin))})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header where the request goes to the key's own origin."""
        if self.secret and origin(str(request.url)) in self._sent_to:
            request.headers["Authorization"] = f"Bearer {self.secret}"
        yield request


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer as it came: headers by their names in lower case, the body without a transfer's or a packer's coding.

    ``whole`` is ``False`` where more came than was wanted.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


@dataclass(slots=True)
class StreamReply:
    """What came back for a request that asked for a stream: ``answer`` where it is no stream, else the events."""

    answer: Answer | None
    events: AsyncIterator[SseEvent]


class Link:
    """HTTP to one server. ``base`` is a URL without a slash at the end; paths begin with one.

    Every method raises ``EngineError`` and nothing else. ``key`` is an API key, empty for none.
    """

    def __init__(self, base: str, *, key: str = "", timeouts: Timeouts | None = None) -> None:
        self.base = base.rstrip("/")
        self.server = shown(base)
        self.timeouts = timeouts or Timeouts()
        self._key = BoundKey(key, base)
        self._client = _client(base, self._key)

    def __repr__(self) -> str:
        return f"Link({self.base})"

    @property
    def secret(self) -> str:
        """The key, for striking it out of what a server said."""
        return self._key.secret

    async def get(self, path: str) -> Answer:
        """The answer to a GET, whatever its status."""
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: object) -> Answer:
        """The answer to a POST of a JSON body, whatever its status."""
        return await self._ask("POST", path, body)

    async def raw(self, method: str, path: str, body: object, most: int) -> RawAnswer:
        """What comes back for a request, unread, at most ``most`` bytes of it. A ``body`` of bytes is sent as it is."""
        limits = httpx.Timeout(self.timeouts.read, connect=self.timeouts.connect)
        came = bytearray()
        with _network_faults(self.server):
            async with _within(self.timeouts.stream):
                response = await self._send(method, path, body, limits)
                try:
                    async for chunk in unpacked(response):
                        came += chunk
                        if len(came) > most:
                            break
                finally:
                    await response.aclose()
        return RawAnswer(response.status_code, dict(response.headers), bytes(came[:most]), len(came) <= most)

    @asynccontextmanager
    async def stream(self, path: str, body: object) -> AsyncIterator[StreamReply]:
        """POST a JSON body and read what comes as it comes. Leaving the context closes the connection."""
        limits = httpx.Timeout(self.timeouts.stream, connect=self.timeouts.connect)
        with _network_faults(self.server):
            response = await self._send("POST", path, body, limits, packed=False)
        try:
            kind = response.headers.get("content-type", "").lower()
            if response.status_code >= 300 or "html" in kind or "application/json" in kind:
                with _network_faults(self.server):
                    limit = _REFUSAL_LIMIT if response.status_code >= 300 else ANSWER_LIMIT
                    async with _within(self.timeouts.stream):
                        answer = self._struck(await _read(response, limit))
                yield StreamReply(answer, _nothing())
            else:
                yield StreamReply(None, self._events(response))
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Let go of all connections. Closing twice is the same as once."""
        await self._client.aclose()

    async def _ask(self, method: str, path: str, body: object) -> Answer:
        limits = httpx.Timeout(self.timeouts.read, connect=self.timeouts.connect)
        with _network_faults(self.server):
            async with _within(self.timeouts.whole):
                response = await self._send(method, path, body, limits)
                try:
                    return self._struck(await _read(response, ANSWER_LIMIT))
                finally:
                    await response.aclose()

    def _struck(self, answer: Answer) -> Answer:
        """An answer without the key, where the server repeats it: what it says may be shown, and kept in a chat."""
        secret = self._key.secret
        shortest = _NO_WORD if answer.status < 300 else _SHORTEST_STRUCK
        if len(secret) < shortest or secret not in answer.body:
            return answer
        return replace(answer, body=answer.body.replace(secret, "…"))

    async def _send(
        self, method: str, path: str, body: object, limits: httpx.Timeout, *, packed: bool = True
    ) -> httpx.Response:
        """Send a request and wait for the head of its response.

        A kept connection that the server has closed in the meantime fails on its next use, through no fault of the
        request: that one is sent again, once, over a new connection.
        """
        fresh = False

        async def watch(step: str, _: Mapping[str, object]) -> None:
            nonlocal fresh
            fresh = fresh or step == "connection.connect_tcp.started"

        trace = {"trace": watch}
        content = body if body is None or isinstance(body, bytes) else _json_bytes(body)
        # A stream that somebody on the way packs comes in lumps.
        headers = {"Accept-Encoding": "gzip, deflate" if packed else "identity"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = self._client.build_request(
            method, self.base + path, content=content, headers=headers, timeout=limits, extensions=trace
        )
        try:
            return await self._client.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if fresh:
                raise
        return await self._client.send(request, stream=True)

    async def _events(self, response: httpx.Response) -> AsyncIterator[SseEvent]:
        lines = "ndjson" in response.headers.get("content-type", "").lower()
        parser = NdjsonParser(self.server) if lines else SseParser(self.server)
        with _network_faults(self.server, silence=self.timeouts.stream):
            async for chunk in unpacked(response):
                for event in parser.feed(chunk):
                    yield self._without_key(event)
            for event in parser.finish():
                yield self._without_key(event)

    def _without_key(self, event: SseEvent) -> SseEvent:
        secret = self._key.secret
        if len(secret) < _NO_WORD or secret not in event.data:
            return event
        return SseEvent(event.data.replace(secret, "…"), event.event)


@contextmanager
def _network_faults(server: str, *, silence: float | None = None) -> Iterator[None]:
    """Turns httpx's exceptions into ``EngineError``; ``silence``: a stream had begun, and how long it may be silent."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        if silence is not None:
            stalled = isinstance(error, httpx.ReadTimeout)
            wording = messages.stalled(server, silence) if stalled else messages.link_broke(None)
            raise raised(wording, EngineFault.BROKEN_STREAM, server) from error
        reason, fault = _why(error)
        wording = messages.no_answer(server, reason)
        if reason == _WRONG_SCHEME:
            wording = messages.wrong_scheme(server)
        elif fault is EngineFault.NOT_AN_API:
            wording = messages.not_an_api(server)
        raise raised(wording, fault, server) from error


_WRONG_SCHEME = "no https"
_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: "no answer in time",
}


def _why(error: BaseException) -> tuple[str, EngineFault]:
    """In a few words why no answer came, from the exception or from what caused it."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted", EngineFault.UNREACHABLE
        if isinstance(cause, ssl.SSLError):
            return _WRONG_SCHEME, EngineFault.UNREACHABLE
        if isinstance(cause, socket.gaierror):
            return "no such host", EngineFault.UNREACHABLE
        if isinstance(cause, OSError) and cause.errno in _REASONS:
            return _REASONS[cause.errno], EngineFault.UNREACHABLE
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time", EngineFault.UNREACHABLE
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        return "no HTTP", EngineFault.NOT_AN_API
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "it hung up", EngineFault.UNREACHABLE
    if isinstance(error, httpx.DecodingError):
        return "unreadable bytes", EngineFault.NOT_AN_API
    return "no connection", EngineFault.UNREACHABLE


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and everything that caused it; several addresses of a host fail as a group."""
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    while queue:
        current = queue.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            queue += current.exceptions


def _client(base: str, key: BoundKey) -> httpx.AsyncClient:
    """What asks. Raises ``EngineError`` where the environment names certificates or proxies that cannot be used."""
    scheme, host, _ = origin(base)
    here = is_local(host)
    named = {name: os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
    try:
        trusted = _nobody() if here and scheme == "http" else _trust(*named.values())
    except OSError as error:
        places = tuple(f"{name}={value}" for name, value in named.items() if value)
        wording = engine_messages.certificates_unreadable(places)
        raise raised(wording, EngineFault.UNREACHABLE, shown(base)) from error
    try:
        return httpx.AsyncClient(
            auth=key,
            follow_redirects=False,
            verify=trusted,
            # No proxy stands between a program and its own machine or network: it would read what is not encrypted.
            trust_env=not here,
            headers={"User-Agent": "tavern-tui"},
            limits=httpx.Limits(max_connections=8),
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        wording = engine_messages.proxy_unusable(shown(base))
        raise raised(wording, EngineFault.UNREACHABLE, shown(base)) from error


def _as_sent(base: str) -> tuple[str, str, int]:
    """The origin as a request names it: a host of other letters than ASCII's in its form for the net."""
    try:
        return origin(str(httpx.URL(base)))
    except httpx.InvalidURL:
        return origin(base)


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """A time for something whole, told as httpx tells the time between two bytes."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise httpx.ReadTimeout("no end in time") from error


@cache
def _trust(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """The certificates that are trusted, by what the environment names: read once, because that takes 40 ms."""
    return httpx.create_ssl_context()


def _nobody() -> ssl.SSLContext:
    """No certificates at all, where nothing is encrypted: no redirect and no proxy leads away from there."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _read(response: httpx.Response, limit: int) -> Answer:
    body = bytearray()
    async for chunk in unpacked(response):
        body += chunk
        if len(body) >= limit:
            break
    return Answer(
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        body=bytes(body[:limit]).decode("utf-8", "replace"),
        retry_after=response.headers.get("retry-after", ""),
    )


def _json_bytes(body: object) -> bytes:
    """JSON as UTF-8; lone surrogates, which cards and models do hold, become question marks."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


async def _nothing() -> AsyncIterator[SseEvent]:
    return
    yield
