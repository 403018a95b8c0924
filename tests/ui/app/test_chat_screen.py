"""The chat screen as a whole: what is typed becomes turns, what the model writes is shown, and both are on disk."""

from __future__ import annotations

import re
from pathlib import Path

from textual.events import Key, Paste

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.ui.chat.editing import save_edit
from tests.ui.app.evening import Evening, hint, settled, texts, tree_texts, typed


async def test_a_message_is_answered(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        assert texts(app) == tree_texts(app) == ["Hello", "She nods."]
        assert app.chat.composer.is_empty


async def test_what_the_next_reply_reads_is_told_after_a_reply_and_why_after_an_edit(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        for _ in range(3):
            await typed(pilot, "Hello", "enter")
        status = app.chat.progress.status
        assert re.fullmatch(r"reads \d\d? of [\d,]+", status.cost)
        assert status.cost_why == ""
        await save_edit(app.chat, app.chat.open_session.tree.path()[0].id, "Other words stand here now.")
        await settled(pilot)
        assert re.fullmatch(r"reads \d{3} of [\d,]+ · Wren's turn 1 was edited", app.chat.progress.status.cost_why)


async def test_an_empty_composer_lets_the_character_speak(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "", "enter")
        assert texts(app) == ["She nods."]


async def test_the_right_arrow_writes_another_reply_and_the_left_one_goes_back(tmp_path: Path) -> None:
    async with Evening(tmp_path, "One.", "Two.").begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await typed(pilot, "", "right")
        assert texts(app) == ["Go", "Two."]
        assert (app.chat.mirror.log.entries[-1].swipe, app.chat.mirror.log.entries[-1].swipes) == (2, 2)
        await typed(pilot, "", "left")
        assert texts(app) == tree_texts(app) == ["Go", "One."]
        assert app.chat.mirror.log.entries[-1].swipe == 1
        await typed(pilot, "", "left")
        assert hint(app) == "This is the first swipe."
        await typed(pilot, "", "right")
        assert hint(app) == "", "that is over"


async def test_a_swipe_of_a_turn_that_others_followed_says_that_they_stay(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await typed(pilot, "", "escape", "g", "right")
        assert texts(app) == []
        assert hint(app) == "2 turns stay with the other swipe"
        await typed(pilot, "", "left")
        assert texts(app) == ["Go", "She nods."]
        assert hint(app) == ""


async def test_a_swipe_with_a_number_writes_so_many_and_shows_the_first(tmp_path: Path) -> None:
    async with Evening(tmp_path, "One.", "Two.", "Three.").begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await typed(pilot, "/swipes 2", "enter")
        assert texts(app) == tree_texts(app) == ["Go", "Two."]
        assert (app.chat.mirror.log.entries[-1].swipe, app.chat.mirror.log.entries[-1].swipes) == (2, 3)
        await typed(pilot, "/swipes often", "enter")
        assert "/swipes 3 writes three" in hint(app)


async def test_greetings_go_round_and_are_never_written_anew(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        greetings = len(app.chat.open_session.tree.siblings(app.chat.open_session.tree.tip))
        assert greetings > 1
        await typed(pilot, "", "left")
        assert app.chat.mirror.log.entries[-1].swipe == greetings
        await typed(pilot, "", "right")
        assert app.chat.mirror.log.entries[-1].swipe == 1
        assert not evening.engine.requests


async def test_continue_grows_the_last_reply(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She waits.", " Then she rows.").begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await typed(pilot, "", "ctrl+g")
        assert texts(app) == ["Go", "She waits. Then she rows."]


async def test_escape_stops_the_reply_and_keeps_its_text(tmp_path: Path) -> None:
    evening = Evening(tmp_path, ["She opens the door", 60.0, " and waits."])
    async with evening.begun() as (app, pilot):
        await pilot.press("g", "o", "enter")
        while not texts(app) or "She opens" not in texts(app)[-1]:
            await pilot.pause(0.01)
        await typed(pilot, "", "escape")
        assert tree_texts(app)[-1].startswith("She opens the door")
        assert not app.chat.busy


async def test_a_broken_link_offers_to_go_on(tmp_path: Path) -> None:
    broken = EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)
    evening = Evening(tmp_path, ["She opens", broken], " the door.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        assert "c continues" in texts(app)[-1]
        assert tree_texts(app) == ["Go", "She opens"]
        await typed(pilot, "", "c")
        assert texts(app) == ["Go", "She opens the door."]


async def test_any_other_letter_types_while_a_problem_is_shown(tmp_path: Path) -> None:
    broken = EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)
    async with Evening(tmp_path, ["She opens", broken]).begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await typed(pilot, "Wc")
        assert app.chat.composer.full_text == "Wc"


async def test_a_server_that_is_down_keeps_the_message_and_enter_tries_again(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    evening.engine.refuse_connection = EngineError(
        "rig:5001 does not answer (connection refused).", fault=EngineFault.UNREACHABLE
    )
    app = evening.app()
    async with app.run_test(size=(80, 24)) as pilot:
        while app.chat.session is None:
            await pilot.pause(0.01)
        await pilot.press("H", "i", "enter")
        while not any("Enter tries again" in text for text in texts(app)):
            await pilot.pause(0.01)
        assert tree_texts(app) == ["Hi"]
        evening.engine.refuse_connection = None
        await pilot.press("enter")
        while app.chat.busy:
            await pilot.pause(0.01)
        assert texts(app) == tree_texts(app) == ["Hi", "She nods."]


async def test_enter_during_a_reply_keeps_the_text_and_a_second_enter_queues_it(tmp_path: Path) -> None:
    evening = Evening(tmp_path, ["One", 0.6, " more."], "Two.")
    async with evening.begun() as (app, pilot):
        await pilot.press("A", "enter")
        while not app.chat.busy:
            await pilot.pause(0.01)
        await pilot.press("B", "enter")
        assert app.chat.composer.full_text == "B"
        assert "Enter again queues" in hint(app)
        await pilot.press("enter")
        assert app.chat.composer.is_empty
        while len(tree_texts(app)) < 4:
            await pilot.pause(0.02)
        assert tree_texts(app) == ["A", "One more.", "B", "Two."]


async def test_escape_takes_back_what_was_queued_before_it_stops_the_reply(tmp_path: Path) -> None:
    evening = Evening(tmp_path, ["One", 60.0])
    async with evening.begun() as (app, pilot):
        await pilot.press("A", "enter")
        while not app.chat.busy:
            await pilot.pause(0.01)
        await pilot.press("B", "enter", "enter", "escape")
        assert app.chat.composer.full_text == "B"
        assert app.chat.busy
        await typed(pilot, "", "escape")
        assert not app.chat.busy


async def test_a_second_enter_right_after_sending_asks_for_nothing(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "One.", "Two.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "A", "enter")
        app.chat.outbox._sent_at = app.chat.now()
        await typed(pilot, "", "enter")
        assert tree_texts(app) == ["A", "One."]


async def test_commands_are_no_messages_and_unknown_ones_are_kept(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "/length 64", "enter")
        assert app.chat.open_session.options.response_tokens == 64
        await typed(pilot, "/preset creative", "enter")
        assert app.chat.open_session.options.preset.name == "creative"
        assert texts(app)[-1].startswith("temperature 1.1")
        assert texts(app)[-1].endswith(" · The preset is creative in this chat from now on")
        await typed(pilot, "/preset", "enter")
        assert "balanced, neutral" in texts(app)[-1]
        await typed(pilot, "/lenght", "enter")
        assert "/length" in hint(app)
        assert app.chat.composer.full_text == "/lenght"
        assert not evening.engine.requests


async def test_the_draft_comes_back_after_the_program_was_killed(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Dear Wren")
        app.chat.whereabouts = None  # as if nothing more were run: no clean end
        await pilot.pause(1.2)
    async with evening.begun() as (app, _):
        assert app.chat.composer.full_text in ("Dear Wren", "")


async def test_a_new_chat_begins_and_the_old_one_is_there_again_by_the_list(tmp_path: Path) -> None:
    async with Evening(tmp_path, "One.").begun() as (app, pilot):
        await typed(pilot, "A", "enter")
        await typed(pilot, "/new", "enter")
        await settled(pilot)
        assert texts(app) == []
        await typed(pilot, "/characters", "enter")
        await pilot.pause(0.2)
        assert app.screen is not app.chat


async def test_ctrl_c_quits_on_the_second_press(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        await pilot.press("ctrl+c")
        assert hint(app) == "Press ctrl+c again to quit"
        assert app.is_running
        await pilot.press("ctrl+c")
        assert app.return_value == 0


async def test_keys_and_pastes_that_come_at_once_keep_their_order(tmp_path: Path) -> None:
    async with Evening(tmp_path, "One.", "Two.").begun() as (app, pilot):
        for event in (*(Key(letter, letter) for letter in "Hix"), Key("backspace", None), Key("enter", "\r")):
            app.post_message(event)
        await pilot.pause()
        await settled(pilot)
        assert tree_texts(app) == ["Hi", "One."]
        pasted: list[Key | Paste] = [Paste("A line\nand more"), Key("enter", "\r")]
        for step in pasted:
            app.post_message(step)
        await pilot.pause()
        await settled(pilot)
        assert tree_texts(app)[2:] == ["A line\nand more", "Two."]


async def test_what_is_no_command_is_said_to_be_none(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        await typed(pilot, "/summon", "enter")
        assert "There is no /summon" in hint(app)


async def test_the_status_line_names_the_chat_by_what_was_said_once_it_has_a_name(tmp_path: Path) -> None:
    async with Evening(tmp_path, "One.", "Two.", "Three.").begun() as (app, pilot):
        title = app.chat.open_session.tree.title
        assert title == f"Wren {app.chat.progress.status.chat}"
        for said in ("The lamp is out. Is it you?", "And now", "Then"):
            await typed(pilot, said, "enter")
        await pilot.pause(0.3)
        assert app.chat.progress.status.chat == "The lamp is out."
