"""A PNG's pixels without a library: the same that Pillow sees."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.png import Chunk, Png, read_png, write_png
from tavern_tui.formats.png_pixels import small_pixels


def picture(mode: str, size: tuple[int, int] = (37, 23)) -> bytes:
    """A picture of noise and of even stretches, so that a writer uses every filter."""
    dice = random.Random(mode)
    image = Image.new("RGBA", size)
    for x in range(size[0]):
        for y in range(size[1]):
            even = (x * 5 % 256, y * 9 % 256, (x + y) % 256, 255 - 3 * y)
            noise = (dice.randrange(256), dice.randrange(256), x % 256, dice.randrange(256))
            image.putpixel((x, y), noise if y % 4 == 3 else even)
    stream = io.BytesIO()
    image.convert(mode).save(stream, "PNG", optimize=True)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_pixels_are_those_that_a_library_sees(mode: str) -> None:
    data = picture(mode)
    with Image.open(io.BytesIO(data)) as opened:
        over = Image.new("RGBA", opened.size, (0, 0, 0, 255))
        over.alpha_composite(opened.convert("RGBA"))
        expected = over.convert("RGB")
    found = small_pixels(read_png(data), 12, 8)
    for y, row in enumerate(found):
        for x, pixel in enumerate(row):
            wanted = expected.getpixel(((2 * x + 1) * 37 // 24, (2 * y + 1) * 23 // 16))
            assert isinstance(wanted, tuple)
            assert max(abs(one - other) for one, other in zip(pixel, wanted, strict=True)) <= 1


def test_a_picture_cut_anywhere_or_damaged_is_refused_by_name() -> None:
    data = picture("RGB")
    whole = read_png(data)
    for size in range(60, len(data) - 20, 97):
        with pytest.raises(FormatError):
            small_pixels(read_png(data[:size]), 12, 8, where="mira.png")
    chunks = tuple(Chunk.of(c.kind, b"\x78\x9c" + b"\xff" * 40) if c.kind == b"IDAT" else c for c in whole.chunks)
    with pytest.raises(FormatError):
        small_pixels(Png(chunks), 12, 8)


def test_a_picture_that_would_take_long_is_not_begun() -> None:
    head = Chunk.of(b"IHDR", b"\x00\x00\x40\x00\x00\x00\x40\x00\x08\x02\x00\x00\x00")
    huge = read_png(write_png(Png((head, Chunk.of(b"IEND", b"")))))
    with pytest.raises(FormatError, match="too large to be shown"):
        small_pixels(huge, 12, 8)
