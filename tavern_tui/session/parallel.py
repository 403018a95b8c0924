"""``Several``: replies made side by side, each a ``Generation`` with a journal, a text and an end of its own.

An engine that writes several at once is asked once for as many as it writes (``Shared``), and each generation hears
only its own part; what is left over is asked for after that. Any other engine is asked for one after the other. What
brings nothing because of a fault of the moment is asked for again: all of it by ``session.attempts`` while there is no
reply yet, and here what is missing once there is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.events import TipMoved
from tavern_tui.engines import base
from tavern_tui.session import events as out
from tavern_tui.session.attempts import DELAYS, Tries, further

if TYPE_CHECKING:
    from tavern_tui.session.generation import Generation
    from tavern_tui.session.session import ChatSession, Prepared

Make = Callable[[int, base.Engine], "Generation"]
"""Makes the generation of one number over an engine."""


class Several:
    """``count`` replies to one prompt, as many at once as the engine writes. ``run`` once; ``stop`` from anywhere."""

    def __init__(self, count: int, prepared: Prepared, make: Make, session: ChatSession) -> None:
        engine, at_once = session.connection.engine, max(1, prepared.ready.info.capabilities.parallel)
        self._session = session
        self._make = make
        self._groups = [Shared(engine, min(at_once, count - first)) for first in range(0, count, at_once)]
        parts = [part for group in self._groups for part in group.parts]
        self._generations = [make(number, part) for number, part in enumerate(parts)]
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all of them and keep their texts; what has not begun does not begin."""
        self._stopping.set()
        for generation in self._generations:
            generation.stop()

    async def run(self) -> AsyncGenerator[out.SessionEvent, None]:
        """The events of each in ``OneOf``, and ``Retrying``. At the end the reader looks at the first that was saved.

        Where the first of them fail, with nothing come, by what may pass or what another prompt mends, the others are
        not asked for: whoever hears that asks for all of them again.
        """
        saved: dict[int, str] = {}
        first = 0
        for group in self._groups:
            if self._stopping.is_set() and first:
                break
            given_up = False
            async with aclosing(self._until_it_comes(group, first)) as events:
                async for event in events:
                    told = event.event if isinstance(event, out.OneOf) else event
                    if isinstance(event, out.OneOf) and isinstance(told, out.TurnSaved):
                        saved[event.reply] = told.turn.id
                    given_up = given_up or _may_pass(told)
                    yield event
            if given_up and not saved:
                break
            first += len(group.parts)
        tip, shown = self._session.tree.tip, saved.get(min(saved, default=0), "")
        if tip in saved.values() and tip != shown:
            await self._session.changes.write(TipMoved(shown))

    async def _until_it_comes(self, group: Shared, first: int) -> AsyncGenerator[out.SessionEvent, None]:
        """The events of one request, made again where it brought nothing and an earlier one has brought a reply."""
        tries = self._session.tries
        tried: dict[EngineFault, int] = {}
        while True:
            began, held, arrived = tries.clock(), list[out.OneOf](), False
            async with aclosing(self._side_by_side(group, first)) as events:
                async for event in events:
                    arrived = arrived or isinstance(event.event, out.TextArrived | out.ReasoningArrived)
                    if first and not arrived and isinstance(event.event, out.TurnFailed):
                        held.append(event)
                        continue
                    yield event
            delay = None if arrived or self._stopping.is_set() else _delay(tries, held, tried, began)
            if delay is None:
                for event in held:
                    yield event
                return
            yield out.Retrying(delay, _failure(held).title)
            if not await tries.wait(delay, self._stopping):
                return
            group = Shared(group.engine, len(group.parts))
            for place, part in enumerate(group.parts):
                self._generations[first + place] = self._make(first + place, part)

    async def _side_by_side(self, group: Shared, first: int) -> AsyncGenerator[out.OneOf, None]:
        """The replies of one request, the first of which has the number ``first``."""
        heard: asyncio.Queue[out.OneOf | None] = asyncio.Queue()

        async def follow(place: int) -> None:
            number = first + place
            try:
                async with aclosing(self._generations[number].run()) as events:
                    async for event in events:
                        heard.put_nowait(out.OneOf(number, event))
            finally:
                group.leave(place)
                heard.put_nowait(None)

        tasks = [asyncio.create_task(follow(place)) for place in range(len(group.parts))]
        try:
            left = len(tasks)
            while left:
                event = await heard.get()
                if event is None:
                    left -= 1
                else:
                    yield event
            for task in tasks:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await group.close()


def _failure(held: Sequence[out.OneOf]) -> EngineError:
    """Why nothing came, by the first that says so."""
    failed = held[0].event
    assert isinstance(failed, out.TurnFailed)
    assert isinstance(failed.error, EngineError)
    return failed.error


def _delay(tries: Tries, held: Sequence[out.OneOf], tried: dict[EngineFault, int], began: float) -> float | None:
    """Seconds until what failed is asked for again, ``None`` where it is not."""
    failed = held[0].event if held else None
    if not (isinstance(failed, out.TurnFailed) and isinstance(failed.error, EngineError)):
        return None
    return further(tries, failed.error, tried, began)


