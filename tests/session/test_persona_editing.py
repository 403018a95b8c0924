"""Editing personas: fields, who has which, what new chats begin with; every change of a file can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import SettingsError, StorageError
from tavern_tui.domain.persona import PersonaPosition
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.persona_editing import (
    FIELDS,
    OpenPersona,
    PersonaRow,
    bind,
    chats_by_persona,
    copy_persona,
    make_usual,
    persona_rows,
)
from tavern_tui.session.personas import new_persona, persona_called
from tavern_tui.session.workspace import Workspace

FIELD = {field.name: field for field in FIELDS}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A home with the persona Ash."""
    made = Workspace.open(dirs=Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache"))
    new_persona(made, "Ash", {"description": "A courier."})
    return made


def again(workspace: Workspace) -> Workspace:
    """The same home after a restart."""
    return Workspace.open(dirs=workspace.directories)


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("name", " Ash  Vale ", "Ash Vale"),
        ("position", "in the chat", "in the chat, at a depth"),
        ("depth", "7", "7"),
        ("role", "user", "user"),
        ("description", "A courier\nof the coast.", "A courier\nof the coast."),
        ("characters", "Wren, Bess, Wren", "Wren, Bess"),
    ],
    ids=["name", "place", "depth", "role", "text", "bound"],
)
def test_a_field_is_in_the_file_and_comes_back_at_an_undo(
    workspace: Workspace, name: str, typed: str, says: str
) -> None:
    one = OpenPersona(workspace, "Ash")
    before = FIELD[name].said(one.persona)
    assert one.change(FIELD[name], typed)
    assert FIELD[name].said(persona_called(workspace, "Ash").persona) == says
    later = OpenPersona(again(workspace), "ash")
    assert later.undo() == FIELD[name].title.lower()
    assert FIELD[name].said(persona_called(workspace, "Ash").persona) == before
    assert later.undo() == ""


@pytest.mark.parametrize(("name", "typed"), [("name", " "), ("depth", "x"), ("position", "up"), ("role", "")])
def test_what_cannot_be_is_refused(workspace: Workspace, name: str, typed: str) -> None:
    with pytest.raises(SettingsError):
        OpenPersona(workspace, "Ash").change(FIELD[name], typed)


def test_what_something_else_wrote_since_is_not_undone(workspace: Workspace) -> None:
    one = OpenPersona(workspace, "Ash")
    one.change(FIELD["depth"], "7")
    path = workspace.directories.personas / "Ash.yaml"
    path.write_text(path.read_text() + "title: by hand\n")
    with pytest.raises(StorageError, match="changed by something else"):
        one.undo()
    assert one.change(FIELD["depth"], "3")
    assert persona_called(workspace, "Ash").persona.title == "by hand"


def test_the_settings_own_has_a_name_and_a_text(workspace: Workspace) -> None:
    one = OpenPersona(workspace, "")
    assert [field.name for field in one.fields] == ["name", "description"]
    one.change(FIELD["description"], "A guest.")
    assert one.persona.description == "A guest."
    assert again(workspace).settings.persona.description == "A guest."


def test_the_list_says_which_is_usual_and_how_many_chats_have_each(workspace: Workspace) -> None:
    workspace.chats.create("One", ("Wren",), "Ash")
    workspace.chats.create("Two", ("Wren",), "Alex")
    workspace.chats.create("Three", ("Wren",), "ash")
    rows = persona_rows(workspace, None, chats_by_persona(workspace))
    assert [(row.listed.name, row.usual, row.chats) for row in rows] == [("Alex", True, 1), ("Ash", False, 2)]
    assert make_usual(workspace, rows[1]) == "Ash is the usual one now: new chats begin with it."
    assert [row.usual for row in persona_rows(again(workspace), None, {})] == [False, True]


def test_new_chats_with_a_character_begin_with_the_persona_that_is_bound_to_it(workspace: Workspace) -> None:
    one = OpenPersona(workspace, "Ash")
    assert bind(one, "Wren") == "New chats with Wren begin with Ash."
    session = open_session(workspace, Wishes(character="Wren", new=True))
    assert (session.persona.name, session.tree.persona) == ("Ash", "Ash")
    assert open_session(workspace, Wishes(character="Bess", new=True)).persona.name == "Alex"
    assert open_session(workspace, Wishes(character="Wren", new=True, persona="Kit")).persona.name == "Kit"
    assert bind(one, "wren") == "New chats with wren begin with the usual persona."
    assert one.persona.characters == ()


def test_a_copy_is_a_persona_of_its_own(workspace: Workspace) -> None:
    OpenPersona(workspace, "Ash").change(FIELD["position"], "nowhere")
    assert copy_persona(workspace, PersonaRow(persona_called(workspace, "Ash"))) == "Ash 2"
    assert persona_called(workspace, "Ash 2").persona.position is PersonaPosition.NONE
    usual = persona_rows(workspace, None, {})[0]
    assert copy_persona(workspace, usual) == "Alex 2"
    assert persona_called(workspace, "Alex 2").persona.name == "Alex"
