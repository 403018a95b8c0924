"""A workspace on a real home: what reading needs, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.paths import shipped
from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.reading_chats import open_for_reading
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.library import Library

CARD = "name: Mira\ncontext: Mira keeps the night ferry.\n"


def test_opening_and_reading_makes_nothing(tavern_home: Path) -> None:
    workspace = Workspace.open()
    assert workspace.characters()
    assert workspace.chats.list() == []
    assert workspace.character("Wren")[0].name == "Wren"
    assert list(tavern_home.iterdir()) == []


def test_a_file_in_place_of_the_state_folder_keeps_no_chat_from_being_read(tavern_home: Path) -> None:
    writing = Workspace.open()
    log = writing.new_chat(writing.character("Wren")[0], writing.persona)
    log.append(TurnAdded("", Speaker.USER, "Alex", "Hello"))
    (tavern_home / "state").rename(tavern_home / "old")
    (tavern_home / "state").write_text("mine")
    workspace = Workspace.open()
    opened = open_for_reading(workspace, log.tree.title)
    assert [turn.text for turn in opened.log.tree.path()] == ["Hello"]
    with pytest.raises(StorageError):
        workspace.new_chat(workspace.character("Wren")[0], workspace.persona)
    assert len(workspace.chats.list()) == 1


def test_a_sample_is_known_by_its_folder_without_reading_a_card(
    tavern_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open()
    _, sample = workspace.character("Wren")
    own = tavern_home / "characters" / "Wren.yaml"
    own.parent.mkdir()
    own.write_text(CARD)

    def refuse(_library: Library) -> None:
        raise AssertionError("a listing reads every card")

    monkeypatch.setattr(Library, "characters", refuse)
    assert workspace.is_sample(sample)
    assert not workspace.is_sample(own)


def test_a_sample_that_was_named_by_a_roundabout_path_is_one(
    tavern_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shipped("cards").parent)
    card = next(path for path in shipped("cards").iterdir() if path.suffix == ".png")
    assert Workspace.open().is_sample(Path("cards") / ".." / "cards" / card.name)
