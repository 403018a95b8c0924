"""Pictures of reading a long chat: finding, what is new and other days, bookmarks and a receipt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tavern_tui.domain.events import Receipt
from tavern_tui.session.changes import ChatChanges
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.bookmarks import BookmarkList
from tavern_tui.ui.screens.receipt import ReceiptScreen
from tests.ui.app.evening import Evening, settled, typed
from tests.ui.app.test_finding import looked_for, until
from tests.ui.app.test_pictures import PICTURES, demo
from tests.ui.pictures import SIZES, assert_looks_as_kept

MADE = Receipt("llama.cpp", "Mistral-Nemo-Instruct-2407.Q4_K_M", "stop_string", 42, 212, 7_692, 143, 3_140.0, 4_200.0)


async def draw(state: str, app: TavernApp, pilot: Pilot[int]) -> None:
    """Bring the screen into a state."""
    tree = app.chat.open_session.tree
    path = tree.path()
    match state:
        case "finding":
            await pilot.press("ctrl+f")
            await looked_for(app, pilot, "the bridge", "/")
        case "found":
            await typed(pilot, "/find the bridge", "enter")
        case "new":
            for turn in (path[-3], path[-1]):
                log = app.chat.mirror.log
                log.replace(replace(log.standing.entry(turn.id), day="Sunday, 22 November 2026"))
            app.chat.mirror.mark_new(path[-3].id)
            app.chat.mirror.log.show_entry(path[-3].id, 0)
        case "bookmarks":
            changes = app.chat.open_session.changes
            assert isinstance(changes, ChatChanges)
            for turn in (path[1], path[6], tree.turns[tree.siblings(path[4].id)[0]], path[-2]):
                await changes.bookmark(turn.id)
            await typed(pilot, "/bookmarks", "enter")
            await until(pilot, lambda: isinstance(app.screen, BookmarkList))
            await pilot.press("down")
        case "receipt":
            made = next(turn for turn in reversed(path) if turn.lore)
            tree.turns[made.id] = replace(made, receipt=MADE, raw=f"{made.text}\n\nAlex: *I nod.*", edited=True)
            app.chat.selection.select(made.id)
            await app.chat.run_typed("turn.receipt")
            await until(pilot, lambda: isinstance(app.screen, ReceiptScreen))
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", ["finding", "found", "new", "bookmarks", "receipt"])
async def test_reading_looks_as_it_was_looked_at(state: str, size: tuple[int, int], tmp_path: Path) -> None:
    with demo(tmp_path, Evening(tmp_path)) as app:
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await draw(state, app, pilot)
            picture = app.export_screenshot(title="tavern-tui")
    assert_looks_as_kept(picture, PICTURES / f"{state}-{size[0]}x{size[1]}.svg")
