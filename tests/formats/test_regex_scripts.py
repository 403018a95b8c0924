"""Regex scripts as SillyTavern exports them, and as cards bring them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.regex_script import Placement, RegexScript, SubstituteRegex
from tavern_tui.formats.card import read_card, write_card
from tavern_tui.formats.regex_scripts import MOST_SCRIPTS, card_scripts, read_scripts

EXPORTED: dict[str, Any] = {
    "id": "a91c5f3e-0f5e-4f2e-9a53-6d1c8f2f6c11",
    "scriptName": "Stars off",
    "findRegex": "/\\*(.+?)\\*/g",
    "replaceString": "$1",
    "trimStrings": ["!", ""],
    "placement": [1, 2],
    "disabled": False,
    "markdownOnly": True,
    "promptOnly": False,
    "runOnEdit": True,
    "substituteRegex": 2,
    "minDepth": None,
    "maxDepth": 4,
}


def one(**changes: Any) -> RegexScript:
    """The script of an exported file with changes."""
    (script,) = read_scripts(json.dumps({**EXPORTED, **changes}).encode()).scripts
    return script


def test_every_field_of_an_exported_script_is_read() -> None:
    assert one() == RegexScript(
        name="Stars off",
        find="/\\*(.+?)\\*/g",
        replace="$1",
        id="a91c5f3e-0f5e-4f2e-9a53-6d1c8f2f6c11",
        trim_strings=("!",),
        placement=frozenset({Placement.USER_INPUT, Placement.AI_OUTPUT}),
        markdown_only=True,
        run_on_edit=True,
        substitute=SubstituteRegex.ESCAPED,
        max_depth=4,
    )


def test_a_file_holds_one_script_or_a_list_in_its_order() -> None:
    listed = [{**EXPORTED, "scriptName": name} for name in ("b", "a")]
    assert [script.name for script in read_scripts(json.dumps(listed).encode()).scripts] == ["b", "a"]


def test_the_settings_of_sillytavern_are_a_file_of_its_scripts() -> None:
    settings = {"username": "Alex", "extension_settings": {"regex": [EXPORTED], "memory": {}}}
    assert read_scripts(json.dumps(settings).encode()).scripts == (one(),)
    with pytest.raises(FormatError):
        read_scripts(json.dumps({"extension_settings": {}}).encode())


def test_a_name_is_one_line_of_a_bounded_length() -> None:
    assert one(scriptName=" a\n b ").name == "a b"
    assert len(one(scriptName="x" * 10_000).name) == 100
    assert one(scriptName=" ").name == "unnamed script"


@pytest.mark.parametrize(("written", "read"), [(None, None), ("", None), (-1, None), (0, 0), ("3", 3)])
def test_a_depth_below_zero_or_none_is_no_limit(written: object, read: int | None) -> None:
    assert one(minDepth=written).min_depth == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (True, SubstituteRegex.RAW),
        (False, SubstituteRegex.NONE),
        (None, SubstituteRegex.NONE),
        (9, SubstituteRegex.NONE),
    ],
)
def test_macros_in_the_pattern_were_once_only_on_or_off(written: object, read: SubstituteRegex) -> None:
    assert one(substituteRegex=written).substitute is read


def test_the_first_versions_placement_for_the_screen_means_screen_and_prompt() -> None:
    alone = one(placement=[0], markdownOnly=False)
    assert alone.markdown_only
    assert alone.prompt_only
    assert Placement.AI_OUTPUT in alone.placement
    assert one(placement=[0, 1]).placement == {Placement.USER_INPUT}


def test_the_first_versions_sendas_placement_is_that_of_commands() -> None:
    assert one(placement=[4]).placement == {Placement.SLASH_COMMAND}


def test_placements_of_later_versions_are_left_out() -> None:
    assert one(placement=[2, 77]).placement == {Placement.AI_OUTPUT}


def test_a_script_that_cannot_be_read_is_named_and_the_others_stand() -> None:
    read = read_scripts(json.dumps([EXPORTED, {**EXPORTED, "placement": "all"}, EXPORTED]).encode(), where="x.json")
    assert len(read.scripts) == 2
    assert read.problems == ("Field 1.placement should be a list of numbers, and is the text “all”.",)


@pytest.mark.parametrize("written", [b"[]", b"{}", b'"x"', b"[1]", b"null", b"{", b"", b'{"name":"Mira","data":{}}'])
def test_a_file_without_any_script_is_refused_in_words(written: bytes) -> None:
    with pytest.raises(FormatError) as refused:
        read_scripts(written, where="x.json")
    assert "x.json" in refused.value.where


def test_a_list_is_read_up_to_its_bound() -> None:
    read = read_scripts(json.dumps([EXPORTED] * (MOST_SCRIPTS + 1)).encode())
    assert len(read.scripts) == MOST_SCRIPTS
    assert "1,001" in read.problems[0]


CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Mira",
        "extensions": {"regex_scripts": [{**EXPORTED, "x": {"y": [1]}}, {"scriptName": "bad"}, 7]},
    },
}


def test_a_card_brings_scripts_and_its_bad_ones_are_named() -> None:
    read = card_scripts(read_card(json.dumps(CARD).encode()))
    assert [script.name for script in read.scripts] == ["Stars off"]
    assert read.problems == (
        "Field extensions.regex_scripts.1.findRegex is missing: this is no regex script.",
        "Field extensions.regex_scripts.2 should be an object.",
    )


def test_a_cards_scripts_are_written_back_as_they_were_read() -> None:
    written = json.loads(write_card(read_card(json.dumps(CARD).encode())))
    assert written["data"]["extensions"]["regex_scripts"] == CARD["data"]["extensions"]["regex_scripts"]  # type: ignore[index]


def test_a_card_without_scripts_brings_none() -> None:
    assert card_scripts(read_card(b'{"name": "Mira", "description": "x"}')).scripts == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(list(EXPORTED)) | st.text(max_size=3), inner, max_size=5)
        ),
        max_leaves=20,
    )
)
def test_anything_in_a_file_is_read_or_refused_in_words(value: object) -> None:
    try:
        read = read_scripts(json.dumps(value).encode())
    except FormatError:
        return
    assert read.scripts
