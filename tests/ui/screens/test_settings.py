"""The settings screen: walking, searching, changing, what is refused, and how it looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.settings import load_settings
from tavern_tui.session.settings_view import SettingRow
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.settings import SettingsScreen
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A workspace with a line of a person's."""
    config = Workspace.open().directories.config
    config.mkdir(parents=True)
    (config / "config.yaml").write_text("reply:\n  response_tokens: 200\n")
    return Workspace.open()


def screen_for(workspace: Workspace, taken: list[str], typed: str = "") -> SettingsScreen:
    """The screen; what was taken up is put into ``taken``."""

    async def take(setting: SettingRow) -> str:
        taken.append(f"{setting.name} {setting.value}")
        return ""

    return SettingsScreen(workspace, take, typed=typed)


async def test_a_setting_is_found_by_typing_and_changed_in_place(workspace: Workspace) -> None:
    taken: list[str] = []
    screen = screen_for(workspace, taken)
    app = ScreenApp(screen)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"poli")
        assert "Settings · poli" in app.text()
        await press(pilot, "right")
        await until(pilot, lambda: taken == ["reply.policy classic"])
        assert "* classic" in app.text()
        await press(pilot, "ctrl+r")
        await until(pilot, lambda: taken[1:] == ["reply.policy economy"])
        await press(pilot, "escape", *"g_t", "enter", "ctrl+u", "1", "enter")
        await until(pilot, lambda: "It has to be 64 or more." in app.text())
        assert screen.entering
        await press(pilot, "0", "0", "enter")
        await until(pilot, lambda: not screen.entering)
        await press(pilot, "escape", *"nse_", "right")
        await until(pilot, lambda: "rewritten" in app.text())
        await press(pilot, "escape", *"ui.t", "enter")
        await until(pilot, lambda: isinstance(app.screen, RowChoice))
        await press(pilot, "escape", "escape", "escape")
    assert app.ended.is_set()
    settings = load_settings(workspace.directories).settings.reply
    assert (settings.reasoning_tokens, settings.response_tokens, settings.policy) == (100, 200, "economy")


async def test_it_looks_as_it_was_looked_at(workspace: Workspace) -> None:
    with (workspace.directories.config / "config.yaml").open("a") as file:
        file.write("engine:\n  threads: 3\n")
    screen = screen_for(workspace, [], "engine.")
    app = ThemedApp([])
    async with app.run_test(size=SIZES[0]) as pilot:
        await app.push_screen(screen)
        await pilot.press("down", "down")
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            picture = app.export_screenshot(title="settings")
            assert_looks_as_kept(picture, PICTURES / f"settings-{width}x{height}.svg")
        await pilot.resize_terminal(45, 13)
        await pilot.press("escape", *"idle", "enter")
        await pilot.pause()
        picture = app.export_screenshot(title="settings")
        assert_looks_as_kept(picture, PICTURES / "settings-typing-45x13.svg")
