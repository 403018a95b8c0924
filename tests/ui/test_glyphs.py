"""Which terminals get ASCII signs, and how keys read there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from textual.containers import VerticalScroll
from textual.scrollbar import ScrollBar
from textual.widgets import Static

from tavern_tui.config.paths import directories
from tavern_tui.config.settings import load_settings
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.glyphs import fit_scroll_bars, glyphs_for, key_shown, keys_shown
from tests.terminal.ptys import Terminal
from tests.ui.themed import ThemedApp


@pytest.mark.parametrize(
    ("environ", "encoding"),
    [
        ({"TERM": "linux", "LANG": "en_GB.UTF-8"}, "utf-8"),
        ({"TERM": "dumb"}, "utf-8"),
        ({"TERM": "xterm-256color", "LANG": "C"}, "utf-8"),
        ({"TERM": "xterm-256color", "LANG": "POSIX"}, "utf-8"),
        ({"TERM": "xterm-256color", "LC_ALL": "C", "LANG": "en_GB.UTF-8"}, "utf-8"),
        # What Python makes of LANG=C as it starts.
        ({"TERM": "xterm-256color", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, "utf-8"),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, "utf-8"),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-15@euro"}, "utf-8"),
        ({"TERM": "xterm", "LANG": "en_GB.UTF-8"}, "ascii"),
    ],
)
def test_a_terminal_or_a_locale_without_other_signs_gets_ascii(environ: dict[str, str], encoding: str) -> None:
    assert glyphs_for(environ, encoding) is ASCII_GLYPHS


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"},
        {"TERM": "screen", "LANG": "de_DE.utf8@euro"},
        {"TERM": "tmux-256color"},
        {"TERM": "xterm-256color", "LC_CTYPE": "C.UTF-8"},
        {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "LANG": "C"},
        {"TERM": "xterm-kitty", "LANG": "en_GB"},
        {},
    ],
)
def test_any_other_gets_the_signs_of_the_design(environ: dict[str, str]) -> None:

    assert glyphs_for(environ, "UTF-8") is UNICODE_GLYPHS


def test_the_setting_decides_over_what_the_terminal_says() -> None:
    assert glyphs_for({"TERM": "linux"}, "ascii", "off") is UNICODE_GLYPHS
    assert glyphs_for({"TERM": "xterm", "LANG": "en_GB.UTF-8"}, "utf-8", "on") is ASCII_GLYPHS


def test_ascii_signs_are_ascii() -> None:
    signs = [getattr(ASCII_GLYPHS, name) for name in ASCII_GLYPHS.__slots__]
    assert all(sign.isascii() for sign in signs)
    keys = ("up", "down", "left", "right", "pageup", "escape", "ctrl+p", "question_mark")
    assert all(key_shown(key, ASCII_GLYPHS).isascii() for key in keys)
    assert keys_shown(tuple("123456789"), ASCII_GLYPHS) == "1-9"


def test_arrows_are_arrows_or_words() -> None:
    assert key_shown("up", UNICODE_GLYPHS) == "↑"
    assert key_shown("up", ASCII_GLYPHS) == "Up"
    assert keys_shown(("k", "up"), ASCII_GLYPHS) == "k, Up"
    assert keys_shown((), UNICODE_GLYPHS) == ""


@pytest.mark.parametrize(("glyphs", "ascii"), [(ASCII_GLYPHS, True), (UNICODE_GLYPHS, False)])
async def test_scroll_bars_have_no_blocks_where_there_is_only_ascii(
    glyphs: Glyphs, ascii: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScrollBar, "renderer", ScrollBar.renderer)
    fit_scroll_bars(glyphs)
    app = ThemedApp([VerticalScroll(Static("line\n" * 100))])
    async with app.run_test(size=(20, 10)) as pilot:
        seen = ""
        for _ in range(30):
            await pilot.press("down")
            await pilot.pause()
            seen += "".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "line" in seen
        assert seen.isascii() is ascii


@pytest.mark.parametrize(
    ("variables", "ascii"),
    [
        ({"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}, False),
        ({"TERM": "screen", "LANG": "en_GB.UTF-8"}, False),
        ({"TERM": "linux", "LANG": "en_GB.UTF-8"}, True),
        ({"TERM": "xterm-256color", "LANG": "C"}, True),
    ],
    ids=str,
)
def test_a_real_terminal_is_shown_the_signs_it_has(variables: dict[str, str], ascii: bool) -> None:
    root = str(Path(__file__).parents[2])
    command = [sys.executable, str(Path(__file__).with_name("colours_app.py")), "lamplight"]
    plain = {"PYTHONPATH": root, "COLORTERM": "", "LC_ALL": "", "LC_CTYPE": "", "PYTHONUTF8": ""}
    with Terminal(command, variables={**plain, **variables}) as terminal:
        terminal.read_until(lambda: {"Retry", "slices"} <= set("\n".join(terminal.screen()).split()))
        terminal.type("q")
        assert terminal.exit_status() == 0
        seen = bytes(terminal.seen).decode(errors="replace")
    signs = {sign for name in UNICODE_GLYPHS.__slots__ if not (sign := getattr(UNICODE_GLYPHS, name)).isascii()}
    # The dot is in the chat's own texts too.
    assert bool((signs - {"·"}) & set(seen)) is not ascii


def test_a_word_that_the_setting_does_not_know_is_told_and_the_terminal_is_looked_at(tmp_path: Path) -> None:
    home = directories({"TAVERN_HOME": str(tmp_path)})
    home.config.mkdir(parents=True)
    (home.config / "config.yaml").write_text("ui:\n  ascii: sometimes\n", encoding="utf-8")
    loaded = load_settings(home)
    assert loaded.settings.ui.ascii == "auto"
    [problem] = loaded.problems
    assert problem.where.endswith("config.yaml:2")
    assert "one of: auto, on, off" in problem.what
