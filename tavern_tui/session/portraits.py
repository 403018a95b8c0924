"""A character's picture as a few pixels: what a terminal shows of it in half-blocks.

Pillow draws it where it is installed (``pip install 'tavern-tui[pictures]'``); else a PNG of the usual kind is read by
``formats.png_pixels``. A card without a picture has no portrait; one that cannot be read has none either: it is told
where cards are listed. The picture is never written.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.errors import FormatError, TavernError
from tavern_tui.formats.picture import check_size, is_jpeg, is_webp
from tavern_tui.formats.png import SIGNATURE, check_pixels, read_png
from tavern_tui.formats.png_pixels import Pixel, Rows, small_pixels
from tavern_tui.storage.reading import read_bytes

MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Portrait:
    """Pixels row by row, an even number of rows: two make a line of half-blocks."""

    rows: Rows


def portrait(path: Path, columns: int, lines: int, *, ground: Pixel = (0, 0, 0)) -> Portrait | None:
    """The picture in the card at ``path``, ``columns`` × ``lines`` cells at most, its shape kept; ``None`` without one.

    Blocks for up to two seconds where Pillow is missing: for a thread.
    """
    try:
        data = read_bytes(path, MAX_BYTES)
        if not _is_picture(data):
            data = read_bytes(path.with_suffix(".png"), MAX_BYTES)  # a plain picture beside a card is its portrait
        return Portrait(_pixels(data, columns, lines, ground)) if _is_picture(data) else None
    except (TavernError, OSError):
        return None


def _is_picture(data: bytes) -> bool:
    return data.startswith(SIGNATURE) or is_jpeg(data) or is_webp(data)


def _pixels(data: bytes, columns: int, lines: int, ground: Pixel) -> Rows:
    png = read_png(data) if data.startswith(SIGNATURE) else None
    if png is not None:
        check_pixels(*png.size)
    else:
        check_size(data)
    try:
        from PIL import Image
    except ImportError:
        if png is None:
            raise FormatError("Pictures other than PNG are shown with Pillow.", hint="pip install pillow") from None
        width, height = _shape(png.size, columns, lines)
        return small_pixels(png, width, height, ground=ground)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
            size = _shape(opened.size, columns, lines)
            drawn = Image.new("RGBA", size, (*ground, 255))
            drawn.alpha_composite(opened.convert("RGBA").resize(size))
            flat = drawn.convert("RGB").tobytes()
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FormatError("The picture is damaged.", hint="Save it again as PNG.") from error
    pixels = list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    return [pixels[at : at + size[0]] for at in range(0, len(pixels), size[0])]


def _shape(size: tuple[int, int], columns: int, lines: int) -> tuple[int, int]:
    """Width and even height in pixels that fit, in the shape of ``size``: a cell is a pixel wide and two high."""
    width, height = max(1, size[0]), max(1, size[1])
    scale = min(columns / width, 2 * lines / height)
    return max(1, round(width * scale)), max(2, 2 * round(height * scale / 2))
