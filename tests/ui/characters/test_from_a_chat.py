"""/character and /personas over a chat: what is changed there is read from the next prompt on."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input, Static

from tavern_tui.ui.screens.character import CharacterScreen
from tavern_tui.ui.screens.home import HomeScreen
from tavern_tui.ui.screens.persona import PersonaScreen
from tavern_tui.ui.screens.personas import PersonasScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled, typed
from tests.ui.characters.looks import pictured
from tests.ui.screens.app import until


async def test_what_is_changed_is_read_in_the_next_prompt(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "/character nobody at all", "enter")
        await until(pilot, lambda: "nobody at all" in hint(app))
        await pilot.press("ctrl+u")
        await typed(pilot, "/characters", "enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen) and len(app.screen.query_one(RowList).rows) > 4)
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, CharacterScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.is_current)
        await typed(pilot, "/character", "enter")
        await until(pilot, lambda: isinstance(app.screen, CharacterScreen))
        await until(pilot, lambda: len(app.screen.query_one(RowList).rows) > 1)
        screen = app.screen
        assert isinstance(screen, CharacterScreen)
        rows = screen.query_one(RowList)
        rows.select([row.title for row in rows.rows].index("Scenario"))
        await pilot.press("enter", *"At sea.", "escape")
        await until(pilot, lambda: "a copy of your own" in str(screen.query_one("#told", Static).render()))
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.is_current)
        await settled(pilot)
        assert app.chat.open_session.character.scenario == "At sea."

        await typed(pilot, "/personas", "enter")
        await until(pilot, lambda: isinstance(app.screen, PersonasScreen))
        await until(pilot, lambda: len(app.screen.query_one(RowList).rows) > 1)
        await pilot.press("n")
        app.screen.query_one("#entry", Input).value = "Ash"
        await pilot.press("enter")
        await until(pilot, lambda: "Ash" in [row.title for row in app.screen.query_one(RowList).rows])
        await pilot.press("c")
        await until(pilot, lambda: app.chat.open_session.persona.name == "Ash")
        await until(pilot, lambda: "from now on" in str(app.screen.query_one("#note", Static).render()))
        await pictured(pilot, "personas")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PersonaScreen))
        await until(pilot, lambda: "tokens" in app.screen.query_one(RowList).rows[2].right)
        await pilot.press("down", "down", "down", "right")
        await until(pilot, lambda: "Saved: place." in str(app.screen.query_one("#note", Static).render()))
        await pictured(pilot, "persona")
        await pilot.press("u")
        await until(pilot, lambda: "Taken back: place." in str(app.screen.query_one("#note", Static).render()))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PersonasScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.is_current)
        await settled(pilot)
