"""``ReplyStream``: an engine's events on their way to a front end, coalesced and stoppable.

The first text goes through at once; later texts are merged so that at most ``per_second`` pieces leave. Other events
are never delayed and never overtake the text that came before them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from tavern_tui.engines.base import Event, TextArrived

_BACKLOG = 1000
"""Events that may wait; a server that floods is read no faster than its text is taken."""


@dataclass(frozen=True, slots=True)
class _End:
    """The source is exhausted, was stopped, or broke with ``error``."""

    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Pieces of text that arrived within one frame, each as the engine gave it."""

    pieces: tuple[TextArrived, ...]


class ReplyStream:
    """``events`` are the source's; ``stop`` ends them from another task, after the text that has arrived.

    An exception of the source is raised after the text that came before it.
    """

    def __init__(self, source: AsyncIterator[Event], *, per_second: float) -> None:
        self._source = source
        self._interval = 1.0 / per_second
        self._queue: asyncio.Queue[Event | _End] = asyncio.Queue(_BACKLOG)
        self._stopped = False

    def stop(self) -> None:
        """End the iteration; safe to call at any time and more than once. What waits in the queue is not waited for."""
        self._stopped = True
        if not self._queue.full():
            self._queue.put_nowait(_End())

    async def events(self) -> AsyncGenerator[Event | TextBatch, None]:
        """The coalesced events, once: texts as ``TextBatch``, everything else as it is.

        Close it before the source: only then nothing reads the source any more.
        """
        reader = asyncio.create_task(self._read())
        try:
            async for event in self._merge():
                yield event
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for event in self._source:
                await self._queue.put(event)
        except Exception as error:  # noqa: BLE001  handed to the iterating task, which raises it
            await self._queue.put(_End(error))
        else:
            await self._queue.put(_End())

    async def _merge(self) -> AsyncIterator[Event | TextBatch]:
        loop = asyncio.get_running_loop()
        pending: list[TextArrived] = []
        due = loop.time()
        while True:
            item = await self._next(due - loop.time() if pending else None)
            if isinstance(item, TextArrived):
                pending.append(item)
                if loop.time() < due and not self._stopped and len(pending) < _BACKLOG:
                    continue
            if pending:
                yield TextBatch(tuple(pending))
                pending, due = [], loop.time() + self._interval
            if isinstance(item, _End) and item.error is not None:
                raise item.error
            if isinstance(item, _End) or self._stopped:
                return
            if item is not None and not isinstance(item, TextArrived):
                yield item

    async def _next(self, seconds: float | None) -> Event | _End | None:
        """The next item, or ``None`` when ``seconds`` have passed without one."""
        if seconds is None or not self._queue.empty():
            return await self._queue.get()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                return await self._queue.get()
        except TimeoutError:
            return None
