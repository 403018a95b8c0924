"""Where the app opens, and what suits the terminal that it opens in."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from textual.content import Content
from textual.css.stylesheet import Stylesheet
from textual.events import AppBlur
from textual.pilot import Pilot

from tavern_tui.config.action import Preset
from tavern_tui.engines.base import ReasoningArrived
from tavern_tui.engines.fake import FakeEngine
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chat.actions import RUNNABLE, load_actions
from tavern_tui.ui.terminal.profile import FAR, LOCAL, PHONE, TERMUX, profile_of
from tavern_tui.ui.widgets.keybar import KeyBar
from tests.storage.disk import said
from tests.ui.app.evening import Evening, hint, settled, texts, tree_texts, typed


async def test_a_later_start_opens_the_chat_that_was_open_last(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "From Wren.", "From Bess.")
    async with evening.begun() as (_, pilot):
        await typed(pilot, "Hello Wren", "enter")
    async with evening.begun(app=evening.app(wishes=Wishes(character="Bess"))) as (_, pilot):
        await typed(pilot, "Hello Bess", "enter")
        await pilot.press("ctrl+c", "ctrl+c")
    async with evening.begun() as (_, pilot):
        await pilot.press("ctrl+c", "ctrl+c")
    async with evening.begun(app=evening.app(wishes=Wishes())) as (app, _):
        assert texts(app) == ["Hello Wren", "From Wren."]


async def test_a_start_after_the_last_chat_was_removed_opens_another(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "From Wren.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello Wren", "enter")
        path = app.chat.open_session.log.path
        await pilot.press("ctrl+c", "ctrl+c")
    path.unlink()
    async with evening.begun(app=evening.app(wishes=Wishes())) as (app, _):
        assert texts(app) == []


async def test_deleting_takes_one_press_where_the_setting_says_so(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "One.")
    evening.directories.config.mkdir(parents=True)
    (evening.directories.config / "config.yaml").write_text("ui:\n  confirm: never\n", encoding="utf-8")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await pilot.press("escape", "d")
        await pilot.pause(0.4)
        assert texts(app) == ["Hello"]


async def test_what_was_not_taken_of_the_settings_is_said_in_the_log(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    evening.directories.config.mkdir(parents=True)
    (evening.directories.config / "config.yaml").write_text("ui:\n  theem: dark\n", encoding="utf-8")
    async with evening.begun() as (app, _):
        assert any("theem" in text and "config.yaml" in text and "ui.theme" in text for text in texts(app))


@pytest.mark.parametrize(
    ("environ", "profile"),
    [
        ({}, LOCAL),
        ({"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22"}, FAR),
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, replace(LOCAL, diff=True)),
        (
            {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22", "NCURSES_NO_UTF8_ACS": "1"},
            replace(FAR, scrolls=False, titles=False),
        ),
        ({"TERMUX_VERSION": "0.118"}, TERMUX),
        ({"TERMUX_VERSION": "0.118", "SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22"}, TERMUX),
    ],
)
def test_the_profile_follows_the_terminal(environ: dict[str, str], profile: object) -> None:
    assert profile_of(environ) == profile


def test_a_narrow_terminal_far_away_is_a_phone_and_what_is_asked_for_counts_more() -> None:
    far = {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22"}
    assert profile_of(far, columns=45) == PHONE
    assert profile_of(far, columns=45, wanted="ssh") == FAR
    assert profile_of({}, wanted="ssh", painter="plain") == replace(FAR, diff=False)
    assert profile_of({"TERMUX_VERSION": "0.118"}, wanted="local").keys is Preset.PHONE


async def test_a_swipe_over_a_phones_screen_scrolls_the_log(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "A line.\n" * 60)
    app = evening.app()
    app.chat.keymap = type(app.chat.keymap)(Preset.PHONE, {**app.chat.keymap.keys, "turn.select": ("escape",)})
    async with evening.begun((45, 13), app=app) as (app, pilot):
        await typed(pilot, "Hello", "enter")
        app.chat.mirror.log.follow_end()
        await pilot.pause()
        before = app.chat.mirror.log.scroll_y
        await pilot.press(*["up"] * 5)
        assert app.chat.mirror.log.scroll_y == before - 5
        assert not app.chat.selection.turn
        await pilot.press(*["down"] * 2)
        assert app.chat.mirror.log.scroll_y == before - 3


async def test_termux_stays_awake_while_a_reply_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("termux-wake-lock", "termux-wake-unlock", "termux-notification"):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\necho {name} "$@" >> {told}\n', encoding="utf-8")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    evening = Evening(tmp_path, "She nods.")
    app = evening.app()
    app.profile = TERMUX
    async with evening.begun(app=app) as (app, pilot):
        await typed(pilot, "A secret", "enter")
        while not told.exists() or "notification" not in told.read_text(encoding="utf-8"):
            await pilot.pause(0.05)
    said = told.read_text(encoding="utf-8")
    assert said.splitlines()[0] == "termux-wake-lock"
    assert "termux-wake-unlock" in said
    assert "nods" not in said
    assert "secret" not in said


async def test_the_bell_rings_for_a_reply_that_comes_while_somebody_looks_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    rung: list[str] = []
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        monkeypatch.setattr(app, "bell", lambda: rung.append(texts(app)[-1]))
        await typed(pilot, "Hello", "enter")
        await told_or_not(pilot)
        assert rung == []

        app.post_message(AppBlur())
        app.chat.start(app.chat.open_session.reply())
        await settled(pilot)
        await told_or_not(pilot)
        assert rung == ["She nods."]

        app.profile = replace(app.profile, titles=False)
        app.chat.start(app.chat.open_session.reply())
        await settled(pilot)
        await told_or_not(pilot)
        assert len(rung) == 1, "under mosh"


def test_nothing_glides_or_blinks_on_any_terminal(tmp_path: Path) -> None:
    app = Evening(tmp_path).app()
    assert app.animation_level == "none"
    assert not app.chat.composer.cursor_blink


async def told_or_not(pilot: Pilot[int]) -> None:
    """Wait until it is decided whether the bell rings."""
    await pilot.pause()
    while any(worker.group == "bell" and not worker.is_finished for worker in pilot.app.workers):
        await pilot.pause(0.01)


async def test_the_thinking_of_a_turn_is_shown_and_folded(tmp_path: Path) -> None:
    async with Evening(tmp_path, [ReasoningArrived("She hesitates."), "She nods."], "Plain.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await pilot.press("escape", "t")
        await pilot.pause(0.4)
        assert unfolded(app)
        await pilot.press("t")
        await pilot.pause(0.4)
        assert not unfolded(app)
        await pilot.press("escape")
        await typed(pilot, "And now", "enter")
        await pilot.press("escape", "t")
        await pilot.pause(0.4)
        assert "without thinking" in hint(app)


async def test_thinking_is_looked_at_while_it_comes_and_stays_open_when_the_reply_is_there(tmp_path: Path) -> None:
    thought = asyncio.Event()

    async def wait(_seconds: float) -> None:
        await thought.wait()

    evening = Evening(tmp_path)
    engine = FakeEngine([[ReasoningArrived("She hesitates."), 1.0, "She nods."]], sleep=wait)
    async with evening.begun(app=evening.app(engine=engine)) as (app, pilot):
        await pilot.press("H", "i", "enter")
        while not app.chat.mirror.log.entries[-1].thinking:
            await pilot.pause(0.01)
        await pilot.press("up", "t")
        while not unfolded(app):
            await pilot.pause(0.05)
        thought.set()
        await settled(pilot)
        assert texts(app)[-1] == "She nods."
        assert unfolded(app)


async def test_a_reply_that_is_stopped_while_it_is_all_thinking_says_how_it_goes_on(tmp_path: Path) -> None:
    evening = Evening(tmp_path, [ReasoningArrived("She hesitates."), 3600.0], "She nods.")
    async with evening.begun() as (app, pilot):
        await pilot.press("H", "i", "enter")
        while not app.chat.mirror.log.entries[-1].thinking:
            await pilot.pause(0.01)
        await pilot.press("escape")
        await settled(pilot)
        assert hint(app) == "It had only thought · /continue thinks on · /answer answers"
        await typed(pilot, "/answer", "enter")
        assert (texts(app)[-1], hint(app)) == ("She nods.", "")


def unfolded(app: TavernApp) -> bool:
    """Whether the thinking of the last turn is shown."""
    return app.chat.mirror.log.entries[-1].unfolded


async def test_a_long_greeting_is_read_from_its_beginning(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun((45, 13)) as (app, pilot):
        await pilot.pause()
        assert app.chat.mirror.log.scroll_y == 0


async def test_an_edit_that_a_crash_cuts_off_comes_back_as_a_draft(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "One.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await typed(pilot, "/edit", "enter")
        await typed(pilot, " And more.")
        await pilot.pause(1.2)
        assert app.chat.whereabouts is not None
        app.chat.whereabouts.hang_up()
        app.chat.whereabouts = None  # nothing more is run, as after a crash
    async with evening.begun() as (app, _):
        assert app.chat.composer.full_text == "One. And more."


async def test_the_keys_say_what_enter_does_while_a_turn_is_edited(tmp_path: Path) -> None:
    async with Evening(tmp_path, "One.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await typed(pilot, "/edit", "enter")
        assert "Enter Save" in app.chat.query_one(KeyBar).render().plain


async def test_a_chat_whose_card_is_gone_says_so_and_is_read_only(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    log = Workspace.open(dirs=evening.directories).chats.create("An old night", ["Mira"], "Alex")
    log.append(said("Is it deep?"))
    async with evening.begun(app=evening.app(wishes=Wishes(chat="An old night"))) as (app, pilot):
        assert "Mira" in texts(app)[-1]
        assert "put the card back" in texts(app)[-1]
        assert app.chat.composer.placeholder == Content("Mira has no card: read only")
        await typed(pilot, "Hello", "enter")
        assert app.chat.composer.text == "Hello"
        assert tree_texts(app) == []


async def test_a_start_reads_its_styles_once_and_puts_no_screen_below_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_again: list[Stylesheet] = []
    monkeypatch.setattr(Stylesheet, "reparse", read_again.append)
    async with Evening(tmp_path).begun() as (app, _):
        assert app.screen_stack == [app.chat]
        assert app.theme == "tavern-lamplight"
        assert app.get_css_variables().items() <= app.stylesheet._variables.items()
    assert read_again == []


def test_what_can_be_done_on_the_chat_screen_is_known_before_it_is_loaded() -> None:
    assert set(RUNNABLE) == set(load_actions())
