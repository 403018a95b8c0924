"""``Line``: one at a time, first come first served, and everyone who waits is told their place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Line:
    """The line in front of the one thing that computes."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting: list[Callable[[int], None]] = []

    @property
    def busy(self) -> bool:
        """Whether somebody has their turn."""
        return self._lock.locked()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, tell: Callable[[int], None]) -> AsyncIterator[None]:
        """Wait for a turn and have it. ``tell`` hears the place, 1 for next, at first and whenever it changes."""
        self._waiting.append(tell)
        if self._lock.locked():
            tell(len(self._waiting))
        try:
            await self._lock.acquire()
        finally:
            self._leave(tell)
        try:
            yield
        finally:
            self._lock.release()

    def _leave(self, tell: Callable[[int], None]) -> None:
        index = self._waiting.index(tell)
        del self._waiting[index]
        for place, others in enumerate(self._waiting[index:], index + 1):
            others(place)
