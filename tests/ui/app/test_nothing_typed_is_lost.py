"""Whatever is typed stands somewhere: in the composer, in the field that asked for it, or in the chat."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tavern_tui.domain.errors import StorageError
from tavern_tui.session.opening import Watch, Wishes
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chat.problems import A_COPY, OTHER_CHAT
from tavern_tui.ui.screens.story import StoryScreen
from tavern_tui.ui.widgets.find_bar import FindBar
from tests.ui.app.evening import Evening, hint, settled, texts, tree_texts, typed
from tests.ui.story.written import BEGINNING, Sitting


def at_once(pilot: Pilot[int], text: str) -> None:
    """Have all of ``text`` arrive in one read, Enter as a newline."""
    for letter in text:
        key = "enter" if letter == "\n" else _character_to_key(letter)
        pilot.app.post_message(Key(key, "\r" if letter == "\n" else letter))


async def writing(pilot: Pilot[int]) -> None:
    """Wait until a reply has begun to come."""
    app = pilot.app
    assert isinstance(app, TavernApp)
    while not texts(app) or not texts(app)[-1].startswith("She opens"):
        await pilot.pause(0.01)


async def test_a_command_typed_at_once_while_a_turn_is_selected_is_a_command(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await pilot.press("escape")
        at_once(pilot, "/length 200\n")
        await settled(pilot)
        assert hint(app) == "Replies have up to 200 tokens from now on"
        assert app.chat.composer.is_empty
        assert tree_texts(app) == []

        await pilot.press("escape")
        at_once(pilot, "/ch")
        await pilot.pause()
        assert app.chat.composer.full_text == "/ch"
        assert not app.chat.selection.turn


async def test_letters_that_come_with_the_key_that_finds_are_words_to_find(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        await pilot.press("ctrl+l")
        pilot.app.post_message(Key("ctrl+f", None))
        at_once(pilot, "/kettle")
        await pilot.pause()
        assert app.chat.query_one(FindBar).field.value == "/kettle"
        assert app.chat.composer.is_empty


async def test_what_is_refused_stays_in_the_composer(tmp_path: Path) -> None:
    evening = Evening(tmp_path, ["She opens the door", 60.0, " and waits."])
    async with evening.begun() as (app, pilot):
        for command in ("/length much", "/narrate", "/character Nobody", "/swipe 9"):
            await typed(pilot, command, "enter")
            while app.chat.composer.is_empty and command != "/narrate":
                await pilot.pause(0.01)
            assert app.chat.composer.full_text == ("" if command == "/narrate" else command)
            await pilot.press("ctrl+u")

        await pilot.press("g", "o", "enter")
        await writing(pilot)
        for command in ("/character", "/undo", "/continue", "/trigger", "/narrate Rain begins."):
            at_once(pilot, f"{command}\n")
            await pilot.pause()
            assert app.chat.composer.full_text == command
            assert hint(app) == "A reply is being written · Esc stops it"
            await pilot.press("ctrl+u")
        at_once(pilot, "/narrate Rain begins.\n")
        await pilot.press("escape")
        await settled(pilot)
        assert app.chat.composer.full_text == "/narrate Rain begins."
        await typed(pilot, "", "enter")
        assert tree_texts(app)[-1] == "Rain begins."


async def test_what_is_too_long_for_the_line_is_told_in_the_log(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun((45, 30)) as (app, pilot):
        app.chat.hint("The preset is balanced · /preset neutral, balanced, creative, precise, story chooses another")
        app.chat.hint("Replies have up to 200 tokens from now on")
        assert [text for text in texts(app) if "/preset neutral, balanced" in text]
        assert hint(app) == "Replies have up to 200 tokens from now on"
        await typed(pilot, "/persona", "enter")
        assert hint(app) == "You are Alex here · /personas makes another"
        await typed(pilot, "/summary write", "enter")
        await settled(pilot)
        sums = "The model still reads every turn · nothing is left to sum up"
        while sums not in (hint(app), texts(app)[-1]):
            await pilot.pause(0.01)


async def test_an_edit_that_the_disk_refuses_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        turn = app.chat.open_session.tree.tip

        async def full(*_: object) -> None:
            raise StorageError("Disk full: /home/a.", hint="Make room and try again.")

        monkeypatch.setattr(app.chat.open_session.changes, "edit", full)
        await typed(pilot, "", "escape")
        await typed(pilot, "", "e")
        while not app.chat.editor.turn:
            await pilot.pause(0.01)
        await typed(pilot, "Another beginning.", "home")
        await typed(pilot, "", "enter")
        assert app.chat.editor.turn == turn
        assert app.chat.composer.full_text.endswith("Another beginning.")
        monkeypatch.undo()
        await typed(pilot, "", "enter")
        assert app.chat.open_session.tree.turns[turn].text.endswith("Another beginning.")
        assert app.chat.composer.is_empty


async def edited(app: TavernApp, pilot: Pilot[int], *keys: str) -> None:
    """Press ``keys`` and wait until a turn is being edited."""
    await typed(pilot, "", *keys)
    while not app.chat.editor.turn:
        await pilot.pause(0.01)


async def test_an_edit_that_is_left_goes_on_where_it_was_after_a_restart_too(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await edited(app, pilot, "escape", "e")
        await typed(pilot, " Slowly.", "escape")
        assert hint(app) == "Left · e on it goes on with your text"
        assert (app.chat.composer.full_text, tree_texts(app)) == ("", ["Hello", "She nods."])
        await edited(app, pilot, "escape", "e")
        assert app.chat.composer.full_text == "She nods. Slowly."
        await typed(pilot, "", "ctrl+z")
        assert app.chat.composer.full_text == "She nods."
        await typed(pilot, "", "ctrl+y", "escape")
        await app.leave()
    async with evening.begun() as (app, pilot):
        assert app.chat.composer.is_empty
        await edited(app, pilot, "escape", "e")
        await typed(pilot, "", "enter")
        assert tree_texts(app) == ["Hello", "She nods. Slowly."]
        await edited(app, pilot, "escape", "e")
        await typed(pilot, "", "escape")
        assert hint(app) == "Left as it was"


async def test_what_was_written_in_an_editor_and_the_disk_refuses_stands_in_the_composer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nprintf "Another evening." > "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    async with Evening(tmp_path).begun() as (app, pilot):
        turn = app.chat.open_session.tree.tip

        async def full(*_: object) -> None:
            raise StorageError("Disk full: /home/a.", hint="Make room and try again.")

        monkeypatch.setattr(app.chat.open_session.changes, "edit", full)
        await edited(app, pilot, "escape", "E")
        while not hint(app).startswith("Disk full"):
            await pilot.pause(0.01)
        assert (app.chat.editor.turn, app.chat.composer.full_text) == (turn, "Another evening.")
        monkeypatch.undo()
        await typed(pilot, "", "enter")
        assert app.chat.open_session.tree.turns[turn].text == "Another evening."


async def test_a_reply_that_was_seen_is_not_new_to_the_next_terminal(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        place = tmp_path / "state" / "places"
        newest = app.chat.open_session.log.newest
        while not any(newest in kept.read_text() for kept in place.glob("*.json")):
            await pilot.pause(0.05)
        async with evening.begun() as (second, _):
            assert texts(second) == ["Hello", "She nods."]


async def test_a_message_that_begins_with_the_letter_of_an_offer_is_typed_whole(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        app.chat.problems.show(StorageError("Disk full: /home/a."), (OTHER_CHAT, A_COPY))
        assert app.chat.problems.action_for("c")
        at_once(pilot, "come in")
        await pilot.pause(0.5)
        assert app.chat.composer.full_text == "come in"
        assert app.screen is app.chat


async def test_nothing_is_put_over_what_is_typed_while_the_model_writes_for_its_user(tmp_path: Path) -> None:
    evening = Evening(tmp_path, ["I take", 0.3, " the oar", 0.3, " and row."])
    async with evening.begun() as (app, pilot):
        at_once(pilot, "/impersonate\n")
        while app.chat.composer.full_text != "I take":
            await pilot.pause(0.01)
        await pilot.press("!")
        while app.chat.replying:
            await pilot.pause(0.01)
        assert app.chat.composer.full_text == "I take!"


async def test_keys_pressed_while_the_chat_is_being_opened_are_done_when_it_is_there(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.", " Then she rows.")
    app = evening.app()
    ready, opener = threading.Event(), app._opener

    def slow(workspace: Workspace, wishes: Wishes, *, watch: Watch) -> ChatSession:
        ready.wait(60)
        return opener(workspace, wishes, watch=watch)

    app._opener = slow
    async with app.run_test(size=(80, 24)) as pilot:
        at_once(pilot, "Hello\n")
        pilot.app.post_message(Key("ctrl+g", None))
        at_once(pilot, "Bye")
        await pilot.pause()
        assert app.chat.composer.full_text == "Hello"
        ready.set()
        while app.chat.opening:
            await pilot.pause(0.01)
        await settled(pilot)
        assert tree_texts(app) == ["Hello", "She nods."]
        assert app.chat.composer.full_text == "Bye"


async def test_letters_typed_before_a_story_is_there_are_written_in_it(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path)
    app = sitting.app(wishes=Wishes(chat=sitting.chat))
    async with app.run_test(size=(80, 24)) as pilot:
        at_once(pilot, " And now?")
        await settled(pilot)
        assert isinstance(app.screen, StoryScreen)
        assert app.screen.story.document.text().endswith(f"{BEGINNING}\n\n And now?")
        assert app.chat.composer.is_empty
