"""A file dropped on the terminal becomes the command that brings it in; Enter runs it, and nothing else does."""

from __future__ import annotations

from pathlib import Path

from textual.events import Paste

from tavern_tui.ui.screens.importing import ImportScreen
from tests.fuzz import CORPUS
from tests.ui.app.evening import Evening, hint, settled
from tests.ui.screens.app import until


async def test_a_dropped_file_is_brought_in_by_enter(tmp_path: Path) -> None:
    card = tmp_path / "my card.png"
    card.write_bytes((CORPUS / "cards" / "v3.png").read_bytes())
    async with Evening(tmp_path).begun() as (app, pilot):
        app.post_message(Paste("/nowhere/at/all.png"))
        await settled(pilot)
        assert app.chat.composer.text == "/nowhere/at/all.png"
        app.chat.composer.clear()
        app.post_message(Paste(str(card).replace(" ", "\\ ")))
        await until(pilot, lambda: app.chat.composer.text == f"/import {card}")
        assert hint(app) == "Import? Enter does · Esc: only the text"
        await pilot.press("escape")
        assert (app.chat.composer.text, hint(app)) == (str(card), "")
        await pilot.press("ctrl+z", "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportScreen))
        await until(pilot, lambda: "Bring this?" in str(app.screen.query_one("#question").render()))
        await pilot.press("enter")
        await until(pilot, lambda: "What came" in str(app.screen.query_one("#question").render()))
        await pilot.press("escape")
        await settled(pilot)
        assert [one.name for one in app.workspace.characters() if not one.shipped] != []
