"""What is said beside messages: by the narrator, as a comment, in another name, by the model for its user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.events import Speaker
from tavern_tui.ui.chat.saying_actions import name_and_text
from tests.ui.app.evening import Evening, hint, settled, texts, typed


async def until(pilot: Pilot[int], met: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not met():
        await pilot.pause(0.01)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("Tom: What now?", ("Tom", "What now?")),
        ("Old Tom: It is late: go.", ("Old Tom", "It is late: go.")),
        ("name=Tom What now?", ("Tom", "What now?")),
        ('name="Old Tom" What now?', ("Old Tom", "What now?")),
        ('"Old Tom" What now?', ("Old Tom", "What now?")),
        ("Tom:\nTwo\nlines", ("Tom", "Two\nlines")),
        ("What now", ("", "")),
        ("Tom:", ("", "")),
        ("", ("", "")),
    ],
    ids=str,
)
def test_who_speaks_is_written_as_in_a_play_or_as_in_sillytavern(told: str, found: tuple[str, str]) -> None:
    assert name_and_text(told) == found


async def test_what_is_said_beside_messages_is_a_turn_that_nobody_answers(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        session = app.chat.open_session
        before = len(session.tree.path())
        await typed(pilot, "/sys Rain begins for {{user}}.", "enter")
        await typed(pilot, "/comment Find a better name for the ferry.", "enter")
        await typed(pilot, "/sendas name=Tom Who is there?", "enter")
        await typed(pilot, "/put It is me.", "enter")
        await settled(pilot)
        told = session.tree.path()[before:]
        assert [(turn.speaker, turn.name, turn.hidden) for turn in told] == [
            (Speaker.NARRATOR, "Narrator", False),
            (Speaker.NARRATOR, "Comment", True),
            (Speaker.CHARACTER, "Tom", False),
            (Speaker.USER, session.persona.name, False),
        ]
        assert told[0].text == f"Rain begins for {session.persona.name}."
        await typed(pilot, "/trigger", "enter")
        await settled(pilot)
        assert texts(app)[-1] == "She nods."
        plan = await session.plan()
        assert "Rain begins" in plan.text
        assert "better name" not in plan.text
        await typed(pilot, "/comment", "enter")
        assert "/comment and a note" in hint(app)
        await typed(pilot, "/renamechat  By the  river", "enter")
        assert session.tree.title == "By the river"


async def test_a_word_out_of_character_is_said_in_any_chat_and_answered(tmp_path: Path) -> None:
    async with Evening(tmp_path, "Of course.").begun() as (app, pilot):
        await typed(pilot, "/ooc shorter, please", "enter")
        assert texts(app) == ["(Out of character: shorter, please)", "Of course."]
        await typed(pilot, "/ooc", "enter")
        assert hint(app).startswith("/ooc and a word")


async def test_tab_completes_the_names_of_the_chat(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "/sendas Tomasz: Who is there?", "enter")
        await typed(pilot, "I wave to wr", "tab")
        assert app.chat.composer.full_text == "I wave to Wren"
        await pilot.press("ctrl+u")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Tom", "tab")
        assert app.chat.composer.full_text == "Tomasz"


async def test_the_model_writes_the_users_turn_into_the_composer_and_it_is_not_sent(tmp_path: Path) -> None:
    async with Evening(tmp_path, "I take the oar.", "").begun() as (app, pilot):
        session = app.chat.open_session
        before = len(session.tree.path())
        await typed(pilot, "/impersonate", "enter")
        await settled(pilot)
        await until(pilot, lambda: not app.chat.replying)
        assert app.chat.composer.full_text == "I take the oar."
        assert len(session.tree.path()) == before
        assert "Enter sends it" in hint(app)
        app.chat.composer.take()
        await typed(pilot, "/imp", "enter")
        await settled(pilot)
        await until(pilot, lambda: not app.chat.replying)
        assert app.chat.composer.is_empty
        assert "wrote nothing" in hint(app)


async def test_esc_keeps_what_the_model_has_written_for_its_user_and_a_fault_gives_the_composer_back(
    tmp_path: Path,
) -> None:
    gone = EngineError("rig:5001 does not answer.", fault=EngineFault.UNREACHABLE)
    evening = Evening(tmp_path, ["I take", 30.0, " the oar."], [gone])
    async with evening.begun() as (app, pilot):
        await typed(pilot, "/impersonate", "enter")
        await until(pilot, lambda: app.chat.composer.full_text == "I take")
        await pilot.press("escape")
        await until(pilot, lambda: not app.chat.replying)
        assert app.chat.composer.full_text == "I take"
        app.chat.composer.take()
        await typed(pilot, "/impersonate", "enter")
        await until(pilot, lambda: not app.chat.replying and "does not answer" in hint(app))
        assert app.chat.composer.full_text == "/impersonate", "to be asked for again"
