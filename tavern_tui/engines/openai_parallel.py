"""Reading several replies that a server streams side by side (``n`` of OpenAI's API): each has a reader of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import replace

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import (
    Event,
    Finished,
    ReasoningArrived,
    ReplyFinished,
    StopReason,
    TextArrived,
    Usage,
)
from tavern_tui.engines.faults import complaint, raised
from tavern_tui.engines.json_shape import at, int_at, list_at, parse
from tavern_tui.engines.openai_stream import ReplyReader, read_usage
from tavern_tui.engines.sse import DONE, SseEvent


class ParallelReader:
    """``count`` replies; ``read`` them once. ``end_reply`` ends one of them: what comes for it is passed over.

    OpenAI's API cannot end one alone, so the server goes on with it; the stream is left when the last has ended.
    """

    def __init__(self, make: Callable[[], ReplyReader], count: int) -> None:
        self._readers = [make() for _ in range(count)]
        self._ended: set[int] = set()
        self._usage = Usage()

    @property
    def silent(self) -> bool:
        """Whether not one chunk has come."""
        return all(reader.silent for reader in self._readers)

    def end_reply(self, number: int) -> None:
        """Pass over what still comes for that reply."""
        self._ended.add(number)

    async def read(self, stream: AsyncIterator[SseEvent]) -> AsyncGenerator[Event, None]:
        """The events of all replies, each with its number; ``Finished`` last.

        Raises ``EngineError`` when the stream breaks, after all text that came was handed out.
        """
        try:
            async for event in stream:
                if event.data.strip() == DONE:
                    break
                for found in self._take(parse(event.data)):
                    yield found
                if len(self._ended) == len(self._readers) and not all(reader.over for reader in self._readers):
                    break  # the server goes on with what is ended here: its numbers are not waited for
            if not all(map(self._over, range(len(self._readers)))):
                server = self._readers[0].server
                raise raised(messages.link_broke(None), EngineFault.BROKEN_STREAM, server)
        except EngineError:
            for number in range(len(self._readers)):
                for found in self._rest(number):
                    yield found
            raise
        for number in range(len(self._readers)):
            for found in self._finish(number):
                yield found
        yield Finished(StopReason.END, self._usage)

    def _take(self, value: object) -> Iterator[Event]:
        if complaint(value):
            yield from self._readers[0].take_value(value)  # which raises what it says
        if usage := at(value, "usage"):
            self._usage = read_usage(usage)
        for choice in list_at(value, "choices"):
            number = int_at(choice, "index") or 0
            if number >= len(self._readers) or number in self._ended:
                continue
            for found in self._readers[number].take_value({"choices": [choice]}):
                yield _numbered(found, number)
            if self._over(number):
                yield from self._finish(number)

    def _finish(self, number: int) -> Iterator[Event]:
        """The end of one reply, once."""
        if number not in self._ended:
            yield from self._rest(number)
            self._ended.add(number)
            yield ReplyFinished(number, self._readers[number].reason)

    def _rest(self, number: int) -> Iterator[Event]:
        if number not in self._ended:
            for piece in self._readers[number].rest():
                yield replace(piece, reply=number)

    def _over(self, number: int) -> bool:
        reader = self._readers[number]
        return number in self._ended or reader.over or reader.scan.matched is not None


def _numbered(event: Event, number: int) -> Event:
    return replace(event, reply=number) if isinstance(event, TextArrived | ReasoningArrived) else event
