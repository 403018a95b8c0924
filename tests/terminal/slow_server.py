"""A server that writes slowly, and stops in the middle of a reply where a test wants it to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from tests.engines.replies import DONE, MODELS, chunk
from tests.engines.standin import Act, Asked, Reply, Standin

PATIENCE = 30.0


class SlowServer:
    """Speaks the OpenAI API on loopback, in a thread: every reply is ``words`` numbered words, ``pause`` seconds apart.

    The ``N``-th reply is ``rNw0 rNw1 …``. ``hold`` lets each reply come to a number of words and no further.
    """

    def __init__(self, words: int = 20, *, pause: float = 0.0) -> None:
        self.words = words
        self.pause = pause
        self.prompts: list[str] = []
        self._most = words
        self._standin = Standin({"/v1/models": Reply(body=json.dumps(MODELS).encode())})
        self._standin.routes["/v1/completions"] = self._complete
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._standin.__aenter__(), self._loop).result(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    @property
    def address(self) -> str:
        """Where it listens."""
        return self._standin.base

    def hold(self, words: int) -> None:
        """Let replies come to so many words and wait there for ``go_on``."""
        self._most = words

    def go_on(self) -> None:
        """Let them come to their ends."""
        self._most = self.words

    def reply(self, number: int, words: int | None = None) -> str:
        """The text of the reply that is given in the place ``number``, from 1; or its first words."""
        return " ".join(f"r{number}w{place}" for place in range(self.words if words is None else words))

    def _complete(self, asked: Asked) -> Reply:
        self.prompts.append(str(asked.json["prompt"]))
        return Reply(kind="text/event-stream", stream=self._write(len(self.prompts)))

    async def _end(self) -> None:
        """Stop listening, once the replies that are still held have come to their ends."""
        await self._standin.__aexit__()
        self.pause = 0.0
        self.go_on()
        if running := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(running, timeout=PATIENCE)

    async def _write(self, number: int) -> AsyncIterator[bytes | Act]:
        for place in range(self.words):
            while place >= self._most:  # noqa: ASYNC110  the test's thread says when to go on
                await asyncio.sleep(0.01)
            yield chunk(f"{' ' if place else ''}r{number}w{place}")
            await asyncio.sleep(self.pause)
        yield chunk("", "stop")
        yield DONE
