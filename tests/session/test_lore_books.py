"""Lorebooks beside a character's own: of every chat by the settings, of one by choice; and how they are searched."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.config.settings import LoreSettings as LoreInSettings
from tavern_tui.config.settings import Settings
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.prompt.inputs import LoreSettings, LoreStrategy
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.lore_books import PROPERTY, lore_settings, names_in, switch_in_chat, told_in_chat, with_lore
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.workspace import Workspace
from tests.session.conftest import Opener


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A library with two lorebooks, one of which every chat reads."""
    dirs = Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache")
    for folder in (dirs.worlds, dirs.config):
        folder.mkdir()
    for name, key in (("River", "eels"), ("Inn", "lamp")):
        entry = {"uid": 0, "key": [key], "content": f"Of {name}: {key}."}
        (dirs.worlds / f"{name}.json").write_text(json.dumps({"entries": {"0": entry}}))
    (dirs.config / "config.yaml").write_text("lore: {books: [River], scan_depth: 2, strategy: global first}\n")
    return Workspace.open(dirs=dirs)


def test_unchosen_settings_are_the_prompt_s_own() -> None:
    assert lore_settings(Settings()) == LoreSettings()
    ours = {each.name for each in fields(LoreInSettings)} - {"books"}
    assert ours <= {each.name for each in fields(LoreSettings)}


def test_what_is_chosen_reaches_the_options(workspace: Workspace) -> None:
    options, missing = with_lore(workspace, ReplyOptions(), {PROPERTY: ["Inn"]})
    assert options.lore is not None
    assert (options.lore.settings.scan_depth, options.lore.settings.strategy) == (2, LoreStrategy.GLOBAL_FIRST)
    assert [book.name for book in (*options.lore.everywhere, *options.lore.of_chat)] == ["River", "Inn"]
    assert missing == ()


def test_a_book_that_is_gone_is_told_and_costs_itself_alone(workspace: Workspace) -> None:
    options, (missing,) = with_lore(workspace, ReplyOptions(), {PROPERTY: ["Gone", "Inn"]})
    assert options.lore is not None
    assert [book.name for book in options.lore.of_chat] == ["Inn"]
    assert "Gone" in missing


@pytest.mark.parametrize("value", [None, "Inn", 3, {"a": 1}, [1, None]], ids=repr)
def test_names_written_in_another_way_are_none(value: object) -> None:
    assert names_in({PROPERTY: value}) == ()


async def test_entries_of_every_chat_and_of_this_one_fire(workspace: Workspace, begin: Opener) -> None:
    options, _ = with_lore(workspace, ReplyOptions(template="ChatML"), {PROPERTY: ["Inn"]})
    session = begin("Yes.")
    session.options = replace(session.options, lore=options.lore)
    await session.open()
    async for _ in session.reply("The eels by the lamp?"):
        pass
    lore = [part.body for part in (await session.plan()).included if part.kind is PartKind.LORE]
    assert "Of River: eels." in " ".join(lore)
    assert "Of Inn: lamp." in " ".join(lore)


async def test_a_chat_takes_a_book_and_lets_it_go_for_good(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes(character="Wren"))
    assert await switch_in_chat(session, workspace, "inn") == "Inn is read in this chat from now on"
    assert "River (every chat), Inn · /world" in await told_in_chat(session, workspace)
    again = open_session(workspace, Wishes(chat=session.log.path.stem))
    assert again.options.lore is not None
    assert [book.name for book in again.options.lore.of_chat] == ["Inn"]
    assert await switch_in_chat(again, workspace, "Inn") == "Inn is read in this chat no longer"
    assert PROPERTY not in again.tree.properties
    with pytest.raises(NotFoundError):
        await switch_in_chat(again, workspace, "Nothing like it")
