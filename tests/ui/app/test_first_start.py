"""From the first question to the chat that is opened then, and what is there at the next start."""

from __future__ import annotations

from pathlib import Path

from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from tavern_tui.session.demo import DEMO_CHAT
from tavern_tui.session.opening import Wishes
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.first_run import FirstRunScreen
from tests.ui.app.evening import Evening, settled, tree_texts, typed


async def asked(app: TavernApp, pilot: Pilot[int]) -> None:
    """Wait until the first question is on screen."""
    while not isinstance(app.screen, FirstRunScreen):
        await pilot.pause(0.01)
    await pilot.pause()


async def look_at_the_demo(app: TavernApp, pilot: Pilot[int]) -> None:
    """Answer the three questions, the last one with the demo."""
    await asked(app, pilot)
    await pilot.press("escape", "escape")
    while "What first?" not in str(app.screen.query_one("#question").render()):
        await pilot.pause(0.01)
    await pilot.press(*["down"] * 6, "enter")
    while isinstance(app.screen, FirstRunScreen):
        await pilot.pause(0.01)
    await settled(pilot)


async def test_the_keys_of_one_read_keep_their_order_in_a_field(tmp_path: Path) -> None:
    app = Evening(tmp_path).app(first_run=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(app, pilot)
        while not app.screen.query("#entry") or app.focused is None:
            await pilot.pause(0.01)
        for key in (Key("ctrl+u", None), *(Key(letter, letter) for letter in "Robxin")):
            app.post_message(key)
            if key.key == "x":
                app.post_message(Key("backspace", None))
        await pilot.pause()
        assert app.screen.query_one("#entry", Input).value == "Robin"
        app.post_message(Key("enter", "\r"))
        while "Who writes?" not in str(app.screen.query_one("#question").render()):
            await pilot.pause(0.01)
        assert "Robin" in str(app.screen.query_one("#head").render())


async def test_what_is_written_at_the_end_of_the_demo_is_there_at_the_next_start(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She pours the tea.")
    app = evening.app(first_run=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await look_at_the_demo(app, pilot)
        assert app.chat.open_session.tree.title == DEMO_CHAT
        assert len(tree_texts(app)) == 23
        await typed(pilot, "Tea, please.", "enter")
    async with evening.begun(app=evening.app(wishes=Wishes())) as (app, _):
        assert app.chat.open_session.tree.title == DEMO_CHAT
        assert tree_texts(app)[-2:] == ["Tea, please.", "She pours the tea."]


async def test_asking_again_for_the_demo_opens_the_same_chat(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She pours the tea.")
    for _ in range(2):
        app = evening.app(first_run=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await look_at_the_demo(app, pilot)
            before = len(tree_texts(app))
            await typed(pilot, "Tea, please.", "enter")
    assert before == 25


async def test_a_disk_that_refuses_the_demo_is_told_on_screen(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "chats").write_text("no folder")
    app = evening.app(first_run=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await look_at_the_demo(app, pilot)
        assert "Enter lists the characters" in app.chat.mirror.log.entries[-1].text
