"""JPEG and WebP, undecoded: sizes and user comments as another program writes them, and as nobody should."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.picture import MAX_COMMENT, check_size, size_of, user_comment


def saved(kind: str, comment: bytes | None = None, size: tuple[int, int] = (5, 7)) -> bytes:
    """A picture with that user comment."""
    exif = Image.Exif()
    if comment is not None:
        exif.get_ifd(0x8769)[0x9286] = comment
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind, exif=exif)
    return out.getvalue()


def jpeg_with(tiff: bytes) -> bytes:
    """A JPEG of nothing but that Exif."""
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff


def tiff_of(order: str, count: int, content: bytes) -> bytes:
    """The least Exif with a user comment of ``count`` bytes."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}L", 8)
    first = struct.pack(f"{order}HHHLLL", 1, 0x8769, 4, 1, 26, 0)
    return head + first + struct.pack(f"{order}HHHLLL", 1, 0x9286, 7, count, 44, 0) + content


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (b"ASCII\0\0\0hello", b"hello"),
        (b"\0\0\0\0\0\0\0\0hello", b"hello"),
        (b"UNICODE\0" + "hé".encode("utf-16-le"), "hé".encode()),
        (b"UNICODE\0" + "hé".encode("utf-16-be"), "hé".encode()),
        (b'{"name": "Mira"}', b'{"name": "Mira"}'),
    ],
    ids=["ascii", "none", "little", "big", "bare"],
)
def test_the_user_comment_is_read_in_every_encoding(kind: str, comment: bytes, text: bytes) -> None:
    assert user_comment(saved(kind, comment)) == text


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_both_orders_of_bytes_are_read(order: str) -> None:
    assert user_comment(jpeg_with(tiff_of(order, 13, b"ASCII\0\0\0hello"))) == b"hello"


def test_a_picture_without_a_comment_has_none() -> None:
    assert user_comment(saved("jpeg")) is None
    assert user_comment(saved("webp")) is None
    assert user_comment(b"\xff\xd8\xff") is None


@pytest.mark.parametrize(("count", "words"), [(MAX_COMMENT + 1, "longer"), (1000, "cut short")], ids=["long", "cut"])
def test_a_comment_that_leads_out_of_the_picture_is_refused(count: int, words: str) -> None:
    with pytest.raises(FormatError, match=words) as refused:
        user_comment(jpeg_with(tiff_of("<", count, b"ASCII\0\0\0hello")), where="x.jpg")
    assert refused.value.where == "x.jpg"


def test_sizes_are_told_without_decoding() -> None:
    assert size_of(saved("jpeg")) == (5, 7)
    assert size_of(saved("webp", b"ASCII\0\0\0x")) == (5, 7)
    assert size_of(b"no picture") == (0, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xc0\x00\x08\x08\xff\xff\xff\xff\x03",
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff",
    ],
    ids=["jpeg", "webp"],
)
def test_a_picture_that_claims_too_many_pixels_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="pixels"):
        check_size(data)
