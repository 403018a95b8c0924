"""``GgufCursor``: reading forward through a GGUF header: scalars, strings, long lists stepped over.

Bounded everywhere, and never beyond the file's end. What the values mean is ``gguf``'s.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

from tavern_tui.domain.errors import FormatError

MAX_STRING = 64 * 1024 * 1024
MAX_KEPT_STRING = 1024 * 1024
_BUFFER = 256 * 1024


class GgufCursor:
    """Reads forward through a file in large pieces, and never beyond its end."""

    def __init__(self, file: BinaryIO, size: int, where: str) -> None:
        self._file = file
        self._size = size
        self._where = where
        self._buffer = b""
        self._start = 0  # where the buffer lies in the file
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes between here and the end of the file."""
        return self._size - self.at

    def peek(self, count: int) -> bytes:
        """Up to ``count`` bytes from here, without moving."""
        count = max(0, min(count, self.left))
        offset = self.at - self._start
        if not 0 <= offset <= len(self._buffer) - count:
            self._file.seek(self.at)
            self._buffer, self._start, offset = self._file.read(max(count, _BUFFER)), self.at, 0
        return self._buffer[offset : offset + count]

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        data = self.peek(count)
        if len(data) < count:
            raise self._cut_short()
        self.at += count
        return data

    def skip(self, count: int) -> None:
        """Step over ``count`` bytes."""
        if count > self.left:
            raise self._cut_short()
        self.at += count

    def number(self, code: str) -> Any:
        """The next scalar, by its ``struct`` code."""
        layout = struct.Struct(f"<{code}")
        return layout.unpack(self.take(layout.size))[0]

    def string(self, limit: int) -> str:
        """The next string; what is not UTF-8 in it is replaced, what is too long to be shown left empty."""
        length = self.number("Q")
        if length > limit:
            raise self.damaged("it holds a text of impossible length")
        if length > MAX_KEPT_STRING:
            self.skip(length)
            return ""
        return self.take(length).decode("utf-8", "replace")

    def skip_strings(self, count: int) -> None:
        """Step over ``count`` strings; vocabularies have hundreds of thousands."""
        unpack, at, size = struct.Struct("<Q").unpack_from, self.at, self._size
        buffer, start = self._buffer, self._start
        for _ in range(count):
            if at + 8 > start + len(buffer) or at < start:
                self.at = at
                self.peek(8)
                buffer, start = self._buffer, self._start
                if at + 8 > start + len(buffer):
                    raise self._cut_short()
            (length,) = unpack(buffer, at - start)
            at += 8 + length
            if length > MAX_STRING:
                raise self.damaged("it holds a text of impossible length")
            if at > size:
                raise self._cut_short()
        self.at = at

    def damaged(self, why: str) -> FormatError:
        """The error for a header that breaks its own format."""
        return FormatError(f"This model file is damaged: {why}.", hint="Fetch it again.", where=self._where)

    def _cut_short(self) -> FormatError:
        return FormatError(
            f"Model file is cut short: its {self._size:,} bytes end inside the header.",
            hint="Fetch it again.",
            where=self._where,
        )
