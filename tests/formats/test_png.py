"""PNG chunks: read, kept byte for byte, and texts with limits."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.png import SIGNATURE, Chunk, read_png, write_png

IEND = Chunk.of(b"IEND", b"")


def png_of(*chunks: Chunk) -> bytes:
    """A file of these chunks alone."""
    parts = [struct.pack(">I", len(c.data)) + c.kind + c.data + struct.pack(">I", c.crc) for c in chunks]
    return SIGNATURE + b"".join(parts)


def text_of(data: bytes, keyword: str = "chara") -> str:
    """The first text under a keyword."""
    return next(read_png(data).texts(keyword))


def test_a_picture_is_written_back_byte_for_byte(picture: bytes) -> None:
    assert write_png(read_png(picture)) == picture


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=40), st.integers(0, 2**32 - 1))))
def test_unknown_chunks_wrong_checksums_and_what_trails_survive(chunks: list[tuple[bytes, bytes, int]]) -> None:
    data = png_of(*(Chunk(*chunk) for chunk in chunks), IEND) + b"trailing"
    assert write_png(read_png(data)) == data


@given(st.data())
def test_a_truncated_picture_is_written_back_too(data: st.DataObject) -> None:
    whole = png_of(Chunk.of(b"IHDR", b"x" * 13), Chunk.of(b"tEXt", b"chara\0aGk="), IEND)
    cut = whole[: data.draw(st.integers(len(SIGNATURE), len(whole) - 1))]
    png = read_png(cut)
    assert png.cut_short
    assert write_png(png) == cut


def test_the_three_kinds_of_text_are_read_as_another_program_wrote_them() -> None:
    info = PngInfo()
    info.add_text("plain", "caf\xe9")
    info.add_text("packed", "b" * 1000, zip=True)
    info.add_itxt("international", "日本", "ja", "key")
    info.add_itxt("both", "日本" * 100, zip=True)
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "png", pnginfo=info)
    assert text_of(out.getvalue(), "plain") == "caf\xe9"
    assert text_of(out.getvalue(), "PACKED") == "b" * 1000
    assert text_of(out.getvalue(), "international") == "日本"
    assert text_of(out.getvalue(), "both") == "日本" * 100


def test_new_texts_stand_before_the_end_and_replace_older_ones(picture: bytes) -> None:
    once = read_png(picture).with_texts({"chara": b"one", "ccv3": b"two"})
    twice = read_png(write_png(once)).with_texts({"Chara": b"three"})
    assert [c.kind for c in twice.chunks][-3:] == [b"tEXt", b"tEXt", b"IEND"]
    assert list(twice.texts("chara")) == ["three"]
    assert list(twice.texts("ccv3")) == ["two"]
    assert all(chunk.sound for chunk in twice.chunks)


def test_pixels_and_other_chunks_stay_untouched_by_new_texts(picture: bytes) -> None:
    before = read_png(picture)
    after = read_png(write_png(before.with_texts({"chara": b"x"})))
    assert [c for c in after.chunks if c.kind != b"tEXt"] == list(before.chunks)
    Image.open(io.BytesIO(write_png(after))).verify()


def test_a_wrong_checksum_is_reported_and_nothing_is_lost() -> None:
    good = Chunk.of(b"tEXt", b"chara\0aGk=")
    png = read_png(png_of(Chunk(good.kind, good.data, good.crc ^ 1), IEND))
    assert png.problems == ("The checksum of chunk tEXt does not fit.",)
    assert list(png.texts("chara")) == ["aGk="]


def test_a_chunk_that_claims_200_megabytes_is_missing_bytes_and_takes_no_memory() -> None:
    data = SIGNATURE + struct.pack(">I", 200_000_000) + b"tEXtchara\0"
    assert "199,999,994 bytes are missing" in read_png(data + b"\0\0\0\0").cut_short


def test_a_compressed_bomb_is_refused() -> None:
    bomb = zlib.compress(b"0" * 50_000_000)
    data = png_of(Chunk.of(b"zTXt", b"chara\0\0" + bomb), IEND)
    with pytest.raises(FormatError, match="longer than"):
        text_of(data)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"zTXt", b"chara\0\0" + zlib.compress(b"x" * 100)[:-8]),
        (b"zTXt", b"chara\0\0not zlib"),
        (b"zTXt", b"chara"),
        (b"iTXt", b"chara\0\x01\0\0\0broken"),
        (b"iTXt", b"chara\0\x01"),
    ],
)
def test_a_damaged_compressed_text_is_a_format_error(kind: bytes, body: bytes) -> None:
    with pytest.raises(FormatError):
        text_of(png_of(Chunk.of(kind, body), IEND))


def test_bytes_that_are_no_png_are_refused() -> None:
    with pytest.raises(FormatError, match="not a PNG"):
        read_png(b"\xff\xd8\xff\xe0", where="mira.png")


def test_a_picture_of_too_many_chunks_is_refused() -> None:
    with pytest.raises(FormatError, match="chunks"):
        read_png(SIGNATURE + struct.pack(">I4sI", 0, b"aaAa", 0) * 20_001)
