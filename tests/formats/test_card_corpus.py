"""Every card of the corpus: read, changed, written, exported; nothing lost, and accepted by the V2 and V3 rules."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tavern_tui.formats.card import CardFile, Container, read_card, read_card_file, write_card_file
from tavern_tui.formats.card_export import to_charx, to_json, to_png
from tavern_tui.formats.charx import CARD_JSON
from tavern_tui.formats.png import read_png
from tests.formats.card_reading import acting, change_and_read, read_write_read
from tests.formats.card_spec import v2_faults, v3_faults

CORPUS = Path(__file__).parent / "corpus" / "cards"
FILES = sorted(path.name for path in CORPUS.iterdir())


def read(name: str) -> CardFile:
    """One card of the corpus."""
    return read_card_file((CORPUS / name).read_bytes(), where=name)


def texts_of(png: bytes) -> dict[str, Any]:
    """The cards in a picture, by keyword."""
    found = read_png(png)
    return {key: json.loads(base64.b64decode(next(found.texts(key)))) for key in ("chara", "ccv3")}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of an object that is no object or list, with its path."""
    if isinstance(value, (dict, list)) and value:
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in inner:
            yield from leaves(part, (*path, str(key)))
    else:
        yield path, value


@pytest.mark.parametrize("name", FILES)
def test_a_card_of_the_corpus_is_the_same_after_reading_writing_and_changing(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    read_write_read(data)
    change_and_read(data)


@pytest.mark.parametrize("name", FILES)
def test_what_is_exported_keeps_to_the_rules_of_v2_and_v3_and_is_the_same_card(name: str) -> None:
    file = read(name)
    png, charx, as_json = (export(file)[0] for export in (to_png, to_charx, to_json))
    texts, card = texts_of(png), json.loads(as_json)
    assert v2_faults(texts["chara"]) == []
    assert v3_faults(texts["ccv3"]) == []
    assert (v3_faults if card["spec"] == "chara_card_v3" else v2_faults)(card) == []
    with zipfile.ZipFile(io.BytesIO(charx)) as archive:
        assert archive.testzip() is None
        assert v3_faults(json.loads(archive.read(CARD_JSON))) == []
    for data in (png, charx, as_json):
        assert replace(acting(read_card(data)), assets=()) == replace(acting(file.character), assets=())


@pytest.mark.parametrize("name", sorted({*FILES} - {"loose.json", "risuai-module.charx"}))
def test_every_field_that_was_read_is_written(name: str) -> None:
    file = read(name)
    changed = replace(file.character, description="Changed.")
    written = dict(leaves(json.loads(to_json(replace(file, character=changed))[0])))
    unlike = {path: value for path, value in leaves(dict(file.character.source)) if written.get(path, ...) != value}
    ours = {("description",), ("data", "description"), ("spec",), ("spec_version",)}
    assert {path: value for path, value in unlike.items() if path not in ours} == {}


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".png")])
def test_a_changed_picture_keeps_every_chunk_but_the_card(name: str) -> None:
    file = read(name)
    before = read_png(file.data)
    after = read_png(write_card_file(file, replace(file.character, description="Changed.")))
    cards = ("chara", "ccv3")
    assert [c for c in after.chunks if c.keyword not in cards] == [c for c in before.chunks if c.keyword not in cards]
    assert {
        texts["data"]["description"]
        for texts in texts_of(write_card_file(file, replace(file.character, description="X"))).values()
    } == {"X"}


