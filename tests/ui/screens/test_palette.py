"""The palette: what typing finds, and what is chosen."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from tavern_tui.config.action import Action, Preset
from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.config.keymap import Keymap, preset_keymap
from tavern_tui.domain.errors import StorageError
from tavern_tui.session.character_list import ChatChoice
from tavern_tui.session.library_index import keep_index, open_index
from tavern_tui.session.library_names import Kind, Named
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.screens.home import HomeScreen
from tavern_tui.ui.screens.lorebook import LorebookScreen
from tavern_tui.ui.screens.palette import NOT_LISTED, Palette, matching
from tavern_tui.ui.screens.settings import SettingsScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, until
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
KEYS = preset_keymap(Preset.DEFAULT)
LINE = 'Bess: *She puts the lamp down between you.* "So. Do you go over the bridge, or do you wait for the morning?"'
CHATS = [
    Named(Kind.CHARACTER, "Chatterton", "Chatterton", "Begins a chat.", ChatChoice("Chatterton", None), fit=1),
    Named(Kind.CHAT, "lantern", "Bess · A chat at the Crooked Lantern", LINE, ChatChoice("", None, "lantern"), fit=2),
    Named(Kind.LOREBOOK, "chatelaine", "The chatelaine", "12 entries", fit=2),
    Named(Kind.CHARACTER, "torn", "Unchatty", "torn.png is cut short.", problem=True, fit=3),
    Named(Kind.SETTING, "reply.chat_preset", "reply.chat_preset", "The prompts of a chat. Now: —", fit=2),
]


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
        ("hide", "app.hide"),
        ("/hide", "turn.hide"),
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


async def test_what_stands_behind_a_whole_command_belongs_to_it() -> None:
    assert ids("/dice 3d8 modifier")[0] == "adventure.dice"
    app = ScreenApp(Palette(KEYS))
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.press(*"/mode", "space", *"story", "enter")
        await app.ended.wait()
    assert app.result == "chat.mode story"


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


async def test_what_is_called_so_stands_among_the_actions_by_how_well_it_fits() -> None:
    app = ScreenApp(Palette(KEYS, runnable={"chat.find", "app.home"}, names=lambda _typed: CHATS))
    async with app.run_test(size=(80, 24)) as pilot:
        rows = app.screen.query_one(RowList)
        assert {row.id for row in rows.rows} == {"chat.find", "app.home"}
        app.screen.query_one(Input).value = "chat"
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert [(row.title, row.right) for row in rows.rows] == [
            ("Chatterton", "character"),
            ("Find in this chat", "/find · ctrl+f, /"),
            ("Bess · A chat at the Crooked Lantern", "chat"),
            ("The chatelaine", "lorebook"),
            ("reply.chat_preset", "setting"),
            ("Unchatty", "character"),
            ("Home", "/home"),
        ]
        await pilot.press("up", *["down"] * 5, "enter")
        assert str(app.screen.query_one("#note", Static).render()) == "torn.png is cut short."
        assert not app.ended.is_set()
        await pilot.press("up", "enter")
        await app.ended.wait()
    assert app.result == CHATS[-1]


async def test_enter_waits_for_what_is_called_so_and_takes_what_stands_in_the_field() -> None:
    asked, go = [], threading.Event()

    def names(typed: str) -> list[Named]:
        asked.append(typed)
        go.wait(20)
        return CHATS[:1]

    app = ScreenApp(Palette(KEYS, names=names))
    async with app.run_test(size=(45, 13)) as pilot:
        field = app.screen.query_one(Input)
        field.value = "chatterton"  # as a paste of text and Enter does: the list has not heard of it yet
        entered = pilot.app.screen.run_action("choose")
        pilot.app.set_timer(0.01, go.set)
        await entered
        await app.ended.wait()
    assert app.result == CHATS[0]
    assert asked == ["chatterton"]


@pytest.mark.parametrize("then", ["escape", "x"])
async def test_what_was_waited_for_is_let_go_by_another_key(then: str) -> None:
    go = threading.Event()

    def names(typed: str) -> list[Named]:
        go.wait(20)
        return CHATS[:1] if typed == "chat" else []

    palette = Palette(KEYS, runnable=set(), names=names)
    app = ScreenApp(palette)
    async with app.run_test(size=(45, 13)) as pilot:
        app.screen.query_one(Input).value = "chat"
        entered = asyncio.ensure_future(palette.action_choose())
        await pilot.pause()
        await pilot.press(then)
        go.set()
        await entered
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.ended.is_set() is (then == "escape")
    assert app.result is None


async def test_a_command_finds_actions_alone_and_an_index_that_cannot_be_read_is_told() -> None:
    def names(typed: str) -> list[Named]:
        raise StorageError("Disk full: the index.")

    app = ScreenApp(Palette(KEYS, names=names))
    async with app.run_test(size=(80, 24)) as pilot:
        note = app.screen.query_one("#note", Static)
        await pilot.press(*"/mouse")
        await app.workers.wait_for_complete()
        assert str(note.render()) == BY_ID["app.mouse"].help
        app.screen.query_one(Input).value = "mouse"
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert str(note.render()) == "Disk full: the index."


async def test_what_is_chosen_by_its_name_is_opened_and_a_chat_not_while_a_reply_is_written(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        index = open_index(app.workspace)
        keep_index(app.workspace, index)
        index.close()

        async def choose(*typed: str) -> None:
            await app.chat.run_typed("app.home")
            await until(pilot, lambda: isinstance(app.screen, HomeScreen))
            await pilot.press("ctrl+p")  # which Home takes as the chat does
            await until(pilot, lambda: isinstance(app.screen, Palette))
            await pilot.press(*typed, "enter")

        await choose(*"finish_sent")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        selected = app.screen.query_one(RowList).selected
        assert selected is not None
        assert selected.id == "reply.finish_sentence"
        await pilot.press("escape")
        await choose(*"long survey")
        await until(pilot, lambda: isinstance(app.screen, LorebookScreen))
        await pilot.press("escape")
        app.chat.replying = True
        await pilot.press("ctrl+p", *"tern", "enter")
        await until(pilot, lambda: hint(app).startswith("A reply is being written"))
        app.chat.replying = False
        await choose(*"tern")
        await settled(pilot)
        assert app.chat.open_session.character.name == "Tern"


async def test_the_palette_with_names_looks_as_it_was_looked_at() -> None:
    app = ThemedApp()
    async with app.run_test(size=SIZES[0]) as pilot:
        await app.push_screen(Palette(KEYS, names=lambda _typed: CHATS))
        await pilot.press(*"chat")
        await app.workers.wait_for_complete()
        for columns, lines in SIZES:
            await pilot.resize_terminal(columns, lines)
            await pilot.pause()
            picture = app.export_screenshot(title="palette")
            assert_looks_as_kept(picture, PICTURES / f"palette-names-{columns}x{lines}.svg")
