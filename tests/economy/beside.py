"""``Beside``: the real engine with a ``CacheModel`` beside it, which is told the same prompts and the same replies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tavern_tui.engines.base import EngineInfo, Event, Finished, Request, StopReason, TextArrived, Usage
from tavern_tui.engines.cache_model import CacheModel, Read
from tavern_tui.engines.embedded.client import EmbeddedEngine
from tavern_tui.engines.embedded.segments import encode
from tavern_tui.engines.embedded.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Compared:
    """One prompt: what the model of the cache said, and what the engine told."""

    modelled: Read
    told: Read


class Beside:
    """An ``Engine`` that passes everything on. ``compared`` is what came of each prompt."""

    def __init__(self, engine: EmbeddedEngine, vocabulary: Vocabulary, cache: CacheModel) -> None:
        self._engine = engine
        self._vocabulary = vocabulary
        self._cache = cache
        self.compared: list[Compared] = []

    async def connect(self) -> EngineInfo:
        """The engine's facts."""
        return await self._engine.connect()

    async def count(self, texts: Sequence[str]) -> list[int]:
        """As the engine counts."""
        return await self._engine.count(texts)

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """The engine's reply."""
        ids = self._vocabulary.with_bos(encode(request.prompt, self._vocabulary).ids)
        modelled = self._cache.read(ids, request.chat)
        async with self._engine.generate(request) as events:
            yield self._heard(events, modelled)

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()

    async def _heard(self, events: AsyncIterator[Event], modelled: Read) -> AsyncIterator[Event]:
        """The events, each after the next one was heard: who has enough text leaves before the end is told."""
        written: list[int] = []
        held: Event | None = None
        async for event in events:
            if isinstance(event, TextArrived):
                written += event.token_ids
            elif isinstance(event, Finished):
                # What ends a reply is sampled and not decoded: a token of its own, else the reply's last.
                self._cache.write(written if event.reason is StopReason.END else written[:-1])
                self.compared.append(Compared(modelled, _told(event.usage)))
            if held is not None:
                yield held
            held = event
        if held is not None:
            yield held


def _told(usage: Usage) -> Read:
    return Read(usage.evaluated or 0, usage.reused or 0, usage.shifted or 0)