def _may_pass(event: out.SessionEvent) -> bool:
    """Whether an event is a failure of the moment, or of a prompt that is too long."""
    error = event.error if isinstance(event, out.TurnFailed) else None
    return isinstance(error, EngineError) and (error.fault in DELAYS or error.fault is EngineFault.OVERFLOW)


async def first_alone(events: AsyncGenerator[out.SessionEvent, None]) -> AsyncGenerator[out.SessionEvent, None]:
    """What a front end that shows one reply hears of several: the first; the others are swipes when it is over."""
    last: out.SessionEvent | None = None
    async with aclosing(events) as several:
        async for event in several:
            if not isinstance(event, out.OneOf):
                yield event
            elif event.reply == 0 and isinstance(event.event, out.TurnSaved | out.TurnFailed):
                last = event.event
            elif event.reply == 0:
                yield event.event
    if last is not None:
        yield last


class Shared:
    """One request for ``count`` replies, heard in ``parts``: each an engine that gives only its own reply.

    The request is made when all parts are asked, and aborted when the last is left. A part that is left early has its
    reply ended, and the others go on.
    """

    def __init__(self, engine: base.Engine, count: int) -> None:
        self.engine = engine
        self.parts = [_Part(self, number) for number in range(count)]
        self._request: base.Request | None = None
        self._asked: dict[int, base.Request] = {}
        self._reading: asyncio.Task[None] | None = None
        self._queues: list[asyncio.Queue[base.Event | Exception | None]] = [asyncio.Queue() for _ in range(count)]
        self._left: set[int] = set()

    @asynccontextmanager
    async def listen(self, number: int, request: base.Request) -> AsyncIterator[AsyncIterator[base.Event]]:
        """The events of one reply; everything that belongs to none is heard by the first."""
        self._asked[number] = request
        self._begin()
        try:
            async with aclosing(self._part(number)) as events:
                yield events
        finally:
            self._end(number)
            self.leave(number)
            if len(self._left) == len(self.parts):
                await self.close()

    def leave(self, number: int) -> None:
        """Nobody listens to that part any more, or ever will."""
        self._left.add(number)
        self._begin()

    def _begin(self) -> None:
        """Make the request once nobody is missing who may listen to it; the engine counts seeds up from the first."""
        complete = len(self._asked.keys() | self._left) == len(self.parts)
        if complete and self._reading is None and self._asked.keys() - self._left:
            number, first = min(self._asked.items(), key=lambda asked: asked[0])
            seed = None if first.seed is None else first.seed - number
            self._request = replace(first, replies=len(self.parts), seed=seed)
            self._reading = asyncio.create_task(self._read(self._request))

    async def close(self) -> None:
        """Abort the request if it still runs."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _end(self, number: int) -> None:
        if self._request is not None and isinstance(self.engine, base.ParallelEngine):
            self.engine.end_reply(self._request, number)

    async def _part(self, number: int) -> AsyncGenerator[base.Event, None]:
        while (event := await self._queues[number].get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event

    async def _read(self, request: base.Request) -> None:
        end: Exception | None = None
        try:
            async with self.engine.generate(request) as events:
                async for event in events:
                    self._hand_out(event)
        except Exception as error:  # noqa: BLE001  handed to those who listen, who raise it
            end = error
        for queue in self._queues:
            queue.put_nowait(end)

    def _hand_out(self, event: base.Event) -> None:
        match event:
            case base.TextArrived(reply=number) | base.ReasoningArrived(reply=number):
                self._queues[number].put_nowait(event)
                if number in self._left:
                    self._end(number)  # it was left before the engine knew of it
            case base.ReplyFinished(reply=number, reason=reason, usage=usage, canonical=canonical):
                self._queues[number].put_nowait(base.Finished(reason, usage, canonical))
                self._queues[number].put_nowait(None)
            case base.Finished() if len(self.parts) > 1:
                pass  # each reply has had its own
            case base.Notice():
                self._queues[0].put_nowait(event)
            case base.PrefillProgress(total=total):
                # The first reply answers for what is read; to the others the prompt is there.
                self._queues[0].put_nowait(event)
                for queue in self._queues[1:]:
                    queue.put_nowait(base.PrefillProgress(total, total))
            case _:
                for queue in self._queues:
                    queue.put_nowait(event)


class _Part:
    """One reply of a ``Shared`` request, as an engine."""

    def __init__(self, shared: Shared, number: int) -> None:
        self._shared = shared
        self._number = number

    async def connect(self) -> base.EngineInfo:
        """What the engine says of itself."""
        return await self._shared.engine.connect()

    async def count(self, texts: Sequence[str]) -> list[int]:
        """As the engine counts."""
        return await self._shared.engine.count(texts)

    def generate(self, request: base.Request) -> AbstractAsyncContextManager[AsyncIterator[base.Event]]:
        """The events of this one reply. The request of the first part that asks counts for all."""
        return self._shared.listen(self._number, request)

    async def close(self) -> None:
        """The engine is not this part's to close."""
