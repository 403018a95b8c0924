"""Pages over the chat that belong to its prompt: the inspector, the author's note, quick replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from tavern_tui.domain.note import ChatNote
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.author_note import note_of
from tavern_tui.session.beside_cards import beside_of
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.author_note import AuthorNoteScreen
from tavern_tui.ui.screens.character import CharacterScreen
from tavern_tui.ui.screens.inspector import Inspector
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.long_text import LongText
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled, texts, typed


async def shown(app: TavernApp, pilot: Pilot[int], page: type[Screen[Any]]) -> None:
    """Wait until such a page lies over the chat."""
    while not isinstance(app.screen, page):
        await pilot.pause(0.01)


async def test_the_note_is_in_the_next_prompt_and_the_inspector_shows_it(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.", "Again.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await pilot.press("ctrl+n")
        await shown(app, pilot, AuthorNoteScreen)
        await pilot.press(*"Fog.", "escape")
        await settled(pilot)
        assert note_of(app.chat.open_session.tree) == ChatNote("Fog.")
        assert hint(app).startswith("The author's note is kept")
        await pilot.press("ctrl+t")
        await shown(app, pilot, Inspector)
        listed = {row.title for row in app.screen.query_one("#parts", RowList).rows}
        assert any(title.startswith("author's note") for title in listed)
        await pilot.press("ctrl+t")
        assert app.chat.is_current
        await typed(pilot, "/note Rain.", "enter")
        assert note_of(app.chat.open_session.tree).text == "Rain."


async def test_the_note_on_the_character_is_at_the_same_key_and_its_card_one_step_further(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await pilot.press("ctrl+n")
        await shown(app, pilot, AuthorNoteScreen)
        await pilot.press("tab", "right", "tab", *"Tired.", "ctrl+n")
        await settled(pilot)
        assert hint(app) == "Your note on Wren is kept, for every chat"
        notes = [part.body for part in (await app.chat.open_session.plan()).included if part.kind is PartKind.NOTE]
        assert notes == ["Tired."]
        assert beside_of(app.workspace, "Wren").note == "Tired."

        await pilot.press("ctrl+n")
        await shown(app, pilot, AuthorNoteScreen)
        await pilot.press("1", "tab", "right", "tab", "2", "tab", "down", "down", "enter")
        await shown(app, pilot, CharacterScreen)
        assert (note_of(app.chat.open_session.tree).text, beside_of(app.workspace, "Wren").note) == ("1", "Tired.2")
        field = app.screen.field if isinstance(app.screen, CharacterScreen) else None
        assert field is not None
        assert field.id == "note"


async def test_a_number_sends_a_quick_reply_and_digits_that_are_typed_are_text(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    folder = evening.directories.quick_replies
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text("- Look around.\n- /think off\n- label: nothing\n")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "", "escape", "1")
        while len(texts(app)) < 2:
            await pilot.pause(0.01)
        await settled(pilot)
        assert "Look around." in texts(app)
        assert "own.yaml: entry 3 has no message." in texts(app)
        await typed(pilot, "/quick 2", "enter")
        assert app.chat.open_session.options.think.value == "off"
        await typed(pilot, "/quick 7", "enter")
        assert hint(app).startswith("There is no quick reply 7")
        await pilot.press("ctrl+u")
        await typed(pilot, "", "escape")
        await pilot.press("1", "2", "3")
        await settled(pilot)
        assert app.chat.composer.full_text == "123"


async def test_o_goes_to_the_oldest_turn_that_was_read(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.", "Again.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "", "escape", "o")
        assert "Nothing is known of a prompt" in hint(app)
        await typed(pilot, "", "escape")
        await typed(pilot, "Hello", "enter")
        await typed(pilot, "", "escape", "o")
        await settled(pilot)
        first = next(iter(app.chat.open_session.tree.path()))
        assert app.chat.selection.turn == first.id


async def test_another_token_is_chosen_by_its_numbers_where_alternatives_were_kept(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await typed(pilot, "/token 3 1", "enter")
        assert "There is no such choice" in hint(app)
        await pilot.press("ctrl+u")
        await typed(pilot, "/token", "enter")
        await shown(app, pilot, TextPage)
        assert "Nothing was kept" in str(app.screen.query_one("#text", LongText)._lines[0])


async def test_a_swipe_is_shown_by_its_number(tmp_path: Path) -> None:
    async with Evening(tmp_path, "One.", "Two.", "Three.").begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await typed(pilot, "", "right")
        await typed(pilot, "", "right")
        await typed(pilot, "/swipe 1", "enter")
        assert texts(app)[-1] == "One."
        await typed(pilot, "/swipe 9", "enter")
        assert hint(app).startswith("This is swipe 1 of 3")
