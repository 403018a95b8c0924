"""``StreamedReply``: what every streamed reply has in common, whatever dialect its chunks are in.

Text passes the scan for stop strings; what the scan held back is handed out before a broken stream raises, and before
the reply's end is told. A dialect says what a chunk means and when the reply is over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator

from tavern_tui.domain import messages
from tavern_tui.domain.alternatives import TokenChoice
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Event, TextArrived
from tavern_tui.engines.faults import raised
from tavern_tui.engines.sse import DONE, SseEvent
from tavern_tui.engines.stopping import StopScan
from tavern_tui.engines.told_tokens import ToldTokens


class StreamedReply(ABC):
    """One reply of ``server``; ``read`` it once. ``stop`` are the strings to end it at.

    ``alternatives`` is how many are told of each token, 0 for none.
    """

    def __init__(self, server: str, stop: Iterable[str], alternatives: int = 0) -> None:
        self.server = server
        self.alternatives = alternatives
        self.scan = StopScan(stop)
        self._tokens = ToldTokens() if alternatives else None
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
            for found in self.rest():
                yield found
            raise
        for found in self.rest():
            yield found
        for found in self.end():
            yield found

    def text(self, text: str, choices: tuple[TokenChoice, ...] = ()) -> Iterator[TextArrived]:
        """The pieces of text that may be handed out once ``text`` has come, with the choices of its tokens."""
        shown = self.scan.feed(text)
        if self._tokens is None:
            if shown:
                yield TextArrived(shown)
            return
        self._tokens.came(text, choices)
        yield from self._tokens.pieces(shown)

    def rest(self) -> Iterator[TextArrived]:
        """What was held back, now that nothing more comes."""
        rest = self.scan.finish()
        if self._tokens is not None:
            yield from self._tokens.pieces(rest, over=True)
        elif rest:
            yield TextArrived(rest)

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
