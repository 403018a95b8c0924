"""``LateEngine``: an engine that is looked for when it is first needed, so that a chat opens at once without one.

A message that is sent meanwhile is stored as the user's turn; each further try looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import EngineError, EngineFault, TavernError

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine, EngineInfo, Event, Request


class LateEngine:
    """Keeps the engine contract over whatever ``find`` gives. What ``find`` raises becomes an ``EngineError``."""

    def __init__(self, find: Callable[[], Awaitable[Engine]]) -> None:
        self._find = find
        self._engine: Engine | None = None
        self._finding = asyncio.Lock()

    async def connect(self) -> EngineInfo:
        """Find the engine, where that has not been done, and connect to it."""
        return await (await self._found()).connect()

    async def count(self, texts: Sequence[str]) -> list[int]:
        """As the engine counts."""
        return await (await self._found()).count(texts)

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """As the engine generates."""
        async with (await self._found()).generate(request) as events:
            yield events

    def end_reply(self, request: Request, reply: int) -> None:
        """As the engine ends one of several replies; nothing where it writes none side by side."""
        from tavern_tui.engines.base import ParallelEngine

        engine: object = self._engine
        if isinstance(engine, ParallelEngine):
            engine.end_reply(request, reply)

    def take_over(self) -> None:
        """Let the engine that was found load its model in place of one that another window uses."""
        from tavern_tui.engines.base import SharedEngine

        engine: object = self._engine
        if isinstance(engine, SharedEngine):
            engine.take_over()

    def lost(self, chat: str) -> bool:
        """Whether the engine that was found is known to have lost ``chat``."""
        from tavern_tui.engines.base import ForgetfulEngine

        engine: object = self._engine
        return isinstance(engine, ForgetfulEngine) and engine.lost(chat)

    async def stop_other(self) -> bool:
        """Let the engine that was found stop what it does for another client; ``False`` where it has no others."""
        from tavern_tui.engines.base import CrowdedEngine

        engine: object = self._engine
        return await engine.stop_other() if isinstance(engine, CrowdedEngine) else False

    async def takes_suffix(self) -> bool:
        """Whether the server that was found takes the text behind a gap beside the prompt."""
        from tavern_tui.engines.base import SuffixEngine

        engine: object = self._engine
        return await engine.takes_suffix() if isinstance(engine, SuffixEngine) else False

    async def close(self) -> None:
        """Close the engine, if one was found."""
        if self._engine is not None:
            await self._engine.close()

    async def _found(self) -> Engine:
        async with self._finding:
            if self._engine is None:
                self._engine = await self._look()
            return self._engine

    async def _look(self) -> Engine:
        try:
            return await self._find()
        except EngineError:
            raise
        except TavernError as error:
            raise EngineError(error.title, fault=EngineFault.NO_MODEL, hint=error.hint, where=error.where) from error
