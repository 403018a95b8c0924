"""``SseParser``: server-sent events out of bytes, however the network cut them.

Pure: bytes in, events out; what the data means is the adapters' business. More lenient than the standard
(WHATWG HTML, §9.2 "Server-sent events") in one point: an event that the end of the stream finds unfinished is handed
out, because KoboldCpp leaves the last blank line away. Lines end in LF, CRLF or CR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault

LINE_LIMIT = 1 << 20
EVENT_LIMIT = 8 << 20
DONE = "[DONE]"

_BREAK = re.compile(rb"[\r\n]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event. ``data`` lines are joined by newlines; ``event`` is its name, empty when not given."""

    data: str
    event: str = ""


class SseParser:
    """Feed it bytes; it hands out the events that are complete. The same bytes give the same events in any split.

    Lines are decoded whole, so a character that was cut in two by the network comes out whole; bytes that are no
    UTF-8 become U+FFFD. A line over ``line_limit`` or an event over ``EVENT_LIMIT`` bytes raises ``EngineError``
    (``BROKEN_STREAM``): a server that never ends a line must not fill the memory.
    """

    def __init__(self, server: str = "The server", line_limit: int = LINE_LIMIT) -> None:
        self._server = server
        self._line_limit = line_limit
        self._pending = bytearray()
        self._scanned = 0
        self._swallow_newline = False
        self._at_start = True
        self._data: list[str] = []
        self._size = 0
        self._event = ""

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that ``chunk`` completes, in order."""
        self._pending += chunk
        events: list[SseEvent] = []
        while (line := self._next_line()) is not None:
            found = self._take(line)
            if found is not None:
                events.append(found)
        if len(self._pending) > self._line_limit:
            raise self._too_long()
        return events

    def finish(self) -> list[SseEvent]:
        """The stream has ended: the event that was still open, if any."""
        line, self._pending, self._scanned = bytes(self._pending), bytearray(), 0
        events = [found for found in (self._take(line) if line else None, self._dispatch()) if found is not None]
        self._at_start = True
        return events

    def _next_line(self) -> bytes | None:
        if self._swallow_newline and self._pending:
            self._swallow_newline = False
            if self._pending[0] == 0x0A:
                del self._pending[0]
        found = _BREAK.search(self._pending, self._scanned)
        if found is None:
            self._scanned = len(self._pending)
            return None
        line = bytes(self._pending[: found.start()])
        self._swallow_newline = found.group() == b"\r"
        del self._pending[: found.end()]
        self._scanned = 0
        if len(line) > self._line_limit:
            raise self._too_long()
        return line

    def _take(self, line: bytes) -> SseEvent | None:
        if self._at_start:
            line, self._at_start = line.removeprefix(_BOM), False
        if not line:
            return self._dispatch()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "error":
            self._event = "error"  # llama-server builds before 2025 write errors as a field of this name
        if name in ("data", "error"):
            self._size += len(line)
            if self._size > EVENT_LIMIT:
                raise self._too_long()
            self._data.append(value)
            if value == DONE and len(self._data) == 1:
                return self._dispatch()
        elif name == "event":
            self._event = value
        return None

    def _dispatch(self) -> SseEvent | None:
        event = SseEvent("\n".join(self._data), self._event) if self._data else None
        self._data, self._size, self._event = [], 0, ""
        return event

    def _too_long(self) -> EngineError:
        wording = messages.endless_line(self._server)
        return EngineError(wording.title, hint=wording.advice, where=self._server, fault=EngineFault.BROKEN_STREAM)
