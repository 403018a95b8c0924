"""``FakeEngine``: an engine that says what it was told to, for tests and replays. No network, no model, no clock.

Keeps the whole contract, counting and cache numbers included, so that what is tested over it holds over real engines.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from itertools import takewhile

from tavern_tui.domain.errors import EngineError
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import (
    Capabilities,
    EngineInfo,
    Event,
    Finished,
    PrefillProgress,
    Request,
    StopReason,
    TextArrived,
    Usage,
)
from tavern_tui.engines.sampling_fit import ALL_SAMPLERS
from tavern_tui.engines.stopping import StopScan

Step = str | float | Event | EngineError
"""A step of a scripted reply: text to say, seconds to sleep, an event to send, or an error to raise."""

Script = str | Sequence[Step]

_TOKEN = re.compile(r"\w+|\W")
DEFAULT_INFO = EngineInfo(
    engine="fake",
    model="scripted",
    context_tokens=2048,
    trained_tokens=2048,
    fingerprint="fake:1",
    add_bos=False,
    capabilities=Capabilities(chat_completion=True, token_ids=True, samplers=ALL_SAMPLERS, seed=True),
)


def tokens(text: str) -> list[str]:
    """The fake's vocabulary: a run of letters and digits is a token, and so is every other character."""
    return _TOKEN.findall(text)


class FakeEngine:
    """An ``Engine`` that gives ``replies`` in turn, beginning anew after the last.

    ``requests`` are those that were made, ``aborted`` the number of replies that were left early, ``closed`` whether
    ``close`` was called. ``refuse_connection`` is raised by ``connect`` while it is set.
    """

    def __init__(
        self,
        replies: Sequence[Script] = ("Hello.",),
        *,
        info: EngineInfo = DEFAULT_INFO,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.info = info
        self.requests: list[Request] = []
        self.aborted = 0
        self.closed = False
        self.refuse_connection: EngineError | None = None
        self._replies = tuple(replies)
        self._sleep = sleep
        self._cached: list[str] = []

    async def connect(self) -> EngineInfo:
        """What was given as ``info``."""
        if self.refuse_connection is not None:
            raise self.refuse_connection
        return self.info

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens by ``tokens``."""
        return [len(tokens(text)) for text in texts]

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """The next scripted reply, cut at stop strings and at the length like any other."""
        script = self._replies[len(self.requests) % len(self._replies)]
        self.requests.append(request)
        async with aclosing(self._events(request, [script] if isinstance(script, str) else script)) as events:
            yield events

    async def close(self) -> None:
        """Remember that it was called."""
        self.closed = True

    async def _events(self, request: Request, script: Sequence[Step]) -> AsyncGenerator[Event, None]:
        prompt = tokens(joined(request.prompt) + "".join(m.content for m in request.messages) + request.prefill)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(prompt, self._cached, strict=False)))
        reused = max(0, min(len(prompt) - 1, same))  # the last token is always read, as in llama.cpp
        reply = _Reply(request)
        over = False
        try:
            yield PrefillProgress(len(prompt), len(prompt))
            for step in script:
                if isinstance(step, EngineError):
                    over = True
                    for event in reply.rest():
                        yield event
                    raise step
                if isinstance(step, str):
                    for event in reply.say(step):
                        yield event
                elif isinstance(step, float | int):
                    await self._sleep(step)
                else:
                    yield step
                if reply.reason is not StopReason.END:
                    break
            for event in reply.rest():
                yield event
            over = True
            yield Finished(reply.reason, Usage(len(prompt) - reused, reused, len(reply.said), 0.0, 0.0), canonical=True)
        finally:
            self._cached = prompt + reply.said
            self.aborted += not over


class _Reply:
    """What has been said of one reply, and why it ended."""

    def __init__(self, request: Request) -> None:
        self.said: list[str] = []
        self.reason = StopReason.END
        self._scan = StopScan(request.stop)
        self._limit = request.response_tokens

    def say(self, text: str) -> Iterator[Event]:
        """The events of saying ``text``, token by token, up to the length or a stop string."""
        for token in tokens(text):
            if len(self.said) == self._limit:
                self.reason = StopReason.LENGTH
                return
            self.said.append(token)
            if shown := self._scan.feed(token):
                yield TextArrived(shown, (zlib.crc32(token.encode()),) if shown == token else ())
            if self._scan.matched is not None:
                self.reason = StopReason.STOP_STRING
                return

    def rest(self) -> Iterator[Event]:
        """What was held back as the possible beginning of a stop string."""
        if text := self._scan.finish():
            yield TextArrived(text)
