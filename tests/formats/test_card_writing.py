"""Cards on the way back: nothing that was read is lost, whatever was changed."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import InjectionRole, Lorebook, LoreEntry
from tavern_tui.formats.card import read_card, write_card, write_card_png
from tavern_tui.formats.card_object import from_object, to_object
from tavern_tui.formats.png import read_png

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
NAME = TEXT.map(str.strip).filter(bool)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
UNKNOWN = st.dictionaries(st.from_regex(r"x_[a-z]{1,5}", fullmatch=True), ANY_JSON, max_size=4)
CHARACTERS = st.builds(
    Character,
    name=NAME,
    description=TEXT,
    personality=TEXT,
    scenario=TEXT,
    greeting=TEXT,
    alternate_greetings=st.lists(TEXT.filter(bool), max_size=3).map(tuple),
    example_dialogue=TEXT,
    system_prompt=TEXT,
    post_history_instructions=TEXT,
    creator_notes=TEXT,
    creator=TEXT,
    version=TEXT,
    nickname=TEXT,
    tags=st.lists(TEXT.filter(bool), max_size=3, unique=True).map(tuple),
    note=st.builds(CharacterNote, TEXT, st.integers(0, 10_000), st.sampled_from(InjectionRole)),
    lorebook=st.none() | st.builds(Lorebook, NAME, st.just((LoreEntry(keys=("a",), content="b"),))),
)
PICTURE = io.BytesIO()
Image.new("RGB", (3, 3), "red").save(PICTURE, "png")


def same(one: Character, other: Character) -> bool:
    """Equal but for where they came from."""
    return replace(one, source={}) == replace(other, source={})


@given(CHARACTERS)
def test_a_written_card_reads_as_the_same_character(character: Character) -> None:
    assert same(read_card(write_card(character)), character)


@given(CHARACTERS)
def test_a_card_written_into_a_picture_reads_as_the_same_character(character: Character) -> None:
    assert same(read_card(write_card_png(character, PICTURE.getvalue())), character)


@given(CHARACTERS, UNKNOWN, UNKNOWN, UNKNOWN)
def test_unknown_fields_survive_at_every_level(
    character: Character, top: dict[str, Any], inner: dict[str, Any], extensions: dict[str, Any]
) -> None:
    source = {**to_object(character), **top}
    source["data"] = {**source["data"], **inner}
    source["data"]["extensions"] = {**source["data"]["extensions"], **extensions}
    changed = replace(from_object(source), description="changed", note=CharacterNote("new", 1))
    written = to_object(changed)
    assert top.items() <= written.items()
    assert inner.items() <= written["data"].items()
    assert extensions.items() <= written["data"]["extensions"].items()
    assert written["data"]["description"] == "changed"
    assert written["data"]["extensions"]["depth_prompt"]["prompt"] == "new"


@given(CHARACTERS, CHARACTERS)
def test_any_change_is_written(before: Character, after: Character) -> None:
    read = read_card(write_card(before))
    assert same(read_card(write_card(replace(after, source=read.source))), after)


def test_an_untouched_v2_card_keeps_every_written_form_that_the_rules_allow() -> None:
    source = {
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "name": "Other name at the top",
        "talkativeness": "0.5",
        "data": {
            "name": "Mira",
            "character_version": 1.0,
            "tags": "inn, fantasy",
            "creator_notes": None,
            "extensions": {"fav": False, "depth_prompt": {"prompt": "x", "depth": "3", "role": "system", "z": 1}},
            "character_book": {"entries": [{"keys": "a, b", "content": "c", "enabled": True, "insertion_order": "7"}]},
        },
    }
    written = to_object(from_object(source))
    assert written["name"] == "Other name at the top"
    assert written["talkativeness"] == "0.5"
    data = written["data"]
    assert data["extensions"] == source["data"]["extensions"]  # type: ignore[index]
    assert (data["character_version"], data["tags"], data["creator_notes"]) == ("1.0", ["inn", "fantasy"], "")
    (entry,) = data["character_book"]["entries"]
    assert (entry["keys"], entry["content"], entry["insertion_order"]) == (["a", "b"], "c", 7)


def test_a_v1_card_becomes_the_hybrid_and_keeps_its_own_keys() -> None:
    card = from_object({"name": "Mira", "first_mes": "Hi", "avatar": "none", "own": [1]})
    written = to_object(card)
    assert (written["spec"], written["spec_version"]) == ("chara_card_v2", "2.0")
    assert (written["first_mes"], written["data"]["first_mes"]) == ("Hi", "Hi")
    assert (written["avatar"], written["own"]) == ("none", [1])
    required = "name description personality scenario first_mes mes_example creator_notes system_prompt "
    required += "post_history_instructions alternate_greetings tags creator character_version extensions"
    assert set(required.split()) <= written["data"].keys()


def test_a_pygmalion_card_becomes_the_hybrid_and_keeps_its_own_keys() -> None:
    written = to_object(from_object({"char_name": "Mira", "char_persona": "dry", "more": 1}))
    assert written["data"]["description"] == "dry"
    assert (written["char_persona"], written["more"]) == ("dry", 1)


def test_a_picture_gets_both_texts_and_v3_has_what_it_requires() -> None:
    book = Lorebook("b", (LoreEntry(keys=("a",)), LoreEntry(uid=1, keys=("/x/i",))))
    png = read_png(write_card_png(Character("Mira", lorebook=book), PICTURE.getvalue()))
    v2, v3 = (json.loads(base64.b64decode(next(png.texts(key)))) for key in ("chara", "ccv3"))
    assert (v2["spec"], v2["spec_version"]) == ("chara_card_v2", "2.0")
    assert (v3["spec"], v3["spec_version"]) == ("chara_card_v3", "3.0")
    assert v3["data"]["group_only_greetings"] == []
    assert [entry["use_regex"] for entry in v3["data"]["character_book"]["entries"]] == [False, True]


def test_a_newer_v3_keeps_its_version() -> None:
    card = from_object({"spec": "chara_card_v3", "spec_version": "3.2", "data": {"name": "Mira", "assets": [{"a": 1}]}})
    written = to_object(card)
    assert (written["spec"], written["spec_version"]) == ("chara_card_v3", "3.2")
    assert written["data"]["assets"] == [{"a": 1}]


def test_a_card_cannot_be_written_into_something_else() -> None:
    with pytest.raises(FormatError, match="not a PNG"):
        write_card_png(Character("Mira"), b"GIF89a", where="mira.gif")