@pytest.mark.parametrize("name", ["plain.charx", "streamed.charx", "behind-a-jpeg.jpg", "risuai-module.charx"])
def test_a_changed_archive_keeps_every_other_member_as_it_was_packed(name: str) -> None:
    file = read(name)
    after = write_card_file(file, replace(file.character, description="Changed."))
    with zipfile.ZipFile(io.BytesIO(file.data)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        assert (new.testzip(), new.comment) == (None, old.comment)
        kept = [one for one in old.infolist() if one.filename != CARD_JSON]
        for one in kept:
            same = new.getinfo(one.filename)
            assert (same.date_time, same.compress_type, same.external_attr, same.extra, same.CRC) == (
                *(one.date_time, one.compress_type, one.external_attr, one.extra, one.CRC),
            )
        assert [one.filename for one in new.infolist()] == [one.filename for one in old.infolist()]
    assert after[: file.data.index(b"PK\3\4")] == file.data[: file.data.index(b"PK\3\4")]


def test_a_moving_picture_still_moves() -> None:
    file = read("animated.png")
    with Image.open(io.BytesIO(write_card_file(file, replace(file.character, description="Changed.")))) as picture:
        assert getattr(picture, "n_frames", 1) == 2


def test_every_field_of_v3_is_read() -> None:
    card = read("v3.json").character
    assert (card.nickname, card.created, card.modified) == ("Tam", 1_700_000_000, 1_700_000_100)
    assert card.group_only_greetings == ("*She nods to all of you.*",)
    assert card.notes_by_language == {"de": "Für lange Nächte.", "ja": "長い夜に"}
    assert card.origins == ("https://example.org/tamsin", "own:1")
    assert [(one.kind, one.name, one.ext) for one in card.assets] == [
        ("icon", "main", "png"),
        ("emotion", "smile", "png"),
        ("background", "main", "webp"),
        ("x_own", "hi", "unknown"),
    ]


def test_v3_s_text_wins_and_what_only_the_other_says_stays_in_the_other() -> None:
    file = read("disagreeing.png")
    assert file.character.description == "{{char}} keeps the lighthouse."
    texts = texts_of(write_card_file(file, replace(file.character, description="New.")))
    assert texts["chara"]["data"]["description"] == texts["ccv3"]["data"]["description"] == "New."
    assert texts["chara"]["data"]["extensions"]["only_in_chara"] == [1]
    assert texts["chara"]["left"] == "kept"
    assert "only_in_chara" not in texts["ccv3"]["data"]["extensions"]


def test_decorators_stay_in_v3_s_text_and_leave_v2_s() -> None:
    texts = texts_of(to_png(read("v3.json"))[0])
    assert texts["ccv3"]["data"]["character_book"]["entries"][2]["content"].startswith("@@depth 2\n@@role user\n")
    assert texts["chara"]["data"]["character_book"]["entries"][2]["content"] == "The storm is old."


def test_the_lorebook_of_a_risuai_module_counts_until_it_is_changed() -> None:
    file = read("risuai-module.charx")
    book = file.character.lorebook
    assert book is not None
    assert [entry.comment for entry in book.entries] == ["gulls", "always"]
    same = read_card_file(write_card_file(file, replace(file.character, description="Changed.")))
    assert same.character.lorebook == book
    shorter = replace(file.character, lorebook=replace(book, entries=book.entries[:1]))
    changed = read_card_file(write_card_file(file, shorter))
    assert changed.character.lorebook is not None
    assert [entry.content for entry in changed.character.lorebook.entries] == ["The gulls know her."]
    assert [remark.place for remark in changed.remarks] == ["module.risum"]


def test_assets_go_from_a_picture_to_an_archive_and_back_with_their_addresses() -> None:
    archive = read_card_file(to_charx(read("risuai.png"))[0])
    smile = next(one for one in archive.character.assets if one.name == "smile")
    assert smile.uri == "embeded://assets/emotion/images/smile.png"
    assert archive.character.source["data"]["extensions"]["risuai"]["emotions"] == [["smile", smile.uri]]
    picture = read_card_file(to_png(archive)[0])
    back = next(one for one in picture.character.assets if one.name == "smile")
    assert back.uri == "__asset:assets/emotion/images/smile.png"
    keyword = f"chara-ext-asset_:{back.uri.removeprefix('__asset:')}"
    first = next(read_png((CORPUS / "risuai.png").read_bytes()).texts("chara-ext-asset_:0"))
    assert next(read_png(picture.data).texts(keyword)) == first


def test_what_json_has_no_place_for_is_told() -> None:
    remarks = to_json(read("risuai.png"))[1]
    assert [(one.place, "stay" in one.text) for one in remarks] == [("picture", True), ("0", True), ("1", True)]


def test_a_book_that_a_module_s_stood_for_is_told_when_it_stays_behind() -> None:
    remarks = to_json(read("risuai-module.charx"))[1]
    assert [one.place for one in remarks][-1] == "character_book"


def test_an_entry_s_id_that_is_a_text_makes_a_card_v3_and_v2_s_text_goes_without() -> None:
    texts = texts_of(to_png(read("v3.json"))[0])
    ids = [[entry.get("id") for entry in text["data"]["character_book"]["entries"]] for text in texts.values()]
    assert ids == [[1, None, None], [1, None, "s1"]]
    card = json.loads((CORPUS / "v2.json").read_bytes())
    card["data"]["character_book"]["entries"][0]["id"] = "one"
    assert json.loads(to_json(read_card_file(json.dumps(card).encode()))[0])["spec"] == "chara_card_v3"


def test_a_card_without_a_png_of_its_own_gets_a_plain_one_and_says_so() -> None:
    data, remarks = to_png(read("exif.webp"))
    assert [one.place for one in remarks] == ["picture"]
    assert read_card_file(data).container is Container.PNG
