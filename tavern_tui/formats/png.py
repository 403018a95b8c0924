"""PNG as a row of chunks: enough to find texts in a picture and to put texts in, without touching a pixel.

Chunks are kept byte for byte, known or not, with the checksum that the file gave them. Text chunks (tEXt, zTXt, iTXt)
are decoded on demand with a limit on what they expand to. No image is decoded here. Format: PNG specification (ISO
15948) §5 and §11.3.4.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tavern_tui.domain.errors import FormatError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_TEXT = 32 * 1024 * 1024
MAX_CHUNKS = 20_000
MAX_PIXELS = 64_000_000
_TEXT_KINDS = (b"tEXt", b"zTXt", b"iTXt")
_MAX_KEYWORD = 79
_LONGEST_HEAD = 4096  # keyword, language and translated keyword before an iTXt's text


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its four-letter ``kind``, its ``data``, and the checksum written beside it."""

    kind: bytes
    data: bytes
    crc: int

    @classmethod
    def of(cls, kind: bytes, data: bytes) -> Chunk:
        """A new chunk with the checksum that belongs to it."""
        return cls(kind, data, zlib.crc32(kind + data))

    @property
    def sound(self) -> bool:
        """Whether the checksum fits the data."""
        return zlib.crc32(self.kind + self.data) == self.crc

    @property
    def keyword(self) -> str:
        """The keyword of a text chunk (Latin-1); empty for other kinds."""
        if self.kind not in _TEXT_KINDS:
            return ""
        return self.data[: _MAX_KEYWORD + 1].split(b"\0", 1)[0].decode("latin-1")


@dataclass(frozen=True, slots=True)
class Png:
    """The chunks of a file in order, and whatever stood behind the last of them.

    ``cut_short`` says where the file ends too early, empty for a whole one; ``trailing`` then holds the rest.
    """

    chunks: tuple[Chunk, ...]
    trailing: bytes = b""
    cut_short: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file, one sentence each: wrong checksums of each kind of chunk, a missing end."""
        wrong = dict.fromkeys(
            f"The checksum of chunk {_kind(c.kind)} does not fit." for c in self.chunks if not c.sound
        )
        return (*wrong, *((self.cut_short,) if self.cut_short else ()))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as the first chunk says; ``(0, 0)`` where it does not."""
        head = self.chunks[0] if self.chunks else None
        return struct.unpack_from(">LL", head.data) if head and head.kind == b"IHDR" and len(head.data) >= 8 else (0, 0)

    def texts(self, keyword: str, *, where: str = "", limit: int = MAX_TEXT) -> Iterator[str]:
        """The texts under ``keyword``, compared without case, in file order.

        Raises ``FormatError`` for a text that cannot be unpacked, or unpacks to more than ``limit`` bytes.
        """
        for chunk in self.chunks:
            if chunk.keyword and chunk.keyword.lower() == keyword.lower():
                yield _text(chunk, where, limit)

    def with_texts(self, texts: Mapping[str, bytes]) -> Png:
        """This picture with one tEXt chunk per keyword, directly before its end; older texts so named are dropped.

        Keywords and texts are Latin-1. Everything else stays as it is, byte for byte.
        """
        dropped = {keyword.lower() for keyword in texts}
        kept = [chunk for chunk in self.chunks if chunk.kind != b"IEND" and chunk.keyword.lower() not in dropped]
        end = next((chunk for chunk in self.chunks if chunk.kind == b"IEND"), Chunk.of(b"IEND", b""))
        added = [Chunk.of(b"tEXt", keyword.encode("latin-1") + b"\0" + text) for keyword, text in texts.items()]
        return replace(self, chunks=(*kept, *added, end), trailing=b"" if self.cut_short else self.trailing)


def read_png(data: bytes, *, where: str = "") -> Png:
    """The chunks of ``data``. A file that ends too early gives what is whole.

    Raises ``FormatError`` for bytes that are no PNG at all, and for more than ``MAX_CHUNKS`` chunks.
    """
    if not data.startswith(SIGNATURE):
        raise FormatError("This is not a PNG picture.", where=where)
    chunks: list[Chunk] = []
    at = len(SIGNATURE)
    while at < len(data):
        if len(chunks) >= MAX_CHUNKS:
            raise FormatError(f"The picture has more than {MAX_CHUNKS:,} chunks.", where=where)
        head = data[at : at + 8]
        if len(head) < 8:
            return Png(tuple(chunks), data[at:], "The picture is cut short between two chunks.")
        length, kind = struct.unpack(">I4s", head)
        missing = at + 12 + length - len(data)
        if missing > 0:
            note = f"The picture is cut short in chunk {_kind(kind)}: {missing:,} bytes are missing."
            return Png(tuple(chunks), data[at:], note)
        body, (crc,) = data[at + 8 : at + 8 + length], struct.unpack_from(">I", data, at + 8 + length)
        chunks.append(Chunk(kind, body, crc))
        at += 12 + length
        if kind == b"IEND":
            return Png(tuple(chunks), data[at:])
    return Png(tuple(chunks), b"", "The picture is cut short: its end is missing.")


def check_pixels(width: int, height: int, *, where: str = "") -> None:
    """Raises ``FormatError`` for more than ``MAX_PIXELS`` pixels: nothing behind us is to open such a picture."""
    if width * height > MAX_PIXELS:
        title = f"The picture claims {width:,} × {height:,} pixels; {MAX_PIXELS:,} are taken at most."
        raise FormatError(title, hint="Make it smaller.", where=where)


def write_png(png: Png) -> bytes:
    """The file again; equal to what was read where nothing was changed."""
    parts = [SIGNATURE]
    for chunk in png.chunks:
        parts += (struct.pack(">I", len(chunk.data)), chunk.kind, chunk.data, struct.pack(">I", chunk.crc))
    return b"".join((*parts, png.trailing))


def _kind(kind: bytes) -> str:
    return kind.decode("latin-1") if kind.isalpha() else kind.hex()


def _text(chunk: Chunk, where: str, limit: int) -> str:
    if len(chunk.data) > limit + _LONGEST_HEAD:
        raise _too_long(chunk, where, limit)
    _, _, rest = chunk.data.partition(b"\0")
    if chunk.kind == b"tEXt":
        return _bounded(rest, chunk, where, limit).decode("latin-1")
    if chunk.kind == b"zTXt":
        return _unpacked(rest[1:], chunk, where, limit).decode("latin-1")
    packed = rest[:1] == b"\x01"
    _, _, behind_language = rest[2:].partition(b"\0")
    _, _, text = behind_language.partition(b"\0")
    raw = _unpacked(text, chunk, where, limit) if packed else _bounded(text, chunk, where, limit)
    return raw.decode("utf-8", "replace")


def _bounded(raw: bytes, chunk: Chunk, where: str, limit: int) -> bytes:
    if len(raw) > limit:
        raise _too_long(chunk, where, limit)
    return raw


def _unpacked(packed: bytes, chunk: Chunk, where: str, limit: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise FormatError(f"The text “{chunk.keyword}” in this picture is damaged.", where=where) from None
    if len(raw) > limit:
        raise _too_long(chunk, where, limit)
    if not stream.eof:
        raise FormatError(f"The text “{chunk.keyword}” in this picture is cut short.", where=where)
    return raw


def _too_long(chunk: Chunk, where: str, limit: int) -> FormatError:
    return FormatError(f"The text “{chunk.keyword}” in this picture is longer than {limit:,} bytes.", where=where)
