"""``Others``: what KoboldCpp does for other clients, and stopping that, which only the user decides.

KoboldCpp stops a job without its key only while nobody stands in its queue (1.76). So while it writes for one other
client we keep out of the queue for a time and look again and again: until then the user may have that job stopped.
Who does not decide gets in line.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from tavern_tui.domain import job_messages
from tavern_tui.domain.errors import EngineError
from tavern_tui.engines.base import Waiting
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, int_at
from tavern_tui.engines.koboldcpp_job import ABORT, PERF, Pace
from tavern_tui.engines.koboldcpp_stream import NAME

_ENDING = 0.2
"""Seconds that a job of ours takes to end after it was left: until then KoboldCpp is at work."""
_LOOKS_BEFORE_TELLING = 2
_PATIENCE = 2.0
"""Seconds for a look: a server that hangs over it is not waited for."""


class Others:
    """The other clients of one KoboldCpp."""

    def __init__(self, link: Link, pace: Pace) -> None:
        self._link = link
        self._pace = pace
        self._stopped = asyncio.Event()
        self._ours = False

    async def waited_for(self) -> AsyncGenerator[Waiting, None]:
        """Wait outside the queue while KoboldCpp writes for one other client, for a time."""
        loop = asyncio.get_running_loop()
        until, looks = loop.time() + self._pace.undecided, 0
        self._stopped.clear()
        while loop.time() < until and await self._write_alone():
            looks += 1
            if looks == _LOOKS_BEFORE_TELLING:
                yield Waiting(job_messages.busy_for_another(NAME).plain, 1)
            pause = self._pace.queue if looks >= _LOOKS_BEFORE_TELLING else min(_ENDING, self._pace.queue)
            try:
                async with asyncio.timeout(pause):
                    await self._stopped.wait()
                return
            except TimeoutError:
                continue

    @asynccontextmanager
    async def ours(self) -> AsyncIterator[None]:
        """While it is our job that is written or waits: nothing is stopped without its key."""
        self._ours = True
        try:
            yield
        finally:
            self._ours = False

    async def stop(self) -> bool:
        """Stop the one job of another client; whether it was. Raises ``EngineError``."""
        if self._ours or not await self._write_alone():
            return False
        answer = await self._link.post(ABORT, {})
        if stopped := at(answer.json, "success") in (True, "true"):
            self._stopped.set()
        return stopped

    async def _write_alone(self) -> bool:
        """Whether KoboldCpp is at work and nobody waits for it."""
        try:
            async with asyncio.timeout(min(_PATIENCE, self._pace.goodbye)):
                perf = (await self._link.get(PERF)).json
        except (EngineError, TimeoutError):
            return False
        return int_at(perf, "idle") == 0 and not int_at(perf, "queue")
