"""Lines from stdin for an event loop: read by a thread of its own, so that nothing waits for the keyboard."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from typing import TextIO


class LineReader:
    """Lines without their end, one at a time; ``None`` when there are no more. Make it inside a running loop."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdin if stream is None else stream
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        # A daemon: a read that never returns must not keep the program from ending.
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    async def next(self) -> str | None:
        """The next line, or ``None`` at the end of the input or after ``end``."""
        line = await self._lines.get()
        if line is None:
            self._lines.put_nowait(None)
        return line

    async def until_dot(self) -> str | None:
        """Lines up to one that holds a lone ``.``, joined; ``None`` where the input ends before that came."""
        lines: list[str] = []
        while (line := await self.next()) != ".":
            if line is None:
                return None
            lines.append(line)
        return "\n".join(lines)

    def end(self) -> None:
        """Behave as if the input had ended."""
        self._lines.put_nowait(None)

    def _read(self) -> None:
        try:
            for line in forgiving(self._stream):
                self._tell(line.rstrip("\r\n"))
        except (OSError, ValueError):  # a terminal that hung up, a stream that was closed
            pass
        self._tell(None)

    def _tell(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:  # the loop has ended before the input did
            pass


def forgiving(stream: TextIO) -> TextIO:
    """``stream``, with bytes that are no text in its encoding read as replacement characters."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream
