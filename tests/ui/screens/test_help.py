"""The help: what holds where one is comes first, everything is there, and it can be read on a phone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tavern_tui.config.action import Preset, Where
from tavern_tui.config.actions import ACTIONS
from tavern_tui.config.keymap import Keymap, preset_keymap
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.screens.help import HEADINGS, HelpScreen, help_lines, help_parts
from tests.ui.screens.app import ScreenApp

KEYS = preset_keymap(Preset.DEFAULT)


@pytest.mark.parametrize(
    ("holding", "first"),
    [
        ({Where.TURN}, [Where.TURN, Where.ANYWHERE]),
        ({Where.EMPTY, Where.COMPOSER}, [Where.EMPTY, Where.COMPOSER, Where.ANYWHERE]),
        ({Where.COMPOSER, Where.REPLYING}, [Where.REPLYING, Where.COMPOSER, Where.ANYWHERE]),
        (set(), [Where.ANYWHERE]),
    ],
)
def test_what_holds_here_comes_first(holding: set[Where], first: list[Where]) -> None:
    headings = [heading for heading, _ in help_parts(KEYS, holding)]
    assert headings[: len(first)] == [HEADINGS[where] for where in first]
    assert sorted(headings) == sorted(HEADINGS.values())


@given(st.frozensets(st.sampled_from(list(Where))), st.sampled_from(list(Preset)))
def test_every_action_that_can_be_reached_is_there_once(holding: frozenset[Where], preset: Preset) -> None:
    keymap = preset_keymap(preset)
    shown = [action.id for _, actions in help_parts(keymap, holding) for action in actions]
    reached = [action.id for action in ACTIONS if keymap.keys[action.id] or action.slash]
    assert sorted(shown) == sorted(reached)


@given(st.integers(20, 130), st.booleans())
def test_no_line_is_wider_than_the_window_and_no_word_is_lost(width: int, ascii: bool) -> None:
    lines = help_lines(KEYS, {Where.TURN}, width, ASCII_GLYPHS if ascii else UNICODE_GLYPHS)
    assert max(cell_len(line.plain) for line in lines) <= width
    text = " ".join(" ".join(line.plain for line in lines).split())
    for action in ACTIONS:
        assert action.title in text
    assert text.isascii() or not ascii


def test_keys_of_the_user_are_told() -> None:
    keymap = Keymap(Preset.DEFAULT, {**KEYS.keys, "turn.edit": ("w", "ctrl+y")})
    lines = [line.plain for line in help_lines(keymap, {Where.TURN}, 80)]
    assert any(line.startswith("w, ctrl+y") and line.endswith("Edit  /edit") for line in lines)


def test_an_action_without_keys_is_told_by_its_command() -> None:
    assert "Theme  /theme" in [line.plain.strip() for line in help_lines(KEYS, set(), 45)]


async def test_only_what_can_be_done_is_told() -> None:
    app = ScreenApp(HelpScreen(KEYS, {Where.TURN}, runnable={"turn.edit", "app.theme"}))
    async with app.run_test(size=(80, 24)):
        text = app.text()
        assert [title for title in ("Edit", "Theme", "Delete", "Palette", "Writing") if title in text] == [
            "Edit",
            "Theme",
        ]


async def test_arrows_pages_and_ends_scroll() -> None:
    app = ScreenApp(HelpScreen(KEYS, {Where.TURN}))
    async with app.run_test(size=(45, 13)) as pilot:
        window = app.screen.query_one("#text")
        assert HEADINGS[Where.TURN] in app.text()
        for keys, place in (
            (["down", "down", "up"], 1),
            (["pagedown"], window.size.height),
            (["pageup"], 1),
            (["space"], window.size.height),
            (["end"], window.max_scroll_y),
            (["home"], 0),
        ):
            await pilot.press(*keys)
            await pilot.pause()
            assert window.scroll_y == place, keys
        await pilot.press("end")
        await pilot.pause()
        assert "never empties" in " ".join(app.text().split())


@pytest.mark.parametrize("key", ["escape", "f1", "question_mark", "q", "enter"])
async def test_it_closes(key: str) -> None:
    app = ScreenApp(HelpScreen(KEYS))
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.press(key)
        await app.ended.wait()
    assert app.result is None


async def test_another_width_wraps_anew() -> None:
    app = ScreenApp(HelpScreen(KEYS))
    async with app.run_test(size=(120, 40)) as pilot:
        wide = app.screen.query_one("#text").virtual_size.height
        await pilot.resize_terminal(45, 13)
        await pilot.pause()
        assert app.screen.query_one("#text").virtual_size.height > wide
