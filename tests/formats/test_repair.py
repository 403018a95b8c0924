"""Files that are refused for what cannot be kept of them: the sound copy, and what it tells."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tavern_tui.domain.errors import UnsoundError
from tavern_tui.formats.card import Container, read_card, read_card_file
from tavern_tui.formats.charx import CARD_JSON
from tavern_tui.formats.lorebook import read_lorebook
from tavern_tui.formats.png import read_png, write_png
from tavern_tui.formats.repair import repaired
from tavern_tui.formats.zip_archive import read_archive

CORPUS = Path(__file__).parent / "corpus"
ODD = '{"spec": "chara_card_v2", "data": {"name": "Mira", %s}}'


@pytest.mark.parametrize("path", sorted((CORPUS / "cards").iterdir()), ids=lambda path: path.name)
def test_a_sound_card_is_left_as_it_is(path: Path) -> None:
    assert repaired(path.read_bytes()) == (path.read_bytes(), ())


@pytest.mark.parametrize(
    ("extra", "left", "told"),
    [
        ('"x": 1, "x": 2', {"x": 2}, "The last one counts."),
        ('"x": NaN', {"x": None}, "It is read as nothing."),
        ('"x": "a\\u0000b"', {"x": "ab"}, "It is left out."),
    ],
    ids=["twice", "nan", "nul"],
)
def test_json_is_read_as_other_programs_do_and_the_place_is_told(
    extra: str, left: dict[str, object], told: str
) -> None:
    data = (ODD % extra).encode()
    with pytest.raises(UnsoundError, match=r"^“data\.x” "):
        read_card_file(data)
    sound, (remark,) = repaired(data)
    assert (remark.place, remark.text.endswith(told)) == ("data.x", True)
    assert json.loads(sound)["data"] == {"name": "Mira", **left}
    assert read_card(sound).name == "Mira"


def test_a_wrong_checksum_is_made_right_and_every_chunk_stays() -> None:
    data = bytearray((CORPUS / "cards" / "v1.png").read_bytes())
    data[data.index(b"IDAT") + 6] ^= 1
    with pytest.raises(UnsoundError, match="checksum of chunk IDAT"):
        read_card(bytes(data))
    sound, (remark,) = repaired(bytes(data))
    assert remark.text == "The checksum of chunk IDAT does not fit."
    assert [(one.kind, one.data) for one in read_png(sound).chunks] == [
        (one.kind, one.data) for one in read_png(bytes(data)).chunks
    ]
    assert read_card(sound) == read_card((CORPUS / "cards" / "v1.png").read_bytes())


def test_a_picture_that_is_cut_short_behind_its_card_gets_an_end() -> None:
    data = (CORPUS / "cards" / "v1.png").read_bytes()
    sound, _ = repaired(data[:-6])
    assert sound == data


def test_the_older_card_takes_the_place_of_a_broken_newer_one() -> None:
    png = read_png((CORPUS / "cards" / "disagreeing.png").read_bytes())
    older = json.dumps(json.loads(base64.b64decode(next(png.texts("chara"))))).encode()
    broken = write_png(png.with_texts({"ccv3": b"????", "chara": base64.b64encode(older)}))
    sound, (remark,) = repaired(broken)
    assert remark.place == "ccv3"
    assert [*read_png(sound).texts("ccv3")] == []
    assert read_card(sound) == read_card(older)


def test_the_card_of_an_archive_is_repaired_and_its_other_members_stay() -> None:
    archive = read_archive((CORPUS / "cards" / "plain.charx").read_bytes())
    odd = archive.with_members({CARD_JSON: (ODD % '"x": NaN').replace("v2", "v3").encode()})
    with pytest.raises(UnsoundError) as caught:
        read_card(odd, where="mira.charx")
    assert caught.value.where == "mira.charx (card.json)"
    sound, _ = repaired(odd)
    assert (read_card_file(sound).container, read_card(sound).name) == (Container.CHARX, "Mira")


def test_a_lorebook_is_repaired_like_any_json() -> None:
    data = b'{"entries": {"0": {"uid": 0, "key": ["a"], "key": ["b"], "content": "x"}}}'
    sound, (remark,) = repaired(data)
    assert remark.place == "entries.0.key"
    assert read_lorebook(sound).entries[0].keys == ("b",)


@pytest.mark.parametrize("data", [b"", b'{"a": ', b"\x89PNG\r\n\x1a\n", b"just words", b"PK\3\4"])
def test_what_is_beyond_repair_is_left_to_its_reader(data: bytes) -> None:
    assert repaired(data) == (data, ())
