"""What is remembered for a model comes back with it: between what a chat has set and what the settings say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.config.settings import Settings
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.preset import CREATIVE, Preset
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session.connection import Connection
from tavern_tui.session.model_habits import Habit, habit_for, habits, remember, with_context, with_habit
from tavern_tui.session.opening import remembered_habit
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.model_habits import NO_HABIT, ModelHabit
from tests.session.conftest import collect, fake_of

HABIT = Habit(Preset(CREATIVE), response_tokens=120, context_tokens=1024)


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    return Workspace.open()


def test_what_was_remembered_is_there_for_the_model_in_whatever_letters(workspace: Workspace) -> None:
    assert remembered_habit(workspace, "Tale-7B") is None
    name, kept = remember(workspace, "Tale-7B", {"preset": "Creative", "response_tokens": 120})
    assert (name, kept) == ("Tale-7B", ModelHabit("creative", 120))
    remember(workspace, "tale-7b", {"context_tokens": 1024})
    assert habit_for(workspace, "TALE-7B") == replace(HABIT, preset=habit_for(workspace, "tale-7b").preset)
    assert habits(workspace).of("another") == NO_HABIT


def test_what_is_let_go_of_is_forgotten(workspace: Workspace) -> None:
    remember(workspace, "tale-7b", {"preset": "creative", "response_tokens": 120})
    remember(workspace, "tale-7b", {"preset": None})
    assert habits(workspace).of("tale-7b") == ModelHabit(response_tokens=120)
    remember(workspace, "tale-7b", {"response_tokens": None})
    assert "tale" not in workspace.directories.model_habits.read_text()


def test_a_preset_that_is_not_there_is_refused_and_one_that_is_gone_is_told(workspace: Workspace) -> None:
    with pytest.raises(SettingsError, match="no sampler preset"):
        remember(workspace, "tale-7b", {"preset": "nobody's"})
    habits(workspace).keep("tale-7b", ModelHabit("gone", 120))
    assert "no sampler preset “gone”" in habit_for(workspace, "tale-7b").note


@pytest.mark.parametrize("text", ["[]", "{", '{"preset": 3, "response_tokens": true, "context_tokens": -4}'])
def test_what_cannot_be_understood_counts_as_nothing(workspace: Workspace, text: str) -> None:
    workspace.directories.model_habits.write_text(json.dumps({"f": 1, "models": {"tale-7b": text}}))
    assert habits(workspace).of("tale-7b") == NO_HABIT


def test_a_start_and_a_chat_count_for_more_than_a_model() -> None:
    usual = ReplyOptions()
    taken = with_habit(usual, HABIT, {})
    assert (taken.preset.name, taken.response_tokens) == ("creative", 120)
    asked = with_habit(replace(usual, asked=frozenset({"preset", "response_tokens"})), HABIT, {})
    assert (asked.preset, asked.response_tokens) == (usual.preset, 300)
    of_chat = with_habit(usual, HABIT, {"preset": "story", "response_tokens": 50})
    assert (of_chat.preset, of_chat.response_tokens) == (usual.preset, 300)


async def test_a_reply_is_made_with_what_is_remembered_and_another_models_is_not(session: ChatSession) -> None:
    engine = fake_of(session)
    known = {DEFAULT_INFO.model: HABIT}
    session.connection = Connection(engine, clock=lambda: 0.0, habits=known.get)
    await collect(session.reply("Hm?"))
    made = engine.requests[-1]
    assert (made.sampling.name, made.response_tokens) == ("creative", 150), "with the quarter to end a sentence in"
    engine.info = replace(DEFAULT_INFO, model="another")
    session.connection.doubt()
    await collect(session.reply("And?"))
    assert engine.requests[-1].sampling.name != "creative"


async def test_a_remembered_context_counts_for_more_than_the_settings_and_less_than_the_start() -> None:
    connection = Connection(FakeEngine(), clock=lambda: 0.0, habits=lambda _model: HABIT)
    assert (await connection.ready(context_tokens=512)).context_tokens == 1024
    assert (await connection.ready(context_tokens=512, sized=True)).context_tokens == 512


def test_the_embedded_engine_loads_a_model_with_its_own_context(workspace: Workspace) -> None:
    remember(workspace, "tale-7b", {"context_tokens": 4096})
    assert with_context(workspace, Settings(), "tale-7b").engine.context_tokens == 4096
    assert with_context(workspace, Settings(), "another") == Settings()
