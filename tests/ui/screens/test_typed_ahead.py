"""Letters that come with the key that opens a line to type into stand in that line, and are no commands."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.keyed import ASKING, until_there
from tavern_tui.ui.screens.home import HomeScreen
from tavern_tui.ui.screens.lore_entry import EntryText
from tavern_tui.ui.screens.lorebook import LorebookScreen
from tavern_tui.ui.screens.lorebooks import LorebooksScreen
from tavern_tui.ui.screens.personas import PersonasScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, typed
from tests.ui.screens.app import until


async def at_once(pilot: Pilot[int], text: str) -> None:
    """Have all of ``text`` arrive in one read, and wait until it was dealt with."""
    for letter in text:
        pilot.app.post_message(Key("enter" if letter == "\r" else _character_to_key(letter), letter))
    await pilot.pause()


def line(pilot: Pilot[int], name: str = "entry") -> str:
    """What stands in the line."""
    return pilot.app.screen.query_one(f"#{name}", Input).value


async def test_what_comes_with_the_key_that_finds_is_found_and_does_nothing_else(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        await typed(pilot, "/lore", "enter")
        await until(pilot, lambda: isinstance(app.screen, LorebookScreen) and bool(app.screen.table.rows))
        book = app.screen
        assert isinstance(book, LorebookScreen)
        await at_once(pilot, "/dvc")
        await until(pilot, lambda: line(pilot) == "dvc")
        assert (book.desk.open_book.changed, book.desk.marked) == (False, set())
        await pilot.press("escape", "right", "down")
        await until(pilot, lambda: book.editing and book.form.field is not None and book.form.field.name == "content")
        at_first = book.desk.open_book.book
        await at_once(pilot, "\rdover")
        await until(
            pilot, lambda: isinstance(app.screen, EntryText) and "dover" in app.screen.query_one(FoldedArea).text
        )
        assert book.desk.open_book.book == at_first
        asked = next(one for one in app.workers if one.group == ASKING)
        assert asked in await asyncio.wait_for(until_there(app, frozenset()), 0.5), "who writes waits for nothing"
        app.screen.query_one(FoldedArea).text = book.table.rows[0].entry.content
        await pilot.press("escape", "escape", "escape")
        await until(pilot, lambda: app.chat.is_current)

        await typed(pilot, "/lorebooks", "enter")
        await until(pilot, lambda: isinstance(app.screen, LorebooksScreen) and bool(app.screen.query_one(RowList).rows))
        await at_once(pilot, "/new")
        await until(pilot, lambda: line(pilot) == "new")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.chat.is_current)

        await typed(pilot, "/personas", "enter")
        await until(pilot, lambda: isinstance(app.screen, PersonasScreen) and bool(app.screen.query_one(RowList).rows))
        await at_once(pilot, "nAnd")
        await until(pilot, lambda: line(pilot) == "And")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.chat.is_current)

        await typed(pilot, "/home", "enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen) and len(app.screen.query_one(RowList).rows) > 4)
        await at_once(pilot, "WREn")
        await until(pilot, lambda: line(pilot, "filter") == "WREn")
