"""A card as a form: what is not touched stays as it was, what is changed is changed, a slip is told with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.errors import FormatError, SettingsError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.formats.card import read_card
from tavern_tui.formats.card_object import to_object
from tavern_tui.session.card_form import form_of, read_form, with_fields

CARDS = Path(__file__).parents[1] / "formats" / "corpus" / "cards"


def card(name: str = "v3.json") -> Character:
    """A card of the corpus."""
    return read_card((CARDS / name).read_bytes())


@pytest.mark.parametrize("name", ["v1.json", "v3.json", "risuai.json", "textgen.yaml", "loose.json"])
@pytest.mark.parametrize("as_json", [False, True], ids=["yaml", "json"])
def test_a_form_that_nobody_changed_gives_the_card_itself(name: str, as_json: bool) -> None:
    one = card(name)
    assert read_form(form_of(one, as_json=as_json), one) is one


def test_a_form_says_every_field_and_long_texts_as_blocks() -> None:
    form = form_of(card())
    assert "\nname: Tamsin\n" in form
    assert "\nmes_example: |-\n  <START>\n  {{user}}: Hi\n" in form
    assert "\nextensions:\n  own_tool:\n" in form
    assert form.startswith("# Tamsin: every field")


def test_a_changed_field_is_changed_wherever_the_card_keeps_it() -> None:
    one = card("sillytavern.json")
    changed = read_form(form_of(one).replace("name: Tamsin", "name: Tess").replace("- calm", "- wild"), one)
    assert (changed.name, changed.tags) == ("Tess", ("lighthouse", "wild"))
    written = to_object(changed)
    assert (written["name"], written["data"]["name"]) == ("Tess", "Tess")
    assert written["create_date"] == one.source["create_date"]


def test_a_field_that_the_program_does_not_know_can_be_changed_and_taken_out() -> None:
    one = card()
    data = json.loads(form_of(one, as_json=True))
    data["extensions"] = {"other": 1}
    changed = read_form(json.dumps(data), one)
    assert to_object(changed)["data"]["extensions"] == {"other": 1}


@pytest.mark.parametrize(
    ("form", "words", "where"),
    [
        ("name: Mira\nname: Tess\n", "given twice", "mine:2"),
        ("- a\n- b\n", "no fields", "mine"),
        ("{", "not JSON", "mine:1"),
        ("name: Mira\ntags: {a: 1}\n", "data.tags", "mine"),
        ("description: nobody\n", "no name", "mine"),
    ],
    ids=["twice", "list", "json", "kind", "nameless"],
)
def test_a_form_that_cannot_be_read_says_where(form: str, words: str, where: str) -> None:
    with pytest.raises(FormatError) as wrong:
        read_form(form, card(), where="mine")
    assert words in wrong.value.title
    assert wrong.value.where == where


def test_single_fields_are_set_by_our_words_and_by_the_card_s() -> None:
    changed = with_fields(
        card(),
        {
            "greeting": "yes",
            "example_dialogue": "",
            "tags": "inn , night",
            "alternate_greetings": '["One", "Two"]',
            "alternate_greetings.+": "Three",
            "alternate_greetings.0": "First",
            "note": "Tired.",
            "note.depth": "2",
            "note.role": "user",
            "favourite": "true",
            "extensions.own_tool.deep": "[1]",
            "data.version": "2",
            "nickname": "007",
        },
    )
    assert (changed.greeting, changed.example_dialogue, changed.nickname) == ("yes", "", "007")
    assert changed.tags == ("inn", "night")
    assert changed.alternate_greetings == ("First", "Two", "Three")
    assert changed.note == CharacterNote("Tired.", 2, InjectionRole.USER)
    assert (changed.favourite, changed.version) == (True, "2")
    assert to_object(changed)["data"]["extensions"]["own_tool"] == {"deep": [1]}
    assert changed.assets == card().assets


def test_nothing_empties_a_text_or_a_list_and_takes_anything_else_out() -> None:
    changed = with_fields(
        card(), {"description": "", "tags": "", "extensions.own_tool": "", "alternate_greetings.0": ""}
    )
    assert (changed.description, changed.tags, changed.alternate_greetings) == ("", (), ("A third.",))
    assert "own_tool" not in to_object(changed)["data"]["extensions"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("greting", "x", "no field"),
        ("extensions..x", "1", "no field's name"),
        ("alternate_greetings.9", "x", "leads to nothing"),
        ("description.x.y", "1", "leads to nothing"),
        ("description.x", "1", "no fields"),
        ("note.depth", "deep", "should be a number"),
        ("extensions.x", "[1", "not YAML"),
    ],
)
def test_a_field_that_cannot_be_is_refused(name: str, value: str, words: str) -> None:
    with pytest.raises((SettingsError, FormatError)) as wrong:
        with_fields(card(), {name: value})
    assert words in str(wrong.value)
