"""The demo: a library of its own that leaves nothing behind, with the user's engine and models."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tavern_tui.config.settings import remember
from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.demo import DEMO_CHAT, demo_workspace
from tavern_tui.session.embedded import host_place, model_to_use
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.workspace import Workspace


@pytest.fixture
def own(tavern_home: Path) -> Workspace:
    """A user with a character and a chat of their own."""
    cards = tavern_home / "characters"
    cards.mkdir()
    (cards / "Mira.yaml").write_text("name: Mira\ncontext: Mira keeps the night ferry.\n")
    workspace = Workspace.open()
    workspace.new_chat(workspace.character("Mira")[0], workspace.persona)
    return workspace


def test_it_shows_the_demo_chat_and_the_samples_and_nothing_of_the_user(own: Workspace) -> None:
    with demo_workspace(own) as demo:
        assert [chat.title for chat in demo.chats.list()] == [DEMO_CHAT]
        assert "Mira" not in [entry.name for entry in demo.characters()]
        assert demo.latest_character() == "Bess"


def test_the_chat_opens_where_its_reader_is_left(own: Workspace) -> None:
    with demo_workspace(own) as demo:
        session = open_session(demo, Wishes(chat=DEMO_CHAT))
        assert len(session.log.tree.path()) == 24
        assert session.character.name == "Bess"


def test_what_is_written_in_it_is_gone_afterwards_and_nowhere_else(own: Workspace, tavern_home: Path) -> None:
    before = sorted(tavern_home.rglob("*"))
    with demo_workspace(own) as demo:
        log = demo.chats.find(DEMO_CHAT)
        log.append(TurnAdded(log.tree.tip, Speaker.USER, "Alex", "I go over the bridge."))
        remember(demo.directories, "persona.name", "Somebody else")
        folder = demo.directories.data
        assert len(log.tree.path()) == 25
    assert not folder.exists()
    assert sorted(tavern_home.rglob("*")) == before
    assert len(own.shipped_chats.find(DEMO_CHAT).tree.path()) == 24
    assert Workspace.open().persona.name == "Alex"


def test_the_users_settings_hold_in_it(own: Workspace, tavern_home: Path) -> None:
    remember(own.directories, "persona.name", "Mira")
    (tavern_home / "config" / "config.yaml").write_text("connection:\n  server: rig:5001\n")
    with demo_workspace(Workspace.open()) as demo:
        assert demo.persona.name == "Mira"
        assert demo.settings.connection.server == "rig:5001"


def test_the_users_models_themes_and_engine_are_used(own: Workspace, tavern_home: Path, starter_model: Path) -> None:
    models = tavern_home / "models"
    models.mkdir()
    (models / starter_model.name).symlink_to(starter_model)
    with demo_workspace(own) as demo:
        assert model_to_use(demo.directories, demo.settings).path.parent == models
        assert host_place(demo.directories).socket == host_place(own.directories).socket
        assert demo.directories.themes == own.directories.themes


def test_a_fault_inside_leaves_nothing_behind_either(own: Workspace) -> None:
    seen: list[Path] = []

    def stumble() -> None:
        with demo_workspace(own) as demo:
            seen.append(demo.directories.data)
            raise RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        stumble()
    assert not seen[0].exists()


def test_a_full_or_closed_temporary_folder_is_told(
    own: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StorageError), demo_workspace(own):
        raise AssertionError("it opened")
