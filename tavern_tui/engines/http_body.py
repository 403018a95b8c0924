"""What a server sends, unpacked within limits: a few compressed bytes must not become gigabytes of memory.

httpx unpacks a whole piece from the network at once, and packings inside packings: 2 KB of ``gzip, gzip`` are 4 GB.
Here one packing is undone, a bounded piece at a time, and whoever reads stops when it has enough. Stands on httpx.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from tavern_tui.engines.lean_httpx import httpx

PIECE = 64 << 10
"""Bytes handed out at once, at the most."""

_GZIP = 16 + zlib.MAX_WBITS
_PACKED = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


class Body(Protocol):
    """The body of an answer that is coming in."""

    @property
    def headers(self) -> httpx.Headers:
        """The answer's headers."""
        ...

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The bytes as they were sent."""
        ...


async def unpacked(response: Body) -> AsyncIterator[bytes]:
    """The body without its packing, in pieces of at most ``PIECE`` bytes.

    Raises ``httpx.DecodingError`` for what is not packed as its header says, or in a way that was not asked for.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        async for chunk in response.aiter_raw():
            yield chunk
        return
    if coding not in _PACKED:
        raise httpx.DecodingError(f"packed as {coding[:40]}")
    inflater = _Inflater(_PACKED[coding])
    async for chunk in response.aiter_raw():
        for piece in inflater.pieces(chunk):
            yield piece


class _Inflater:
    def __init__(self, window: int) -> None:
        self._inflate = zlib.decompressobj(window)
        self._may_be_bare = window == zlib.MAX_WBITS

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What ``chunk`` adds, unpacked no faster than it is taken."""
        more = True
        while (chunk or more) and not self._inflate.eof:
            try:
                piece = self._inflate.decompress(chunk, PIECE)
            except zlib.error as error:
                if not self._may_be_bare:
                    raise httpx.DecodingError("packed bytes that are torn") from error
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # some send deflate without zlib's own head
                self._may_be_bare = False
                continue
            self._may_be_bare = False
            chunk, more = self._inflate.unconsumed_tail, len(piece) == PIECE
            if piece:
                yield piece
