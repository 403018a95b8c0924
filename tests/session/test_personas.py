"""Who the user is in a chat: by the start, by the chat, by the settings; and what a prompt makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.persona import PersonaPosition
from tavern_tui.session.personas import (
    PROPERTY,
    listed_personas,
    new_persona,
    persona_called,
    persona_for,
    usual_persona,
)
from tavern_tui.session.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    dirs = Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache")
    dirs.config.mkdir()
    (dirs.config / "config.yaml").write_text("persona: {name: Kit, description: A guest.}\n")
    found = Workspace.open(dirs=dirs)
    new_persona(found, "Ash", {"description": "A courier.", "position": "at_depth", "depth": 1})
    return found


def test_without_a_choice_the_settings_persona_is_used(workspace: Workspace) -> None:
    persona, note = persona_for(workspace, "", {}, "")
    assert (persona.name, persona.description, note) == ("Kit", "A guest.", "")


def test_a_start_and_then_the_chat_decide(workspace: Workspace) -> None:
    new_persona(workspace, "Rin", {})
    assert persona_for(workspace, "rin", {PROPERTY: "Ash"}, "Kit")[0].name == "Rin"
    assert persona_for(workspace, "", {PROPERTY: "Ash"}, "Kit")[0].position is PersonaPosition.AT_DEPTH


def test_a_name_that_is_no_persona_is_only_a_name(workspace: Workspace) -> None:
    persona, _ = persona_for(workspace, "Sam", {}, "")
    assert (persona.name, persona.description) == ("Sam", "A guest.")
    assert persona_for(workspace, "", {}, "Ida")[0].name == "Ida"


def test_a_chat_whose_persona_is_gone_goes_on_and_says_so(workspace: Workspace) -> None:
    persona, note = persona_for(workspace, "", {PROPERTY: "Gone"}, "")
    assert persona.name == "Kit"
    assert "no persona “Gone”" in note


def test_a_setting_names_the_usual_one(workspace: Workspace) -> None:
    config = workspace.directories.config / "config.yaml"
    config.write_text("persona: {use: ash}\n")
    assert usual_persona(Workspace.open(dirs=workspace.directories))[0].name == "Ash"
    config.write_text("persona: {use: gone}\n")
    persona, note = usual_persona(Workspace.open(dirs=workspace.directories))
    assert (persona.name, "persona.use" in note) == ("Alex", True)


def test_a_persona_s_lorebook_is_read_with_it(workspace: Workspace) -> None:
    (workspace.directories.worlds).mkdir()
    (workspace.directories.worlds / "inn.json").write_text('{"entries": {"0": {"uid": 0, "key": ["inn"]}}}')
    new_persona(workspace, "Ida", {"lorebook": "inn"})
    assert [book.name for book in persona_called(workspace, "Ida").persona.books] == ["inn"]


def test_a_file_that_is_none_is_listed_with_the_reason(workspace: Workspace) -> None:
    (workspace.directories.personas / "odd.yaml").write_text("- a\n")
    assert [one.name for one in listed_personas(workspace) if one.problem] == ["odd"]
    with pytest.raises(SettingsError, match="cannot be used"):
        persona_called(workspace, "odd")
    with pytest.raises(NotFoundError) as caught:
        persona_called(workspace, "nobody")
    assert "Ash" in caught.value.hint
