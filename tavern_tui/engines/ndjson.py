"""``NdjsonParser``: JSON objects, one a line, out of bytes, however the network cut them. Ollama streams so.

The same hand as ``sse.SseParser``: what it hands out are events whose data is one line.
"""

from __future__ import annotations

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.sse import EVENT_LIMIT, SseEvent


class NdjsonParser:
    """Feed it bytes; it hands out the lines that are complete. Blank lines are passed over.

    A line over ``EVENT_LIMIT`` bytes raises ``EngineError`` (``BROKEN_STREAM``).
    """

    def __init__(self, server: str = "The server") -> None:
        self._server = server
        self._pending = bytearray()
        self._scanned = 0

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The lines that ``chunk`` completes, in order."""
        self._pending += chunk
        events = []
        while (end := self._pending.find(b"\n", self._scanned)) >= 0:
            line = bytes(self._pending[:end]).strip()
            del self._pending[: end + 1]
            self._scanned = 0
            if line:
                events.append(SseEvent(line.decode("utf-8", "replace")))
        self._scanned = len(self._pending)
        if len(self._pending) > EVENT_LIMIT:
            wording = messages.endless_line(self._server)
            raise EngineError(wording.title, hint=wording.advice, where=self._server, fault=EngineFault.BROKEN_STREAM)
        return events

    def finish(self) -> list[SseEvent]:
        """The stream has ended: the line that was still open, if any."""
        return self.feed(b"\n") if self._pending.strip() else []
