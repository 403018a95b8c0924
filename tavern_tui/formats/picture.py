"""JPEG and WebP without decoding them: how large they are, and the user comment that they carry as Exif.

Cards of the first programs travel in that comment. A picture that claims more pixels than any portrait has is refused
here, so that nothing behind it tries to open it. Formats: JPEG (ITU-T T.81) annex B, WebP container specification,
TIFF 6.0 §2, Exif 2.32 §4.6.5 (user comment).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.png import check_pixels

MAX_COMMENT = 16 * 1024 * 1024
JPEG = b"\xff\xd8\xff"
_MAX_PARTS, _MAX_FIELDS = 10_000, 1_000
_EXIF_FOLDER, _USER_COMMENT = 0x8769, 0x9286
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_ENCODINGS = (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", b"\0" * 8)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def is_webp(data: bytes) -> bool:
    """Whether the first bytes are those of a WebP picture."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def is_jpeg(data: bytes) -> bool:
    """Whether the first bytes are those of a JPEG picture."""
    return data.startswith(JPEG)


def check_size(data: bytes, *, where: str = "") -> None:
    """Raises ``FormatError`` for a JPEG or WebP that claims more pixels than ``png.MAX_PIXELS``."""
    check_pixels(*size_of(data), where=where)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, ``(0, 0)`` where the picture does not say. Never raises."""
    if is_jpeg(data):
        for marker, start, end in _jpeg_segments(data):
            if marker in _FRAMES and end - start >= 5:
                height, width = struct.unpack_from(">HH", data, start + 1)
                return width, height
    if is_webp(data):
        for kind, start, end in _webp_chunks(data):
            if kind == b"VP8X" and end - start >= 10:
                width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (start + 4, start + 7))
                return width, height
    return 0, 0


def user_comment(data: bytes, *, where: str = "") -> bytes | None:
    """The Exif user comment of a JPEG or WebP as UTF-8, or as it is where it says no encoding; ``None`` without one.

    Raises ``FormatError`` where it is longer than ``MAX_COMMENT`` or leads out of the picture.
    """
    first = next(_exif(data), None)
    return None if first is None else _comment(data[slice(*first)], where)


def _exif(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the picture's TIFF structures stand."""
    if is_jpeg(data):
        for marker, start, end in _jpeg_segments(data):
            if marker == 0xE1 and data[start : start + 6] == b"Exif\0\0":
                yield start + 6, end
    elif is_webp(data):
        for kind, start, end in _webp_chunks(data):
            if kind == b"EXIF":
                yield start + 6 * data[start:end].startswith(b"Exif\0\0"), end


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    at = 2
    for _ in range(_MAX_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in (0xD9, 0xDA):
            return
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if length < 2 or at + 2 + length > len(data):
                return
            yield marker, at + 4, at + 2 + length
            at += 2 + length


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            return
        kind, length = struct.unpack_from("<4sL", data, at)
        end = min(at + 8 + length, len(data))
        yield kind, at + 8, end
        at += 8 + length + length % 2


def _comment(tiff: bytes, where: str) -> bytes | None:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return None
    folder = _field(tiff, order, struct.unpack_from(f"{order}L", tiff, 4)[0], _EXIF_FOLDER)
    found = _field(tiff, order, folder[1], _USER_COMMENT) if folder else None
    if found is None or found[0] <= len(_ENCODINGS[0]):
        return None
    count, place = found
    if count > MAX_COMMENT:
        raise FormatError(f"The picture's comment is longer than {MAX_COMMENT:,} bytes.", where=where)
    if place + count > len(tiff):
        raise FormatError("The picture's comment is cut short.", hint="Copy it again.", where=where)
    encoding, text = tiff[place : place + 8], tiff[place + 8 : place + count]
    if encoding not in _ENCODINGS:
        return encoding + text
    if encoding.startswith(b"UNICODE"):
        return text.decode("utf-16-le" if text[1:2] == b"\0" else "utf-16-be", "replace").encode()
    return text


def _field(tiff: bytes, order: str, at: int, wanted: int) -> tuple[int, int] | None:
    """The first field numbered ``wanted`` of the folder at ``at``: its count and its value, or where that stands."""
    if at + 2 > len(tiff):
        return None
    number = min(struct.unpack_from(f"{order}H", tiff, at)[0], _MAX_FIELDS, (len(tiff) - at - 2) // 12)
    for place in range(at + 2, at + 2 + 12 * number, 12):
        tag, _, count, value = struct.unpack_from(f"{order}HHLL", tiff, place)
        if tag == wanted:
            return count, value
    return None
