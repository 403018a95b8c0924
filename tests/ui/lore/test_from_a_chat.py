"""/lore and /lorebooks over a chat: the character's own book is opened, and what is changed is read from then on."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Static

from tavern_tui.ui.screens.lorebook import LorebookScreen
from tavern_tui.ui.screens.lorebooks import LorebooksScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled, typed
from tests.ui.screens.app import until


async def test_the_book_of_the_card_is_changed_in_a_copy_and_read_in_the_next_prompt(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "/lore no such book", "enter")
        await until(pilot, lambda: "There is no lorebook" in hint(app))
        await pilot.press("ctrl+u")
        await typed(pilot, "/lore", "enter")
        await until(pilot, lambda: isinstance(app.screen, LorebookScreen))
        screen = app.screen
        assert isinstance(screen, LorebookScreen)
        await until(pilot, lambda: screen.desk.list.now is not None)
        await pilot.press("space")
        await until(pilot, lambda: "a copy of your own" in str(screen.query_one("#told", Static).render()))
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.is_current)
        await settled(pilot)
        assert not app.chat.open_session.lorebooks[0].entries[0].enabled
        await typed(pilot, "/lorebooks", "enter")
        await until(pilot, lambda: isinstance(app.screen, LorebooksScreen))
        await until(pilot, lambda: len(app.screen.query_one(RowList).rows) > 1)
        assert app.screen.query_one(RowList).rows[0].title == "Wren (in the card)"
        await pilot.press("e")
        await until(pilot, lambda: "with that character" in str(app.screen.query_one("#told", Static).render()))
        await pilot.press("escape")
