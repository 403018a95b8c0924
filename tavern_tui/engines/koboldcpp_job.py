"""``Job``: one reply that KoboldCpp writes for us, known to it by our own ``genkey``.

The stream of a job goes on when the link breaks: what KoboldCpp has written meanwhile is asked for and handed out as if
it had been streamed. A job is stopped by its key alone, so that nobody else's is. How chunks are read is
``engines.koboldcpp_stream``. Source: ``docs/spec/backends.md`` §2.3, and the program itself (1.76).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from tavern_tui.domain import messages
from tavern_tui.domain.alternatives import TokenChoice
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.faults import raised
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, int_at, list_at, parse, text_at
from tavern_tui.engines.sse import SseEvent
from tavern_tui.engines.told_tokens import read_choices

CHECK = "/api/extra/generate/check"
ABORT = "/api/extra/abort"
PERF = "/api/extra/perf"
CHOICES = "/api/extra/last_logprobs"

ASKING = "asking"
"""Name of the event that says that the link broke and the rest is being asked for."""
NUMBERS = "numbers"
"""Name of the event whose data is what ``PERF`` told after the reply; empty where it may be about another's reply."""

_UNFINISHED = frozenset({"", "null"})  # the four letters, on 1.76
_OUT_OF_TOKENS = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. ``queue``: between two looks at a queue we stand in. ``silence``: without a token before it is asked
    whether the stream still lives. ``look``: between two questions after the rest of a reply. ``rest``: how long such
    questions may stay without news. ``goodbye``: how long a question may take that the user would wait for.
    """

    queue: float = 2.0
    silence: float = 15.0
    look: float = 1.0
    rest: float = 30.0
    goodbye: float = 5.0
    undecided: float = 20.0
    loading: float = 600.0


class Job:
    """One reply of at most ``length`` tokens. ``text`` is what came of it, ``over`` says that it is complete."""

    def __init__(self, link: Link, key: str, length: int, pace: Pace) -> None:
        self.key = key
        self.text = ""
        self.over = False
        self._link = link
        self._length = length
        self._pace = pace
        self._unheard = 0

    async def events(self, stream: AsyncIterator[SseEvent]) -> AsyncGenerator[SseEvent, None]:
        """The events of the job's ``stream``, gone on with where it breaks, then one of ``NUMBERS``.

        Raises ``EngineError`` (``BROKEN_STREAM``) where the rest cannot be had: KoboldCpp is out of reach, it stopped
        with the link, or it writes for another client already.
        """
        broken = raised(messages.link_broke(None), EngineFault.BROKEN_STREAM, self._link.server)
        try:
            async with aclosing(self._watched(stream)) as watched:
                async for event in watched:
                    self._take(event)
                    yield event
                    if self.over:
                        break
        except EngineError as error:
            if error.fault is not EngineFault.BROKEN_STREAM:
                raise
            broken = error
        if not self.over:
            async with aclosing(self._rest(broken)) as rest:
                async for event in rest:
                    yield event
        yield SseEvent(await self._numbers(), NUMBERS)

    async def abort(self) -> bool:
        """Stop this job and no other; whether it will end. Raises ``EngineError`` where KoboldCpp is out of reach.

        While it still waits for its turn, KoboldCpp remembers to drop it.
        """
        answer = await self._link.post(ABORT, {"genkey": self.key})
        return at(answer.json, "success") in (True, "true")

    async def choices(self, text: str, most: int) -> tuple[TokenChoice, ...]:
        """What else was likely at each token of ``text``, the job's reply, as far as KoboldCpp tells of it."""
        try:
            async with asyncio.timeout(self._pace.goodbye):
                answer = await self._link.post(CHOICES, {"genkey": self.key})
        except (EngineError, TimeoutError):
            return ()
        told = read_choices(list_at(answer.json, "logprobs", "content"), most) if answer.status < 300 else ()
        spelt, fitting = "", 0
        for choice in told:
            spelt += choice.text
            if not text.startswith(spelt):
                break  # tokens of a stop string, parts of a character, or another job's
            fitting += 1
        return told[:fitting]

    def _take(self, event: SseEvent) -> None:
        value = parse(event.data)
        self.text += text_at(value, "token")
        self.over = text_at(value, "finish_reason") not in _UNFINISHED

    async def _watched(self, stream: AsyncIterator[SseEvent]) -> AsyncGenerator[SseEvent, None]:
        """``stream``, left as broken where KoboldCpp has more text than came, or cannot be reached twice in a row.

        A link that dies without a word (a phone that sleeps, a router that forgets) gives no fault of its own.
        """
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            try:
                while not (await asyncio.wait({coming}, timeout=self._pace.silence))[0]:
                    if await self._left_behind(coming):
                        wording = messages.stalled(self._link.server, self._pace.silence)
                        raise raised(wording, EngineFault.BROKEN_STREAM, self._link.server)
                event = coming.result()
            finally:
                if not coming.done():
                    coming.cancel()
                    await asyncio.wait({coming})
            if event is None:
                return
            self._unheard = 0
            yield event

    async def _left_behind(self, coming: asyncio.Future[SseEvent | None]) -> bool:
        """Whether the stream is dead, as far as can be told beside it."""
        try:
            written = await self._written()
        except EngineError as error:
            self._unheard += error.fault is not EngineFault.REJECTED  # a server that answers is there
            return self._unheard > 1
        self._unheard = 0
        if len(written) <= len(self.text):
            return False
        return not (await asyncio.wait({coming}, timeout=self._pace.look))[0]  # unless it was on its way

    async def _rest(self, broken: EngineError) -> AsyncGenerator[SseEvent, None]:
        """What KoboldCpp writes after the link ``broken``, as events of a stream."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + self._pace.rest
        told = False
        while not self.over:
            try:
                perf, written = await self._look()
            except EngineError as error:
                if error.fault is EngineFault.REJECTED:
                    raise broken from error
                perf, written = None, self.text
            fresh = self._fresh(written)
            if fresh is None:
                raise broken
            if fresh:
                patience = loop.time() + self._pace.rest
                self.text += fresh
                yield _event(fresh, "null")
            if int_at(perf, "idle") == 1:
                if not self._complete(perf):
                    raise broken
                self.over = True
                yield _event("", "length" if int_at(perf, "stop_reason") == _OUT_OF_TOKENS else "stop")
            elif loop.time() >= patience:
                raise broken
            else:
                if not told:
                    told = True
                    yield SseEvent("", ASKING)
                await asyncio.sleep(self._pace.look)

    async def _look(self) -> tuple[object, str]:
        """What KoboldCpp does, and then what it has written: in this order a job that is idle has all its text."""
        perf = (await self._link.get(PERF)).json
        return perf, await self._written()

    async def _written(self) -> str:
        """The job's whole text so far; empty where another job has begun since.

        Raises ``EngineError``: ``REJECTED`` where such a question is not answered at all.
        """
        answer = await self._link.post(CHECK, {"genkey": self.key})
        if answer.status >= 300:
            fault = EngineFault.REJECTED if answer.status < 500 else EngineFault.CRASHED
            raise raised(messages.rejected(self._link.server, answer.status), fault, self._link.server)
        return text_at(answer.json, "results", 0, "text")

    def _fresh(self, written: str) -> str | None:
        """What ``written`` has beyond what came; ``None`` where it is not this job's text any more."""
        if written.startswith(self.text):
            return written[len(self.text) :]
        return "" if written and self.text.startswith(written) else None

    def _complete(self, perf: object) -> bool:
        """Whether the job, the last that ended, ended by itself: 1.76 stops one whose link it sees break."""
        if not self.text:
            return False
        ended = int_at(perf, "stop_reason")
        if ended == _OUT_OF_TOKENS:
            return (int_at(perf, "last_token_count") or 0) >= self._length
        return ended is not None

    async def _numbers(self) -> str:
        """What ``PERF`` tells, where it is about this job: the text that is asked for afterwards is still there."""
        try:
            async with asyncio.timeout(self._pace.goodbye):
                answer = await self._link.get(PERF)
                return answer.body if answer.status < 300 and await self._written() else ""
        except (EngineError, TimeoutError):
            return ""


def _event(token: str, finish: str) -> SseEvent:
    return SseEvent(json.dumps({"token": token, "finish_reason": finish}), "message")
