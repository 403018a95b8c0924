"""``StreamedReply``: what every streamed reply has in common, whatever dialect its chunks are in.

Text passes the scan for stop strings; what the scan held back is handed out before a broken stream raises, and before
the reply's end is told. A dialect says what a chunk means and when the reply is over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Event, TextArrived
from tavern_tui.engines.faults import raised
from tavern_tui.engines.sse import DONE, SseEvent
from tavern_tui.engines.stopping import StopScan


class StreamedReply(ABC):
    """One reply of ``server``; ``read`` it once. ``stop`` are the strings to end it at."""

    def __init__(self, server: str, stop: Iterable[str]) -> None:
        self.server = server
        self.scan = StopScan(stop)
        self.marked_done = False
        """Whether the stream's own end mark (``[DONE]``) came."""

    async def read(self, stream: AsyncIterator[SseEvent]) -> AsyncGenerator[Event, None]:
        """The events of the reply, ``Finished`` last.

        Raises ``EngineError`` when the stream breaks or carries an error, after all text that came was handed out.
        """
        try:
            async for event in stream:
                if event.data.strip() == DONE:
                    self.marked_done = True
                    break
                for found in self.take(event):
                    yield found
                if self.scan.matched is not None or self.nothing_follows:
                    break
            if self.scan.matched is None and not self.over:
                raise raised(messages.link_broke(None), EngineFault.BROKEN_STREAM, self.server)
        except EngineError:
            if rest := self.scan.finish():
                yield TextArrived(rest)
            raise
        if rest := self.scan.finish():
            yield TextArrived(rest)
        for found in self.end():
            yield found

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether the server has said that the reply is complete."""

    @property
    @abstractmethod
    def nothing_follows(self) -> bool:
        """Whether what came last is all that the server will say."""

    @abstractmethod
    def take(self, event: SseEvent) -> Iterator[Event]:
        """The events that one chunk of the stream means. Raises ``EngineError`` for one that tells a fault."""

    @abstractmethod
    def end(self) -> Iterator[Event]:
        """What is told when the reply is over, ``Finished`` last."""
