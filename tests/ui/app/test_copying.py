"""Copying: what is marked, a turn or the code in it, where it goes, and the file that has it whatever terminals do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tavern_tui.config.paths import COPIED, Directories
from tavern_tui.session.mouse_choices import choose_mouse, mouse_chosen, terminal_of
from tavern_tui.session.opening import Wishes
from tavern_tui.ui.chatlog.markup import code_blocks
from tavern_tui.ui.clipboard import copy, tools
from tavern_tui.ui.screens.row_choice import RowChoice
from tests.ui.app.evening import Evening, hint, settled, typed
from tests.ui.screens.app import until

CODE = "Do this:\n\n```sh\nmake run\nmake bench\n```\n\nor\n\n~~~\nls\n~~~"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of which nothing is known."""
    for name in ("TMUX", "SSH_CONNECTION", "TERMUX_VERSION", "WAYLAND_DISPLAY", "DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("nowhere")
async def test_a_turn_its_code_and_what_the_mouse_marks_are_copied_and_kept_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = Evening(tmp_path, CODE)
    kept = evening.directories.state / COPIED
    async with evening.begun() as (app, pilot):
        await typed(pilot, "How?", "enter")
        await typed(pilot, "", "escape", "y")
        await until(pilot, lambda: isinstance(app.screen, RowChoice))
        await pilot.press("down", "enter")
        await until(pilot, kept.exists)
        assert (app.clipboard, kept.read_text()) == ("make run\nmake bench",) * 2
        assert kept.stat().st_mode & 0o077 == 0
        told = "Copied the code to the terminal's clipboard, if it allows that · copied.txt"
        await until(pilot, lambda: hint(app) == told)
        await pilot.press("k", "y")
        await until(pilot, lambda: app.clipboard == "How?")
        await typed(pilot, "", "escape")
        top = app.chat.mirror.log.region.y + 1
        await pilot.mouse_down(offset=(2, top))
        await pilot.hover(offset=(9, top))
        await pilot.mouse_up(offset=(9, top))
        await until(pilot, lambda: app.clipboard != "How?")
        assert app.clipboard
        assert app.clipboard in app.chat.mirror.log.entries[0].text
        await settled(pilot)
        await typed(pilot, "Hm.")
        assert app.chat.composer.full_text == "Hm.", "what is typed after marking is written"
        # The program of the desk is asked first, and named where it took the text.
        program = tmp_path / "bin" / "wl-copy"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\ncat > {tmp_path}/taken\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        told = await copy(app, "Süß", "the turn", {"WAYLAND_DISPLAY": "1"})
        assert told == "Copied the turn to the clipboard, by wl-copy · copied.txt"
        assert (tmp_path / "taken").read_text() == "Süß"


@pytest.mark.usefixtures("nowhere")
async def test_of_an_incognito_chat_no_file_has_what_was_copied(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    app = evening.app(wishes=Wishes(character="Wren", incognito=True))
    async with evening.begun((60, 20), app=app):
        assert await copy(app, "Hush.", "it", {}) == "Copied it to the terminal's clipboard, if it allows that"
        assert await copy(app, "Hush.", "what has a name of some length", {}) == "Copied · clipboard if allowed"
        assert app.clipboard == "Hush."
    assert not (evening.directories.state / COPIED).exists()


def test_no_program_of_this_machine_is_asked_over_a_network() -> None:
    desk = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "1"}
    assert [program[0] for program in tools(desk, "linux")] == ["wl-copy", "xclip", "xsel"]
    assert list(tools({**desk, "SSH_CONNECTION": "1"}, "linux")) == []
    assert [program[0] for program in tools({"TERMUX_VERSION": "1"}, "darwin")] == ["termux-clipboard-set", "pbcopy"]


def test_the_code_of_a_text_is_what_stands_between_its_fences() -> None:
    assert code_blocks(CODE) == ["make run\nmake bench", "ls"]
    assert code_blocks("a `b` c") == []


def test_who_has_the_mouse_is_remembered_for_each_terminal(tmp_path: Path) -> None:
    dirs = Directories(tmp_path / "data", tmp_path / "config", tmp_path / "state", tmp_path / "cache")
    here, far = {"TERM": "xterm-kitty"}, {"TERM": "xterm-kitty", "SSH_CONNECTION": "1"}
    assert (mouse_chosen(dirs, here), terminal_of(far)) == (None, "xterm-kitty over ssh")
    choose_mouse(dirs, here, False)
    choose_mouse(dirs, far, True)
    assert (mouse_chosen(dirs, here), mouse_chosen(dirs, far)) == (False, True)
