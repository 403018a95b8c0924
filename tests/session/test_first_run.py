"""The first start: when it is one, what is kept of it, and a starter model that can be stopped on its way."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.config.settings import remember
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.first_run import (
    LONGEST_NAME,
    FetchStoppedError,
    StarterFetch,
    name_from,
    needs_first_run,
    remember_first_run,
)
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.writers import Writer, WriterKind

SERVER = Writer(WriterKind.SERVER, "KoboldCpp", server="http://127.0.0.1:5001")


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace on an empty home."""
    monkeypatch.delenv("TAVERN_SERVER", raising=False)
    return Workspace.open()


def test_an_empty_home_is_a_first_start(workspace: Workspace, tavern_home: Path) -> None:
    assert needs_first_run(workspace)
    assert list(tavern_home.iterdir()) == []


def test_once_answered_it_is_none(workspace: Workspace) -> None:
    assert remember_first_run(workspace, "Mira", None) == ()
    assert not needs_first_run(workspace)
    assert Workspace.open().persona.name == "Mira"


def test_name_and_writer_are_kept(workspace: Workspace) -> None:
    remember_first_run(workspace, "Mira", SERVER)
    settings = Workspace.open().settings
    assert (settings.persona.name, settings.connection.server) == ("Mira", SERVER.server)


def test_a_chat_or_a_setting_of_any_kind_means_that_somebody_was_here(workspace: Workspace) -> None:
    log = workspace.new_chat(workspace.character("Wren")[0], workspace.persona)
    log.append(TurnAdded("", Speaker.USER, "Alex", "Hello"))
    assert not needs_first_run(workspace)


def test_settings_of_the_users_own_are_enough(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text("persona:\n  name: Mira\n")
    assert not needs_first_run(workspace)


def test_in_safe_mode_nothing_is_asked(tavern_home: Path) -> None:
    assert not needs_first_run(Workspace.open(safe=True))


def test_where_chats_cannot_be_listed_nothing_is_asked(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "chats").write_text("a file in the folder's place")
    assert not needs_first_run(workspace)


def test_after_something_else_was_remembered_it_is_no_first_start(workspace: Workspace) -> None:
    remember(workspace.directories, "engine.threads", 2)
    assert not needs_first_run(workspace)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Mira", "Mira"), ("  Mira\n", "Mira"), ("", "Alex"), (" \t", "Alex"), ("\x1b[2J", "␛[2J"), ("日本", "日本")],
)
def test_a_name_is_one_safe_line(typed: str, name: str) -> None:
    assert name_from(typed, "Alex") == name


def test_a_name_is_no_longer_than_the_settings_allow(workspace: Workspace) -> None:
    name = name_from("x" * 500, "Alex")
    assert len(name) == LONGEST_NAME
    remember_first_run(workspace, name, None)
    reopened = Workspace.open()
    assert reopened.loaded.problems == ()
    assert reopened.persona.name == name


async def test_the_starter_that_is_here_is_not_fetched_again(workspace: Workspace, starter_model: Path) -> None:
    models = workspace.directories.models
    models.mkdir(parents=True)
    (models / "SmolLM2-135M-Instruct.Q4_1.gguf").symlink_to(starter_model)
    fetch = StarterFetch(workspace.directories)
    assert await fetch.run() == models / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert (fetch.phase, fetch.done) == ("", 0)


async def test_a_fetch_tells_where_it_is_and_ends_when_it_is_stopped(workspace: Workspace) -> None:
    begun = threading.Event()

    def endless(_dirs: Directories, tell: Any) -> tuple[Path, bool]:
        done = 0
        while True:
            done += 1
            tell("downloading", done, 94_000_000)
            begun.set()

    fetch = StarterFetch(workspace.directories, endless)
    running = asyncio.create_task(fetch.run())
    await asyncio.to_thread(begun.wait, 30)
    assert (fetch.phase, fetch.total) == ("downloading", 94_000_000)
    assert fetch.done > 0
    fetch.stop()
    with pytest.raises(FetchStoppedError):
        await running
