"""What the app does about turns that are no longer read, and the notebook, which no model reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tavern_tui.domain.chat import ROOT
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import Event, Request
from tavern_tui.engines.fake import FakeEngine, Script
from tavern_tui.session.notebook import notebook_of
from tavern_tui.session.session import ChatSession
from tavern_tui.session.summaries import versions as kept
from tavern_tui.session.summaries.keeping import When, choice_of
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chat.memory_writing import tell_what_went
from tavern_tui.ui.screens.notebook import NotebookScreen
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.summaries import SummaryScreen, VersionScreen
from tests.ui.app.evening import Evening, hint, texts, typed
from tests.ui.app.test_finding import until

SAID = "We walk on along the river, past the mill and the old bridge, and nobody says a word for a long while."


class Sums(FakeEngine):
    """An engine that answers ``Yes.``, and with ``summary`` where it is asked for one."""

    summary: Script = "They walked along the river."

    def generate(  # type: ignore[override]
        self, request: Request
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Answer as the question is."""
        self._replies = (self.summary if self.asked(request) else "Yes.",)
        return super().generate(request)

    @staticmethod
    def asked(request: Request) -> bool:
        """Whether a summary is asked for."""
        return "Pause the story" in joined(request.prompt)


def evening(folder: Path) -> Evening:
    """One with that engine."""
    made = Evening(folder)
    made.engine = Sums()
    return made


async def talked(session: ChatSession, turns: int) -> None:
    """A chat of so many turns, without asking the engine for any."""
    parent = session.tree.tip or ROOT
    for number in range(turns):
        speaker = Speaker.CHARACTER if number % 2 else Speaker.USER
        (parent,) = await session.changes.write(TurnAdded(parent, speaker, "Wren" if number % 2 else "Alex", SAID))


def summed_up(app: TavernApp) -> list[str]:
    """The summaries that count."""
    return [one.text for one in kept.in_force(app.chat.open_session.tree)]


async def test_when_turns_have_left_it_asks_once_and_writes_what_it_is_told_to(tmp_path: Path) -> None:
    night = evening(tmp_path)
    async with night.begun() as (app, pilot):
        await talked(app.chat.open_session, 40)
        await typed(pilot, "Hello", "enter")
        await until(pilot, lambda: "no longer read" in texts(app)[-1])
        note = texts(app)[-1]
        assert note.startswith("Turns 1–")
        assert note.endswith(") · a always · n never")
        await typed(pilot, "", "s")
        await until(pilot, lambda: bool(summed_up(app)))
        assert summed_up(app) == ["They walked along the river."]
        await until(pilot, lambda: "summed up" in hint(app))
        assert "no longer read" not in texts(app)[-1]
        await typed(pilot, "And", "enter")
        assert "They walked along the river." in joined(night.engine.requests[-1].prompt)
        await typed(pilot, "/summary", "enter")
        assert isinstance(app.screen, SummaryScreen)
        await pilot.press(*"Mine.", "space", "escape")
        await until(pilot, lambda: summed_up(app) == ["Mine. They walked along the river."])
        await typed(pilot, "/summary", "enter")
        await pilot.press("tab")
        await pilot.pause()
        await pilot.press("down", *("right", "down") * 2, "enter")  # by itself; left as it is; versions
        await until(pilot, lambda: isinstance(app.screen, RowChoice))
        assert choice_of(app.chat.open_session.tree).when is When.ALWAYS
        assert kept.in_force(app.chat.open_session.tree)[-1].frozen
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, VersionScreen))
        await pilot.press("r")
        await until(pilot, lambda: summed_up(app) == ["They walked along the river."])


async def test_always_writes_behind_the_reply_a_message_stops_it_and_the_notebook_takes_lines(tmp_path: Path) -> None:
    night = evening(tmp_path)
    assert isinstance(night.engine, Sums)
    night.engine.summary = ("They walked", 3600.0, ".")
    async with night.begun() as (app, pilot):
        await talked(app.chat.open_session, 40)
        await typed(pilot, "/sumupalways", "enter")
        await until(pilot, lambda: bool(night.engine.requests))
        night.engine.summary = "They went far."
        await typed(pilot, "Go on", "enter")
        assert night.engine.aborted == 1
        await until(pilot, lambda: summed_up(app) == ["They went far."])
        assert [turn.text for turn in app.chat.open_session.tree.path()][-2:] == ["Go on", "Yes."]
        tell_what_went(app.chat, "Tom hid the silver key. They walked.", "They walked far.")
        assert "− Tom hid the silver key." in texts(app)[-1]
        await typed(pilot, "/notebook Anna lies.", "enter")
        assert notebook_of(app.chat.open_session.tree) == "Anna lies."
        await typed(pilot, "/notebook", "enter")
        assert isinstance(app.screen, NotebookScreen)
        await pilot.press("enter", *"Or not.", "escape")
        await until(pilot, lambda: notebook_of(app.chat.open_session.tree) == "Anna lies.\nOr not.")
