"""Restoring on screen: backups by date, what is in one, how a chat of one ends, and copies beside what is there."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tavern_tui.config.paths import Directories
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.backups import all_backups, kept_chats, preview, put_back
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.backup import make_backup
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.marks import Mark
from tavern_tui.ui.screens.restore import RestoreScreen, RestoreTools
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until

PICTURES = Path(__file__).parent / "snapshots"
NOON = 1_700_000_000.0


class Kept:
    """A library with two chats, a backup of it, and one of its chats that went on since."""

    def __init__(self, root: Path) -> None:
        self.dirs = Directories(root / "data", root / "config", root / "state", root / "cache")
        store = ChatStore(self.dirs.chats, device="here", state=self.dirs.journals, clock=lambda: NOON)
        for title in ("Over the water", "The lighthouse"):
            log = store.create(title, ("Mira",))
            log.append(TurnAdded("", Speaker.CHARACTER, "Mira", f"This is {title.lower()}."))
        self.workspace = Workspace.open(dirs=self.dirs)
        make_backup(self.dirs, self.dirs.backups, daily=True, clock=lambda: NOON + 60)
        damaged = self.dirs.backups / "tavern-daily-20200101-000000.zip"
        damaged.write_bytes(b"cut off")
        os.utime(damaged, (0, 0))
        water = self.workspace.chats.open("Over the water")
        water.append(TurnAdded(water.tree.tip, Speaker.USER, "Alex", "And then?"))

    def tools(self, *, shows_private: bool = False) -> RestoreTools:
        return RestoreTools(
            backups=lambda: all_backups(self.workspace),
            chats=lambda backup: kept_chats(self.workspace, backup, shows_private=shows_private),
            preview=lambda backup, name: preview(backup, name, 5),
            put_back=lambda backup, names: put_back(self.workspace, backup, names),
        )


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


@asynccontextmanager
async def restoring(kept: Kept, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[ScreenApp[None], Pilot[None]]]:
    app: ScreenApp[None] = ScreenApp(RestoreScreen(kept.tools()))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(rows(app)))
        yield app, pilot


def rows(app: ScreenApp[None]) -> list[tuple[str, str]]:
    return [(row.title, row.right) for row in app.shown.query_one(RowList).rows]


def told(app: ScreenApp[None]) -> str:
    return str(app.shown.query_one("#note", Static).content)


async def test_a_chat_is_looked_at_and_comes_as_a_copy_beside_the_present_one(kept: Kept) -> None:
    async with restoring(kept) as (app, pilot):
        assert rows(app)[0] == ("2023-11-14 22:14:20", "2 chats · 2 turns")
        await press(pilot, "enter")
        await until(pilot, lambda: len(rows(app)) == 3)
        assert rows(app)[0] == ("Everything in it", "2 chats · 2 turns")
        assert {title for title, _ in rows(app)[1:]} == {"Over the water", "The lighthouse"}
        place = [title for title, _ in rows(app)].index("Over the water")
        await press(pilot, *["down"] * place, "enter")
        await until(pilot, lambda: isinstance(app.screen, TextPage))
        assert "This is over the water." in app.text()
        await press(pilot, "escape", "r")
        await until(pilot, lambda: "a copy beside the present one" in told(app))
        await press(pilot, "left", "escape")
        await until(pilot, app.ended.is_set)
    titles = {chat.title: chat.turns for chat in kept.workspace.chats.list()}
    assert titles == {"Over the water": 2, "The lighthouse": 1, "Over the water (restored 2023-11-14)": 1}


async def test_everything_comes_back_at_once_and_nothing_twice(kept: Kept) -> None:
    kept.workspace.chats.open("The lighthouse").path.unlink()
    async with restoring(kept) as (app, pilot):
        await press(pilot, "enter")
        await until(pilot, lambda: len(rows(app)) == 3)
        await press(pilot, "enter")
        await until(pilot, lambda: told(app).startswith("r puts all of it back"))
        await press(pilot, "r")
        await until(pilot, lambda: told(app).startswith("Done"))
        assert "1 put back" in told(app)
        assert "1 there already, and longer" in told(app)
    assert {chat.title for chat in kept.workspace.chats.list()} == {"Over the water", "The lighthouse"}


async def test_a_damaged_backup_says_so(kept: Kept) -> None:
    async with restoring(kept) as (app, pilot):
        await press(pilot, "down", "enter")
        await until(pilot, lambda: "no backup, or damaged" in told(app))


def test_what_is_private_is_not_listed(kept: Kept) -> None:
    kept.workspace.marks.set(Mark.PRIVATE_CHAT, "The lighthouse", True)
    (backup, _) = all_backups(kept.workspace)
    assert [chat.title for chat in kept.tools().chats(backup)] == ["Over the water"]
    assert len(kept.tools(shows_private=True).chats(backup)) == 2


async def test_it_looks_as_it_was_looked_at(kept: Kept) -> None:
    (kept.dirs.backups / "tavern-daily-20200101-000000.zip").unlink()
    async with restoring(kept, SIZES[0]) as (app, pilot):
        for step in ("backups", "inside"):
            if step == "inside":
                await press(pilot, "enter")
                await until(pilot, lambda: len(rows(app)) == 3)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                picture = app.export_screenshot(title="restore")
                assert_looks_as_kept(picture, PICTURES / f"restore-{step}-{width}x{height}.svg")
