"""What regex scripts make of the chat log on screen, and what the app tells of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session import regex_scripts
from tavern_tui.session.opening import Wishes
from tavern_tui.ui.chat.editing import save_edit
from tavern_tui.ui.chat.mirror import Mirror
from tavern_tui.ui.chatlog.entries import EntryKind
from tests.ui.app.evening import Evening, texts, tree_texts, typed
from tests.ui.app.test_finding import until

SHOWN: dict[str, Any] = {
    "scriptName": "Stars",
    "findRegex": "/\\*(.+?)\\*/g",
    "replaceString": "($1)",
    "placement": [1, 2],
    "markdownOnly": True,
}


def put(directories: Directories, **changes: Any) -> None:
    """A script among the user's own."""
    directories.regex_scripts.mkdir(parents=True)
    (directories.regex_scripts / "stars.json").write_text(json.dumps({**SHOWN, **changes}))


async def test_the_log_shows_what_scripts_for_the_screen_make_and_the_chat_keeps_its_source(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "*She nods.* Yes.")
    put(evening.directories)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "*waves*", "enter")
        assert texts(app) == ["(waves)", "(She nods.) Yes."]
        assert tree_texts(app) == ["*waves*", "*She nods.* Yes."]
    async with evening.begun() as (app, pilot):
        assert texts(app) == ["(waves)", "(She nods.) Yes."]


async def test_a_turn_that_newer_ones_push_over_a_depth_is_shown_anew(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "*One.*", "*Two.*")
    put(evening.directories, minDepth=2)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "*a*", "enter")
        assert texts(app) == ["*a*", "*One.*"]
        await typed(pilot, "*b*", "enter")
        assert texts(app) == ["(a)", "(One.)", "*b*", "*Two.*"]


async def test_an_edit_begins_with_the_source_and_its_result_is_shown_through_scripts(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "Yes.")
    put(evening.directories)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "*waves*", "enter")
        (turn,) = [turn for turn in app.chat.open_session.tree.path() if turn.text == "*waves*"]
        await save_edit(app.chat, turn.id, "*bows* Hi.")
        await pilot.pause()
        assert texts(app)[0] == "(bows) Hi."
        assert tree_texts(app)[0] == "*bows* Hi."


async def test_a_card_with_scripts_is_told_of_while_they_are_not_allowed(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    evening.directories.characters.mkdir(parents=True)
    data = {"name": "Vex", "first_mes": "*Hm.*", "extensions": {"regex_scripts": [SHOWN]}}
    card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    (evening.directories.characters / "vex.json").write_text(json.dumps(card))
    async with evening.begun(app=evening.app(wishes=Wishes(character="Vex"))) as (app, _):
        entries = [entry.text for entry in app.chat.mirror.log.entries]
        assert "*Hm.*" in entries
        assert any("regex script, which is off" in text and "regex allow Vex" in text for text in entries)


async def test_turns_that_opening_a_chat_had_no_time_for_are_shown_through_scripts_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, _):
        log = app.chat.open_session.log
        for number in range(50):
            log.append(TurnAdded(log.tree.tip, Speaker.USER, "Alex", f"*{number}*"))
        await app.leave()
    put(evening.directories)
    usual = Mirror.load

    def hurried(mirror: Mirror, tree: ChatTree) -> None:
        with monkeypatch.context() as now:
            now.setattr(regex_scripts, "SECONDS_TO_SHOW", 0.0)
            usual(mirror, tree)
        assert texts_of(mirror) == [f"*{number}*" for number in range(50)]

    monkeypatch.setattr(Mirror, "load", hurried)
    async with evening.begun() as (app, pilot):
        await until(pilot, lambda: texts_of(app.chat.mirror) == [f"({number})" for number in range(50)])


def texts_of(mirror: Mirror) -> list[str]:
    """The texts of the user's turns on screen."""
    return [entry.text for entry in mirror.log.entries if entry.kind is EntryKind.USER]
