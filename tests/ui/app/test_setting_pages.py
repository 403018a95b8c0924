"""The screens of settings, presets, templates and connections in the whole app: their commands, what holds then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.settings import load_settings
from tavern_tui.session.system_texts import first_look
from tavern_tui.ui.chatlog.view import Follow
from tavern_tui.ui.screens.connections import ConnectionsScreen
from tavern_tui.ui.screens.presets import PresetsScreen
from tavern_tui.ui.screens.settings import SettingsScreen
from tavern_tui.ui.screens.templates import TemplatesScreen
from tavern_tui.ui.screens.writers import WritersScreen
from tests.ui.app.evening import Evening, typed
from tests.ui.screens.app import until


async def test_each_is_opened_by_its_command_and_what_is_changed_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("tavern_tui.ui.screens.connections.engine_problem", lambda: "")
    evening = Evening(tmp_path)
    first_look(evening.directories)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "/settings ui.theme", "enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, SettingsScreen))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.theme_name == app.workspace.settings.ui.theme != "lamplight")
        await pilot.press("escape", *"soning_t", "right")
        await until(pilot, lambda: app.chat.open_session.options.reasoning_tokens == 1274)
        await pilot.press("escape", *"ui.follow", "right")
        await until(pilot, lambda: app.chat.mirror.log.follow is Follow.LINE)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.chat)
        await typed(pilot, "/presets", "enter")
        await until(pilot, lambda: isinstance(app.screen, PresetsScreen) and len(app.screen.rows.rows) > 5)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.chat.open_session.options.preset.name == "neutral")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TemplatesScreen) and len(app.screen.rows.rows) > 5)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        await typed(pilot, "/connect", "enter")
        await until(pilot, lambda: isinstance(app.screen, WritersScreen))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
    assert load_settings(evening.directories).settings.reply.reasoning_tokens == 1274
    assert evening.app().chat.mirror.log.follow is Follow.LINE, "at the next start, too"
