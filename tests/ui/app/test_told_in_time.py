"""What status line, key bar and log say while something is done: true, whole, and for as long as it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.action import Preset, Where
from tavern_tui.config.keymap import preset_keymap
from tavern_tui.session.opening import Wishes
from tavern_tui.ui.chat import progress
from tavern_tui.ui.widgets.keybar import keybar_text
from tavern_tui.ui.widgets.status import Idle, Writing
from tests.ui.app.evening import Evening, hint, settled, texts, tree_texts, typed


async def test_that_a_turn_is_being_edited_is_said_until_the_edit_ends(tmp_path: Path) -> None:
    evening = Evening(tmp_path, ["She opens", 1.5, " the door."])
    async with evening.begun() as (app, pilot):
        await pilot.press("g", "o", "enter")
        while "She opens" not in texts(app)[-1:]:
            await pilot.pause(0.01)
        await pilot.press("up", "k")
        await pilot.press("e")
        while not app.chat.editor.turn:
            await pilot.pause(0.01)
        assert hint(app) == "Enter saves · Esc cancels · editing turn 2"
        await settled(pilot)
        assert tree_texts(app) == ["go", "She opens the door."]
        assert hint(app) == "Enter saves · Esc cancels · editing turn 2"
        await typed(pilot, "ne", "enter")
        assert tree_texts(app) == ["gone", "She opens the door."]
        assert "editing" not in hint(app)


async def test_another_hint_gives_way_to_what_is_being_edited(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        await typed(pilot, "", "up")
        await pilot.press("e")
        while not app.chat.editor.turn:
            await pilot.pause(0.01)
        app.chat.hint("Something else", seconds=0.01)
        while hint(app) == "Something else":
            await pilot.pause(0.01)
        assert hint(app).endswith("editing turn 1")


async def test_a_turn_that_was_emptied_keeps_its_text_and_the_way_to_delete_it_is_told(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await pilot.press("up")
        await pilot.press("e")
        while not app.chat.editor.turn:
            await pilot.pause(0.01)
        await typed(pilot, "", "ctrl+a", "ctrl+k", "enter")
        assert tree_texts(app) == ["Hello", "She nods."]
        assert hint(app) == "An empty text is not kept · d deletes a turn"


async def test_the_habit_of_saving_is_answered_once(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        await typed(pilot, "Hello", "ctrl+s")
        assert hint(app) == "Everything is already saved."
        app.chat.hint("")
        await typed(pilot, "", "ctrl+s", "ctrl+q")
        assert hint(app) == ""
        assert app.chat.composer.full_text == "Hello"


async def test_a_refusal_that_does_not_fit_the_line_is_read_whole_in_the_log(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun(size=(45, 30)) as (app, pilot):
        (tmp_path / "data" / "chats").rename(tmp_path / "gone")
        (tmp_path / "data" / "chats").write_text("no folder")
        await typed(pilot, "/redo", "enter")
        await typed(pilot, "", "up", "x")
        await pilot.pause(0.5)
        said = app.chat.mirror.log.entries[-1].text
        assert "a file stands where its folder should be" in said
        assert "Move the file away" in said


async def test_the_way_back_that_is_told_after_deleting_can_be_gone(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await typed(pilot, "/delete", "enter")
        assert hint(app) == "Deleted 1 turn · /undo brings back"
        await typed(pilot, "/undo", "enter")
        await typed(pilot, "/delete", "enter")
        await typed(pilot, "/delete", "enter")
        assert app.chat.composer.full_text == "Hello"
        assert hint(app) == "Deleted 1 turn · ctrl+p Undo brings back"
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        await typed(pilot, "undo", "enter")
        await pilot.pause(0.2)
        assert tree_texts(app) == ["Hello"]


async def test_the_way_back_is_the_one_that_acts_where_the_user_is_by_then(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.", "She smiles.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await typed(pilot, "", "up", "x")
        await pilot.pause(0.4)
        assert hint(app) == "The model no longer reads it · u undoes"
        await typed(pilot, "", "escape")
        assert hint(app) == "The model no longer reads it · /undo undoes"
        await typed(pilot, "And", "enter")
        assert hint(app) == ""


async def test_a_selected_reply_stays_selected_when_it_is_saved(tmp_path: Path) -> None:
    evening = Evening(tmp_path, ["She opens", 0.3, " the door."])
    async with evening.begun() as (app, pilot):
        await pilot.press("g", "o", "enter")
        while "She opens" not in texts(app)[-1:]:
            await pilot.pause(0.01)
        await pilot.press("up")
        await settled(pilot)
        await typed(pilot, "", "k")
        await pilot.pause(0.4)
        path = app.chat.open_session.tree.path()
        assert app.chat.selection.turn == path[-2].id


async def test_a_command_that_there_is_not_is_named_at_any_width(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun(size=(45, 13)) as (app, pilot):
        await typed(pilot, "/nonsense", "enter")
        assert hint(app) == "There is no /nonsense. /help shows them all"
        assert app.chat.composer.full_text == "/nonsense"


async def test_a_chat_that_could_not_be_opened_is_not_said_to_be_opening(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun(app=evening.app(wishes=Wishes(character="Nobody"))) as (app, pilot):
        await typed(pilot, "Hello", "enter")
        assert hint(app) == "No chat is open · /characters lists them"
        assert app.chat.composer.full_text == "Hello"


def test_no_key_is_offered_that_is_refused_while_a_reply_is_written() -> None:
    row = keybar_text(preset_keymap(Preset.DEFAULT), {Where.TURN, Where.REPLYING}, 200).plain
    assert "Edit" in row
    assert "Copy" in row
    assert not {"Swipe", "Retry", "Continue", "Delete", "Undo", "Branch"} & set(row.split())


async def test_a_reply_that_stands_still_tells_no_speed_until_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENT_SECONDS", 0.05)
    async with Evening(tmp_path, ["She ", "opens", 0.6, " the door."]).begun() as (app, pilot):
        await pilot.press("g", "o", "enter")
        while not (isinstance(phase := app.chat.progress.status.phase, Writing) and phase.silent):
            await pilot.pause(0.01)
            assert texts(app) != ["go", "She opens the door."], "it was told too late"
        await settled(pilot)
        assert isinstance(app.chat.progress.status.phase, Idle)
