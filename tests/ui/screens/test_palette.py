"""The palette: what typing finds, and what is chosen."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from tavern_tui.config.action import Action, Preset
from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.config.keymap import Keymap, preset_keymap
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.screens.palette import NOT_LISTED, Palette, matching
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.screens.app import ScreenApp

KEYS = preset_keymap(Preset.DEFAULT)


def ids(query: str) -> list[str]:
    """What ``query`` finds."""
    return [action.id for action in matching(query)]


def test_with_nothing_typed_everything_is_there_in_the_order_of_the_registry() -> None:
    assert ids("") == [action.id for action in ACTIONS if action.id not in NOT_LISTED]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("theme", "app.theme"),
        ("THE", "app.theme"),
        ("/conn", "app.connect"),
        ("retry", "reply.regenerate"),
        ("reply another", "reply.regenerate"),
        ("copy", "turn.copy"),
        ("copy chat", "turn.copy_all"),
        ("engine", "app.connect"),
        ("hide", "turn.hide"),
        ("$editor", "composer.editor"),
    ],
)
def test_what_is_meant_comes_first(query: str, first: str) -> None:
    assert ids(query)[0] == first


def test_every_word_must_be_found() -> None:
    assert ids("theme zebra") == []
    assert set(ids("copy")) > set(ids("copy markdown")) == {"turn.copy_all"}


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.id not in NOT_LISTED], ids=lambda a: a.id)
def test_every_action_is_found_by_its_title_its_command_and_its_id(action: Action) -> None:
    assert action.id in ids(action.title)
    assert action.id in ids(action.id)
    assert not action.slash or action.id in ids(f"/{action.slash}")[:2]


async def test_typing_finds_enter_chooses_and_the_answer_is_the_actions_id() -> None:
    app = ScreenApp(Palette(KEYS))
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.press(*"branch", "enter")
        await app.ended.wait()
    assert app.result == "turn.branch"


async def test_arrows_and_pages_walk_while_one_types_on() -> None:
    app = ScreenApp(Palette(KEYS))
    async with app.run_test(size=(45, 13)) as pilot:
        rows = app.screen.query_one(RowList)
        await pilot.press("down", "down", "up")
        assert rows.selected == rows.rows[1]
        await pilot.press("pagedown", "pageup", *"turn", "down")
        assert app.screen.query_one(Input).value == "turn"
        assert rows.selected == rows.rows[1]
        await pilot.press("enter")
        await app.ended.wait()
    assert app.result == ids("turn")[1]


async def test_the_selected_action_says_what_it_does() -> None:
    app = ScreenApp(Palette(KEYS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"mouse")
        await pilot.pause()
        assert str(app.screen.query_one("#note", Static).render()) == BY_ID["app.mouse"].help
        await pilot.press(*"zzz", "enter")
        await pilot.pause()
        assert str(app.screen.query_one("#note", Static).render()) == ""
        assert "Nothing is called so." in app.text()
        assert not app.ended.is_set()


@pytest.mark.parametrize("key", ["escape", "ctrl+p"])
async def test_leaving_chooses_nothing(key: str) -> None:
    app = ScreenApp(Palette(KEYS))
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.press("down", key)
        await app.ended.wait()
    assert app.result is None


async def test_only_what_can_be_done_is_listed_with_the_keys_in_force() -> None:
    keymap = Keymap(Preset.DEFAULT, {**KEYS.keys, "turn.edit": ("w",), "turn.first": ("home",)})
    app = ScreenApp(Palette(keymap, runnable={"turn.edit", "turn.first"}))
    async with app.run_test(size=(45, 13)):
        rows = app.screen.query_one(RowList).rows
        assert [(row.title, row.right) for row in rows] == [("First turn", "Home"), ("Edit", "/edit · w")]


async def test_a_terminal_with_ascii_alone_is_shown_no_other_sign() -> None:
    for glyphs in (ASCII_GLYPHS, UNICODE_GLYPHS):
        app = ScreenApp(Palette(KEYS, glyphs=glyphs))
        async with app.run_test(size=(80, 200)):
            assert app.text().isascii() is (glyphs is ASCII_GLYPHS)
