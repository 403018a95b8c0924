"""Editing a card: every change is in its file at once, can be taken back later, and loses nothing of anybody's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories, shipped
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError, StorageError
from tavern_tui.session.card_fields import (
    CardField,
    Kind,
    card_fields,
    listed,
    macro_spans,
    moved_greeting,
    new_greeting,
    with_language,
    without_greeting,
)
from tavern_tui.session.cards import new_card, rename_card
from tavern_tui.session.character_editing import OpenCard, picture_kinds, preview
from tavern_tui.session.portraits import portrait
from tavern_tui.session.workspace import Workspace

WREN = shipped("cards") / "Wren.png"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A library with one card, and the samples."""
    made = Workspace.open(dirs=Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache"))
    new_card(made, "Mira", {"description": "A smith.", "greeting": "Come in.", "extensions.mine": "kept"})
    return made


def opened(workspace: Workspace, name: str = "Mira") -> OpenCard:
    """The card as an app that has just been started opens it."""
    return OpenCard(workspace, workspace.character(name)[1])


def field(card: OpenCard, id: str) -> CardField:
    """A field of the form."""
    return next(one for one in card_fields(card.character, card.others) if one.id == id)


def put(card: OpenCard, id: str, typed: str) -> bool:
    """Type something into a field."""
    return card.change(id, lambda one: field(card, id).made(one, typed))


def on_disk(card: OpenCard) -> Character:
    """What the file says."""
    return opened_at(card.path)


def opened_at(path: Path) -> Character:
    data = json.loads(path.read_text())["data"]
    return Character(data["name"], description=data["description"], personality=data["personality"])


@pytest.mark.parametrize(
    ("id", "typed", "says"),
    [
        ("nickname", " Mi ra ", "Mi ra"),
        ("tags", "forge, night,, forge", "forge, night"),
        ("favourite", "Yes", "yes"),
        ("talkativeness", "30 %", "30"),
        ("note.depth", "7", "7"),
        ("note.role", "assi", "assistant"),
        ("world", "Harbour", "Harbour"),
        ("example_dialogue", "<START>\nHm.\n", "<START>\nHm.\n"),
        ("greetings 0", "Oh.", "Oh."),
    ],
    ids=["line", "tags", "favourite", "talk", "depth", "role", "world", "text", "greeting"],
)
def test_a_field_is_in_the_file_and_comes_back_at_an_undo(workspace: Workspace, id: str, typed: str, says: str) -> None:
    card = opened(workspace)
    before = field(card, id).said(card.character)
    assert put(card, id, typed)
    assert field(opened(workspace), id).said(opened(workspace).character) == says
    later = opened(workspace)
    assert later.undo() == id
    assert field(later, id).said(opened(workspace).character) == before
    assert field(later, "other data.extensions.mine").said(later.character) == "kept"


@pytest.mark.parametrize(
    ("id", "typed"),
    [("name", "  "), ("note.depth", "deep"), ("note.role", "x"), ("talkativeness", "101"), ("favourite", "perhaps")],
    ids=["name", "depth", "role", "talk", "favourite"],
)
def test_what_cannot_be_is_refused_and_changes_nothing(workspace: Workspace, id: str, typed: str) -> None:
    card = opened(workspace)
    before = card.path.read_bytes()
    with pytest.raises(SettingsError):
        put(card, id, typed)
    assert card.path.read_bytes() == before


def test_twenty_versions_are_taken_back_over_restarts(workspace: Workspace) -> None:
    for number in range(22):
        put(opened(workspace), "scenario", f"Day {number}")
    later = opened(workspace)
    assert [later.undo() for _ in range(21)] == ["scenario"] * 20 + [""]
    assert opened(workspace).character.scenario == "Day 1"


def test_what_something_else_wrote_meanwhile_is_kept(workspace: Workspace) -> None:
    card = opened(workspace)
    put(opened(workspace), "personality", "Calm.")
    assert put(card, "description", "A smith of the coast.")
    assert "changed by something else as well" in card.notes[0]
    assert (on_disk(card).description, on_disk(card).personality) == ("A smith of the coast.", "Calm.")


def test_an_undo_leaves_what_else_became_of_the_card(workspace: Workspace) -> None:
    card = opened(workspace)
    put(card, "description", "Another.")
    put(opened(workspace), "personality", "Calm.")
    opened(workspace).undo()
    assert opened(workspace).undo() == "description"
    put(card := opened(workspace), "description", "Yet another.")
    card.path.write_text(card.path.read_text().replace("Yet another.", "By hand."))
    with pytest.raises(StorageError, match="description was changed by something else"):
        opened(workspace).undo()
    assert opened(workspace).character.description == "By hand."


def test_a_new_name_takes_the_versions_with_it(workspace: Workspace) -> None:
    card = opened(workspace)
    put(card, "description", "Another.")
    put(card, "name", "Mirabel")
    assert card.renamed
    assert card.path.stem == "Mirabel"
    later = opened(workspace, "Mirabel")
    assert [later.undo(), later.undo()] == ["name", "description"]
    assert opened(workspace).character.description == "A smith."


def test_a_sample_is_copied_and_says_so(workspace: Workspace) -> None:
    card = OpenCard(workspace, WREN)
    before = WREN.read_bytes()
    assert card.shipped
    put(card, "scenario", "At sea.")
    assert card.path.parent == workspace.directories.characters
    assert "copy of your own" in card.notes[0]
    assert WREN.read_bytes() == before
    assert card.undo() == "scenario"


def test_greetings_are_added_moved_and_removed(workspace: Workspace) -> None:
    card = opened(workspace)
    more = new_greeting(card.character, "greetings")
    assert not card.change("more", lambda one: more.made(one, " "))
    card.change("more", lambda one: more.made(one, "Who is it?"))
    card.change("up", moved_greeting("greetings", 1, -1))
    group = new_greeting(card.character, "group")
    card.change("group", lambda one: group.made(one, "All of you."))
    assert (listed(card.character, "greetings"), listed(card.character, "group")) == (
        ("Who is it?", "Come in."),
        ("All of you.",),
    )
    card.change("gone", without_greeting("greetings", 0, "Who is it?"))
    assert not card.change("gone", without_greeting("greetings", 0, "Who is it?"))
    assert not card.change("up", moved_greeting("greetings", 0, -1))
    assert opened(workspace).character.greetings == ("Come in.",)


def test_notes_of_the_creator_have_languages(workspace: Workspace) -> None:
    card = opened(workspace)
    card.change("de", with_language("DE"))
    put(card, "notes de", "Eine Schmiedin.")
    assert opened(workspace).character.notes_by_language == {"de": "Eine Schmiedin."}
    with pytest.raises(SettingsError):
        with_language("German!")


def test_a_picture_is_put_beside_a_card_that_is_none_and_taken_back(workspace: Workspace) -> None:
    card = opened(workspace)
    card.set_picture(str(WREN))
    assert portrait(card.path, 8, 4) is not None
    assert workspace.character("Mira")[0].description == "A smith."
    assert opened(workspace).undo() == "its picture"
    assert portrait(card.path, 8, 4) is None


def test_a_picture_takes_the_place_of_the_one_that_holds_the_card(workspace: Workspace) -> None:
    card = OpenCard(workspace, WREN)
    card.set_picture(str(shipped("cards") / "Bess.png"))
    own, bess = portrait(card.path, 8, 4), portrait(shipped("cards") / "Bess.png", 8, 4)
    assert own == bess
    assert card.character.name == "Wren"
    put(card, "scenario", "At sea.")
    assert [card.undo(), card.undo()] == ["scenario", "its picture"]
    assert portrait(card.path, 8, 4) == portrait(WREN, 8, 4)


def test_what_is_no_picture_is_refused_with_what_can_be_taken(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no picture")
    with pytest.raises(FormatError, match="no picture") as refused:
        opened(workspace).set_picture(str(tmp_path / "note.txt"))
    assert refused.value.hint == picture_kinds()


def test_which_chats_use_a_card_is_said(workspace: Workspace) -> None:
    assert opened(workspace).used == ""
    for number in range(3):
        workspace.chats.create(f"Night {number}", ("Mira",), "Alex")
    assert opened(workspace).used.startswith("used in “Night ")
    assert opened(workspace).used.endswith(" and 1 more")


async def test_a_preview_is_the_prompt_with_macros_filled_in(workspace: Workspace) -> None:
    card = opened(workspace)
    put(card, "description", "{{char}} forges for {{user}}.")
    found = await preview(workspace, card.path)
    assert "Mira forges for Alex." in "\n".join(part.text for part in found.parts)
    assert found.tokens < found.context


def test_macros_are_told_from_what_only_looks_like_one() -> None:
    text = "{{char}} and {{usr}}, {{random::a::b}}{{// note}} {{time_UTC+2}} {{ Char }}"
    assert [(text[start:end], known) for start, end, known in macro_spans(text)] == [
        ("{{char}}", True),
        ("{{usr}}", False),
        ("{{random::a::b}}", True),
        ("{{// note}}", True),
        ("{{time_UTC+2}}", True),
        ("{{ Char }}", True),
    ]


def test_every_text_of_a_card_is_a_field_of_the_form(workspace: Workspace) -> None:
    character = replace(workspace.character("Mira")[0], group_only_greetings=("All.",))
    ids = {one.id for one in card_fields(character) if one.kind is Kind.TEXT}
    assert ids >= {
        *("description", "personality", "scenario", "example_dialogue", "greetings 0", "group 0", "note"),
        *("system_prompt", "post_history_instructions", "creator_notes"),
    }


def test_a_card_that_was_renamed_elsewhere_is_not_found_under_its_old_file(workspace: Workspace) -> None:
    card = opened(workspace)
    rename_card(workspace, "Mira", "Mirabel")
    with pytest.raises(NotFoundError, match="Mira"):
        put(card, "scenario", "x")
