"""Privacy in the whole app: incognito leaves no trace, hiding covers at once, what is private is in no list."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from tavern_tui.session.demo import demo_workspace
from tavern_tui.session.opening import Wishes
from tavern_tui.session.privacy import INCOGNITO, Private, private_things
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.cover import COVERED, RETURN, CoverScreen
from tavern_tui.ui.screens.home import HomeScreen
from tavern_tui.ui.screens.palette import Palette
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.search import SearchScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled, texts, typed

SECRET = "The marmalade is under the stairs"


def contents(*folders: Path) -> dict[Path, bytes]:
    """Every file below these folders, with what is in it."""
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


async def shown(app: TavernApp, pilot: Pilot[int], page: type[Screen[Any]]) -> None:
    while not isinstance(app.screen, page):
        await pilot.pause(0.01)


def on_screen(app: TavernApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def rows(app: TavernApp) -> str:
    return "\n".join(f"{row.title} {row.detail}" for row in app.screen.query_one(RowList).rows)


async def test_an_incognito_chat_leaves_no_file_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("EDITOR", f"touch {tmp_path}/edited")
    evening = Evening(tmp_path / "home", "I will not tell.", "Nor will I. {{setglobalvar::x::1}}")
    (tmp_path / "home").mkdir()
    before = contents(tmp_path)
    app = evening.app(wishes=Wishes(character="Wren", incognito=True))
    async with evening.begun(app=app) as (_, pilot):
        assert (texts(app)[-1:], app.chat.progress.status.incognito) == ([INCOGNITO], True)
        assert "incognito" in on_screen(app).splitlines()[0]
        await typed(pilot, f"{SECRET}.", "enter")
        await typed(pilot, "", "ctrl+r")
        await typed(pilot, "{{setglobalvar::where::stairs}}Again", "enter")
        await typed(pilot, "/note Hush.", "enter")
        await typed(pilot, "/rename Nothing at all", "enter")
        await typed(pilot, "Not sent", "ctrl+o")
        assert "incognito chat writes none" in hint(app)
        assert {request.chat for request in evening.engine.requests} == {""}
        await pilot.press("ctrl+c")
        assert "loses this chat" in hint(app)
        app.chat.composer.clear()
        await typed(pilot, "/quit", "enter")
        await shown(app, pilot, RowChoice)
        await pilot.press("enter")  # stays
        await settled(pilot)
        assert app.is_running
        await pilot.press(*"/new", "enter")  # nothing to wait for: it asks
        await shown(app, pilot, RowChoice)
        await pilot.press("down", "enter")  # leaves it for a chat that is kept no more than this one
        await settled(pilot)
        assert not app.chat.open_session.log.kept
        assert app.chat.open_session.tree.title != "Nothing at all"
    after = contents(tmp_path)
    assert sorted(map(str, set(after) ^ set(before))) == []
    assert after == before


async def test_hiding_covers_everything_until_a_key_and_enter(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        await pilot.press("ctrl+p")
        await shown(app, pilot, Palette)
        await pilot.press(*"cover", "enter")
        await shown(app, pilot, CoverScreen)
        assert on_screen(app).strip() == COVERED
        await pilot.press("enter")
        assert RETURN in on_screen(app)
        await pilot.press("x", "enter")
        await settled(pilot)
        assert app.chat.is_current
        await typed(pilot, "/cover", "enter")
        await shown(app, pilot, CoverScreen)
        await pilot.click(offset=(5, 5))
        await pilot.click(offset=(5, 5))
        await settled(pilot)
        assert app.chat.is_current


async def test_what_is_private_is_in_no_list_until_it_is_asked_for(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "Hush.", "Yes.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, f"{SECRET}.", "enter")
        await typed(pilot, "/private chat", "enter")
        assert hint(app).startswith("This chat is private")
        private = await asyncio.to_thread(private_things, app.workspace)
        assert private == Private(chats=frozenset({app.chat.open_session.log.path.stem}))
        for asked_for in (False, True):
            await typed(pilot, "/home", "enter")
            await shown(app, pilot, HomeScreen)
            while "Wren" not in rows(app):
                await pilot.pause(0.01)
            assert ("Hush." in rows(app)) is asked_for
            await pilot.press("escape")
            await typed(pilot, "/search marmalade", "enter")
            await shown(app, pilot, SearchScreen)
            while not (SECRET in rows(app) or (not asked_for and "No turn has" in on_screen(app))):
                await pilot.pause(0.01)
            assert (SECRET in rows(app)) is asked_for
            await pilot.press("escape")
            await typed(pilot, "/private", "enter")
    # the next start opens another chat than that, or begins one
    async with evening.begun(app=evening.app(wishes=Wishes())) as (app, _):
        assert SECRET not in " ".join(texts(app))
        assert "Wren" in app.chat.open_session.character.name


async def test_a_start_may_begin_at_home(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    app = evening.app(wishes=Wishes())
    app.workspace = replace(
        app.workspace,
        loaded=replace(
            app.workspace.loaded,
            settings=replace(app.workspace.settings, ui=replace(app.workspace.settings.ui, start="home")),
        ),
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot, HomeScreen)
        while "Bess" not in rows(app):
            await pilot.pause(0.01)
        await pilot.press(*"bess", "enter")
        while app.chat.session is None:
            await pilot.pause(0.01)
        assert app.chat.open_session.character.name == "Bess"


def test_the_demo_never_shows_the_own_library(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    own = Workspace.open(dirs=evening.directories)
    own.chats.create("My secret", ("Mira",))
    own.marks.rename_character("a", "b")
    own.directories.characters.mkdir(parents=True)
    with demo_workspace(own) as shown_there:
        assert [chat.title for chat in shown_there.chats.list()] == ["A night at the Crooked Lantern"]
        assert all(entry.shipped for entry in shown_there.characters())
        mine = {evening.directories.data, evening.directories.state, evening.directories.config}
        dirs = shown_there.directories
        seen = [dirs.chats, dirs.characters, dirs.worlds, dirs.personas, dirs.presets, dirs.backups, dirs.marks]
        seen += [dirs.trash, dirs.index, dirs.journals, dirs.connections, dirs.variables]
        assert not [path for path in seen if mine & set(path.parents)]
