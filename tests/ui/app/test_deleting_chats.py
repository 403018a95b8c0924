"""The open chat is deleted from the composer and from Home, and comes back with what was typed in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.pilot import Pilot

from tavern_tui.session.chat_files import deleted_chats
from tavern_tui.session.coming_back import PlaceKeeper
from tavern_tui.session.opening import Wishes
from tavern_tui.session.privacy import toggle_private
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.home import HomeScreen
from tavern_tui.ui.screens.home_rows import CHAT
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.story import StoryScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled, texts, typed
from tests.ui.story.written import BEGINNING, Sitting, wrote


def is_open(app: TavernApp) -> str:
    """The id of the open chat."""
    return app.chat.open_session.log.chat_id


async def left(app: TavernApp, pilot: Pilot[int], before: str) -> None:
    """Wait until another chat than that with the id ``before`` is open."""
    while app.chat.session is None or is_open(app) == before:
        await settled(pilot)
    await settled(pilot)


async def choices(app: TavernApp, pilot: Pilot[int]) -> list[str]:
    """The titles of the rows that are asked about, once they are there."""
    while not isinstance(app.screen, RowChoice) or not app.screen.is_mounted:
        await pilot.pause(0.01)
    return [row.title for row in app.screen.query_one(RowList).rows]


async def test_the_open_chat_is_deleted_and_comes_back_with_its_draft(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "Yes.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Is it far?", "enter")
        name, title, path = is_open(app), app.chat.open_session.tree.title, app.chat.open_session.log.path
        elsewhere = PlaceKeeper(evening.directories.state, terminal="another")
        await elsewhere.open(app.chat.open_session.log)
        await typed(pilot, "/delchat", "enter")
        while not any("is open in another terminal" in text for text in texts(app)):
            await settled(pilot)
        assert (is_open(app), path.exists()) == (name, True)  # refused: it goes on
        await elsewhere.close()

        await typed(pilot, "Wait for")
        app.call_later(app.chat.run_typed, "chat.delete")
        await left(app, pilot, name)
        assert any(text == f"{title} is in the trash: /undelete brings it back." for text in texts(app))
        assert app.chat.composer.is_empty

        await asyncio.to_thread(toggle_private, app.workspace, chat=path.stem)
        await typed(pilot, "/undelete", "enter")
        while hint(app) != "No chat is in the trash.":  # one that is private is in no list
            await settled(pilot)
        app.shows_private = True
        new = is_open(app)
        await typed(pilot, "", "ctrl+u")
        await typed(pilot, "/undelete", "enter")
        assert await choices(app, pilot) == [title]
        assert (row := app.screen.query_one(RowList).rows[0]).detail.startswith("Wren · deleted 20"), row
        await pilot.press("enter")
        await left(app, pilot, new)
        assert (is_open(app), app.chat.composer.full_text) == (name, "Wait for")

        app.call_later(app.chat.run_typed, "app.home")
        while not isinstance(app.screen, HomeScreen) or not app.screen.rows.rows:
            await pilot.pause(0.01)
        here = f"{CHAT}{app.chat.open_session.log.path.stem}"
        app.screen.rows.select([row.id for row in app.screen.rows.rows].index(here))
        await pilot.press("right")
        assert "Delete it, to the trash" in await choices(app, pilot)
        await pilot.press("D")
        await left(app, pilot, name)
        assert [one.title for one in await asyncio.to_thread(deleted_chats, app.workspace)] == [title]
        assert not isinstance(app.screen, HomeScreen)


async def test_a_story_keeps_what_was_just_written_and_an_incognito_chat_needs_no_trash(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path)
    async with sitting.sat() as (screen, pilot):
        app = pilot.app
        assert isinstance(app, TavernApp)
        story, path = is_open(app), app.chat.open_session.log.path
        await wrote(pilot, " And now")
        app.call_later(app.chat.run_typed, "chat.delete")
        await left(app, pilot, story)
        assert not path.exists()
        assert screen not in app.screen_stack
        app.call_later(app.chat.run_typed, "chat.undelete")
        await choices(app, pilot)
        await pilot.press("enter")
        while not isinstance(app.screen, StoryScreen):
            await settled(pilot)
        assert "And now" in app.screen.story.document.text()
        assert BEGINNING in app.screen.story.document.text()

        app.open_chat(Wishes(character="Wren", incognito=True))
        await left(app, pilot, story)
        await typed(pilot, "/deletechat", "enter")
        assert hint(app) == "Nothing of this chat is kept · it is gone when you leave it"
