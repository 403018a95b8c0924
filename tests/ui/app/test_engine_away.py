"""What is said while nobody can write: true of the fault, and never in the place of what became of a message."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.widgets.status import Away, Idle, Waiting
from tests.ui.app.evening import Evening, hint, settled, texts, tree_texts, typed
from tests.ui.screens.app import until


def refusing(evening: Evening, fault: EngineFault) -> TavernApp:
    """An app whose engine cannot be used for now."""
    evening.engine.refuse_connection = EngineError(f"It is {fault.value}.", fault=fault)
    return evening.app()


async def test_a_server_that_loads_is_not_said_to_be_silent(tmp_path: Path) -> None:
    app = refusing(Evening(tmp_path), EngineFault.LOADING)
    async with app.run_test(size=(80, 24)) as pilot:
        while not isinstance(app.chat.progress.status.phase, Waiting):
            await pilot.pause(0.01)
        assert app.chat.progress.status.phase == Waiting("the server is loading its model")


async def test_a_server_that_is_gone_is_said_to_be_silent(tmp_path: Path) -> None:
    app = refusing(Evening(tmp_path), EngineFault.UNREACHABLE)
    async with app.run_test(size=(80, 24)) as pilot:
        while not isinstance(app.chat.progress.status.phase, Away):
            await pilot.pause(0.01)
        assert "trying again every 10 s" in texts(app)[-1]


async def test_a_server_that_answers_with_a_refusal_is_not_said_to_be_silent(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun(app=refusing(evening, EngineFault.KEY_REFUSED)) as (app, _):
        assert app.chat.progress.status.phase == Idle()
        assert "c other engine" in texts(app)[-1]


async def test_what_became_of_a_message_is_not_replaced_by_news_of_the_engine(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun(app=refusing(evening, EngineFault.KEY_REFUSED)) as (app, pilot):
        await typed(pilot, "Hello", "enter")
        assert "Your message is saved." in texts(app)[-1]
        app.chat.look_for_engine()
        await settled(pilot)
        assert "Your message is saved." in texts(app)[-1]
        evening.engine.refuse_connection = None
        app.chat.look_for_engine()
        await settled(pilot)
        assert "Your message is saved." in texts(app)[-1]


async def test_what_came_of_a_broken_reply_is_edited_or_kept_by_a_letter(tmp_path: Path) -> None:
    broken = EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)
    async with Evening(tmp_path, ["She opens", broken]).begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await until(pilot, lambda: texts(app)[-1].endswith("c continues · r tries again · e edits · k keeps it"))
        await pilot.press("e")
        await until(pilot, lambda: app.chat.composer.full_text == "She opens")
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.is_empty)
        await pilot.press("k")
        await until(pilot, lambda: texts(app) == tree_texts(app) == ["Go", "She opens"])
        await typed(pilot, "/keepreply", "enter")
        await until(pilot, lambda: "Nothing waits to be decided." in hint(app))


async def test_a_message_that_nobody_answered_is_edited_and_sent_again(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    app = refusing(evening, EngineFault.UNREACHABLE)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.chat.session is not None)
        await pilot.press(*"Helo", "enter")
        await until(pilot, lambda: texts(app)[-1].endswith("Enter tries again · c other engine · e edits"))
        await pilot.press("e")
        await until(pilot, lambda: app.chat.composer.full_text == "Helo")
        evening.engine.refuse_connection = None
        await pilot.press("backspace", "l", "o", "enter")
        await until(pilot, lambda: tree_texts(app) == ["Hello"])
        await pilot.press("enter")
        await until(pilot, lambda: texts(app) == tree_texts(app) == ["Hello", "She nods."])
