"""Character cards of every family, as files of other programs hold them, and what is said of files that are none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.errors import FormatError, UnsoundError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.formats.card import read_card
from tavern_tui.formats.card_object import is_card
from tavern_tui.formats.png import read_png, write_png

V1 = {
    "name": "Mira",
    "description": "An innkeeper.",
    "personality": "dry",
    "scenario": "the inn",
    "first_mes": "*She nods.*",
    "mes_example": "<START>\n{{user}}: Hi",
}


def v2(**data: Any) -> dict[str, Any]:
    """A V2 card with these fields in ``data``."""
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**V1, **data}}


def read(card: Any) -> Character:
    """Read a card given as an object."""
    return read_card(json.dumps(card).encode(), where="mira.json")


def in_picture(picture: bytes, **texts: Any) -> bytes:
    """A PNG card; each text an object, or bytes to stand there as they are."""
    packed = {
        key: value if isinstance(value, bytes) else base64.b64encode(json.dumps(value).encode())
        for key, value in texts.items()
    }
    return write_png(read_png(picture).with_texts(packed))


def test_a_v1_card_is_read() -> None:
    card = read({**V1, "creatorcomment": "be kind", "tags": "inn, fantasy"})
    assert card.name == "Mira"
    assert card.description == "An innkeeper."
    assert card.greeting == "*She nods.*"
    assert card.example_dialogue == "<START>\n{{user}}: Hi"
    assert card.creator_notes == "be kind"
    assert card.tags == ("inn", "fantasy")


def test_a_v2_card_is_read_whole() -> None:
    card = read(
        v2(
            alternate_greetings=["Hello.", "Good evening."],
            system_prompt="{{original}} Be brief.",
            post_history_instructions="Stay in character.",
            creator_notes="notes",
            creator="someone",
            character_version=1.5,
            tags=["inn"],
            extensions={"depth_prompt": {"prompt": "She limps.", "depth": 2, "role": "assistant"}},
        )
    )
    assert card.greetings == ("*She nods.*", "Hello.", "Good evening.")
    assert card.system_prompt == "{{original}} Be brief."
    assert card.post_history_instructions == "Stay in character."
    assert (card.creator, card.version, card.tags) == ("someone", "1.5", ("inn",))
    assert card.note == CharacterNote("She limps.", 2, InjectionRole.ASSISTANT)


def test_data_wins_over_the_top_level_and_null_does_not() -> None:
    card = read({**v2(description="new", scenario=None), **V1, "description": "old", "scenario": "kept"})
    assert card.description == "new"
    assert card.scenario == "kept"


def test_a_v3_card_has_a_nickname_and_a_newer_version_is_accepted() -> None:
    card = read({**v2(nickname="Mi", group_only_greetings=[]), "spec": "chara_card_v3", "spec_version": "3.7"})
    assert (card.name, card.nickname) == ("Mira", "Mi")


def test_an_embedded_lorebook_is_active_at_once() -> None:
    book = {"entries": [{"keys": ["cellar"], "content": "It is locked.", "enabled": True, "insertion_order": 3}]}
    card = read(v2(character_book=book))
    assert card.lorebook is not None
    assert card.lorebook.name == "Mira's lorebook"
    assert card.lorebook.entries[0].keys == ("cellar",)
    assert card.lorebook.entries[0].enabled


def test_a_pygmalion_card_is_read() -> None:
    card = read({"char_name": "Mira", "char_persona": "dry", "char_greeting": "Hi", "world_scenario": "inn"})
    assert (card.name, card.description, card.greeting, card.scenario) == ("Mira", "dry", "Hi", "inn")


def test_a_yaml_card_of_text_generation_webui_is_read() -> None:
    card = read_card(b"name: Mira\ngreeting: |-\n  Hi.\n  Sit.\ncontext: An innkeeper.\n", where="mira.yaml")
    assert (card.name, card.greeting, card.description) == ("Mira", "Hi.\nSit.", "An innkeeper.")


def test_a_picture_s_v3_text_wins_over_its_v2_text(picture: bytes) -> None:
    data = in_picture(picture, chara=v2(name="Old"), ccv3={**v2(name="New"), "spec": "chara_card_v3"})
    assert read_card(data).name == "New"


def test_a_picture_whose_v3_text_is_damaged_is_refused_though_a_v2_text_is_there(picture: bytes) -> None:
    with pytest.raises(UnsoundError, match=r"\(ccv3\) is damaged: not base64"):
        read_card(in_picture(picture, ccv3=b"????", chara=v2(name="Old")), where="mira.png")


def test_base64_with_line_breaks_and_without_padding_is_read(picture: bytes) -> None:
    packed = base64.encodebytes(json.dumps(v2()).encode()).replace(b"=", b"")
    assert read_card(in_picture(picture, chara=packed)).name == "Mira"


def test_a_card_without_a_name_takes_the_file_s() -> None:
    assert read_card(json.dumps({**V1, "name": " "}).encode(), name="mira").name == "mira"
    with pytest.raises(FormatError, match="no name"):
        read({**V1, "name": ""})


def test_nuls_in_yaml_never_reach_a_text() -> None:
    assert read_card(b'name: "Mi\\0ra"\ncontext: x\n').name == "Mira"


def test_fields_of_a_wrong_kind_are_named() -> None:
    for data, field in (
        (v2(description=["x"]), "data.description"),
        (v2(alternate_greetings=[{"a": 1}]), "data.alternate_greetings.0"),
        (v2(extensions="x"), "data.extensions"),
        (v2(extensions={"depth_prompt": {"depth": "deep"}}), "data.extensions.depth_prompt.depth"),
        (v2(character_book={"entries": [{"keys": ["a"]}, 3]}), "data.character_book.entries.1"),
        (v2(character_book={"entries": [{"insertion_order": []}]}), "order"),
    ):
        with pytest.raises(FormatError) as caught:
            read(data)
        assert field in caught.value.title
        assert caught.value.where == "mira.json"


def test_a_plain_picture_says_so_in_the_fixed_words(picture: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        read_card(picture, where="mira.png")
    assert str(caught.value) == "mira.png: no character inside (a plain picture)."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\0\0\0\0", "empty"),
        (b"\xff\xd8\xff\xe0 jpeg", "JPEG"),
        (b"GIF89a", "GIF"),
        (b"RIFF....WEBP", "WebP"),
        (b"PK\x03\x04charx", "archive"),
        (b"GGUF\x03\0\0\0", "a model"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"just some words", "plain text"),
        (b"[1, 2]", "no character"),
        (b'{"entries": {}}', "lorebook"),
        (b'{"temperature": 1}', "none of a card's fields"),
        (b'{"spec": "chara_card_v2", "data": 3}', "data should be an object"),
    ],
)
def test_files_that_are_no_cards_are_recognised(data: bytes, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_card(data, where="x")
    assert words in caught.value.title


def test_a_truncated_picture_without_its_text_says_what_is_missing(picture: bytes) -> None:
    data = in_picture(picture, chara=v2())
    cut = data[: data.index(b"chara") + 20]
    with pytest.raises(FormatError, match=r"cut short in chunk tEXt: .* missing"):
        read_card(cut, where="mira.png")


def test_a_truncated_picture_with_its_text_is_refused_with_the_place(picture: bytes) -> None:
    with pytest.raises(UnsoundError, match=r"cut short between two chunks"):
        read_card(in_picture(picture, chara=v2())[:-6], where="mira.png")


def test_garbage_in_place_of_base64_names_the_text(picture: bytes) -> None:
    with pytest.raises(FormatError, match=r"\(chara\) is damaged: not base64") as caught:
        read_card(in_picture(picture, chara=b"!!!!"), where="mira.png")
    assert caught.value.where == "mira.png"


def test_a_json_fault_inside_a_picture_names_text_and_line(picture: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        read_card(in_picture(picture, chara=base64.b64encode(b'{"name":\n]')), where="mira.png")
    assert caught.value.where == "mira.png (chara):2"


def test_an_encrypted_card_says_whose_it_is(picture: bytes) -> None:
    with pytest.raises(FormatError, match="RisuAI"):
        read_card(in_picture(picture, chara=b"rcc||xyz"))


def test_a_card_nested_a_thousand_levels_deep_is_refused() -> None:
    with pytest.raises(FormatError, match="nested"):
        read_card(b'{"name": "x", "extensions": ' + b"[" * 1000 + b"]" * 1000 + b"}")


def test_a_megabyte_of_lorebook_is_an_honest_card(picture: bytes) -> None:
    entries = [{"keys": [f"k{n}"], "content": "x" * 4000, "enabled": True, "insertion_order": n} for n in range(400)]
    card = read_card(in_picture(picture, chara=v2(character_book={"entries": entries})))
    assert card.lorebook is not None
    assert len(card.lorebook.entries) == 400


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (V1, True),
        (v2(), True),
        ({"spec": "chara_card_v3", "data": {}}, True),
        ({"data": {"name": "Mira"}}, True),
        ({"char_name": "Mira"}, True),
        ({"bot": "Mira", "context": "x"}, True),
        ({"name": "Mira"}, False),
        ({"bot": "Mira", "user": "Alex", "context": "x", "turn_template": "y"}, False),
        ({"name": "Inn", "description": "x", "entries": {}}, False),
        ({"spec": "lorebook_v3", "data": {"name": "Inn", "entries": []}}, False),
        ({"type": "risu", "data": [{}]}, False),
        ([V1], False),
        ("Mira", False),
    ],
    ids=range(13),
)
def test_cards_are_told_from_other_objects_by_their_fields(value: object, is_one: bool) -> None:
    assert is_card(value) is is_one
