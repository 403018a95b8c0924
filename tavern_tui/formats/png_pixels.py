"""A PNG's pixels, a row at a time and made small, for a portrait of a few cells. No library is needed for it.

Rows are unpacked and unfiltered as they come, so that memory does not grow with the picture; those between the sampled
ones are read and forgotten. Interlaced pictures and depths other than 8 bits are refused: whoever wants them has a
library. Format: PNG specification (ISO 15948) §9 (filters), §11.2.2 (IHDR), §11.2.3 (PLTE), §11.3.2.1 (tRNS).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.png import Png

MAX_DECODED = 2_000_000
"""Pixels: what takes a second or two where no library helps."""

Pixel = tuple[int, int, int]
Rows = list[list[Pixel]]
"""Pixels row by row, each of red, green and blue from 0 to 255."""

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Bytes of a pixel by colour type: grey, RGB, palette, grey with alpha, RGB with alpha."""


def small_pixels(png: Png, width: int, height: int, *, where: str = "", ground: Pixel = (0, 0, 0)) -> Rows:
    """``png`` at ``width`` × ``height`` pixels, each the nearest one of the picture; what is clear shows ``ground``.

    Raises ``FormatError`` for a picture that cannot be shown without a library, and for a damaged one.
    """
    own_width, own_height, kind = _size(png, where)
    columns = [min(own_width - 1, (2 * x + 1) * own_width // (2 * width)) for x in range(width)]
    wanted = [min(own_height - 1, (2 * y + 1) * own_height // (2 * height)) for y in range(height)]
    pixel = _reader(png, kind, ground)
    found: Rows = []
    for number, row in enumerate(_rows(png, own_width, own_height, _SAMPLES[kind], where)):
        while len(found) < height and wanted[len(found)] == number:
            found.append([pixel(row, column) for column in columns])
        if len(found) == height:
            return found
    raise FormatError("The picture is cut short.", where=where, hint="Save it again as PNG.")


def _size(png: Png, where: str) -> tuple[int, int, int]:
    head = next((chunk.data for chunk in png.chunks if chunk.kind == b"IHDR"), b"")
    if len(head) < 13:
        raise FormatError("The picture has no size.", where=where, hint="Save it again as PNG.")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head[:13])
    if depth != 8 or kind not in _SAMPLES or interlaced or not width or not height:
        raise FormatError("That kind of PNG is shown with Pillow alone.", where=where, hint="pip install pillow")
    if width * height > MAX_DECODED:
        raise FormatError(
            "The picture is too large to be shown without Pillow.", where=where, hint="pip install pillow"
        )
    return width, height, kind


def _reader(png: Png, kind: int, ground: Pixel) -> Callable[[bytearray, int], Pixel]:
    """What gives the pixel in a column of an unfiltered row."""
    palette, clear = (
        next((chunk.data for chunk in png.chunks if chunk.kind == name), b"") for name in (b"PLTE", b"tRNS")
    )

    def over(pixel: Pixel, alpha: int) -> Pixel:
        red, green, blue = (
            (one * alpha + under * (255 - alpha)) // 255 for one, under in zip(pixel, ground, strict=True)
        )
        return red, green, blue

    def pixel(row: bytearray, x: int) -> Pixel:
        if kind == 2:
            return row[3 * x], row[3 * x + 1], row[3 * x + 2]
        if kind == 6:
            return over((row[4 * x], row[4 * x + 1], row[4 * x + 2]), row[4 * x + 3])
        if kind == 3:
            index = row[x]
            red, green, blue = palette[3 * index : 3 * index + 3].ljust(3, b"\0")
            return over((red, green, blue), clear[index] if index < len(clear) else 255)
        grey = row[x] if kind == 0 else row[2 * x]
        return (grey, grey, grey) if kind == 0 else over((grey, grey, grey), row[2 * x + 1])

    return pixel


def _rows(png: Png, width: int, height: int, samples: int, where: str) -> Iterator[bytearray]:
    """The unfiltered rows, at most ``height`` of them."""
    length = width * samples
    before = bytearray(length)
    waiting = b""
    unpack = zlib.decompressobj()
    for chunk in png.chunks:
        if chunk.kind != b"IDAT":
            continue
        data = chunk.data
        while data or unpack.unconsumed_tail:
            try:
                waiting += unpack.decompress(data or unpack.unconsumed_tail, 64 * (length + 1))
            except zlib.error as error:
                raise FormatError("The picture is damaged.", where=where, hint="Save it again as PNG.") from error
            data = unpack.unconsumed_tail
            while len(waiting) > length and height:
                kind, row = waiting[0], bytearray(waiting[1 : length + 1])
                waiting, height = waiting[length + 1 :], height - 1
                _unfilter(kind, row, before, samples, where)
                yield row
                before = row
            if not height:
                return


def _unfilter(kind: int, row: bytearray, before: bytearray, samples: int, where: str) -> None:
    """Turn a filtered ``row`` into its pixels, in place; ``before`` is the row above it."""
    if kind == 1:
        for at in range(samples, len(row)):
            row[at] = (row[at] + row[at - samples]) & 255
    elif kind == 2:
        row[:] = bytes([(one + above) & 255 for one, above in zip(row, before, strict=True)])
    elif kind == 3:
        for at in range(len(row)):
            left = row[at - samples] if at >= samples else 0
            row[at] = (row[at] + (left + before[at]) // 2) & 255
    elif kind == 4:
        _paeth(row, before, samples)
    elif kind:
        raise FormatError("The picture is damaged.", where=where, hint="Save it again as PNG.")


def _paeth(row: bytearray, before: bytearray, samples: int) -> None:
    for at in range(len(row)):
        left = row[at - samples] if at >= samples else 0
        corner = before[at - samples] if at >= samples else 0
        above = before[at]
        guess = left + above - corner
        to_left, to_above, to_corner = abs(guess - left), abs(guess - above), abs(guess - corner)
        nearest = left if to_left <= to_above and to_left <= to_corner else above if to_above <= to_corner else corner
        row[at] = (row[at] + nearest) & 255
