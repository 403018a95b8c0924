"""Keys that come in one burst, before the first was dealt with: every page closes once, and the chat beneath stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot

from tavern_tui.config.page_actions import PAGES
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.keyed import POPUP
from tests.ui.app.evening import Evening, settled, typed

ELSEWHERE = frozenset({"app.incognito", "chat.copy", "chat.rename", "chat.later", "app.private"})
ELSEWHERE |= {"memory.write", "memory.always", "memory.never"}
"""Actions that open no page, or another chat."""

OPENING = [action.id for action in PAGES if action.id not in ELSEWHERE]
OPENING += ["app.help", "app.palette", "chat.bookmarks", "chat.inspect", "chat.note", "turn.receipt", "turn.links"]
OPENING += ["reply.token", "turn.quick_reply", "writer.here", "writer.model", "group.open", "group.new"]
OPENING += ["app.story", "app.adventure"]

CLOSED_BY = {"chat.inspect": "ctrl+t", "chat.note": "ctrl+n", "app.theme": "enter"}
"""Keys besides Esc that close the page of an action; what hides everything is closed by Enter alone."""


async def opened(app: TavernApp, pilot: Pilot[int], action: str) -> str:
    """Have the page of ``action`` on screen; its class."""
    await app.chat.run_typed(action)
    while app.screen is app.chat and any(one.group == POPUP and not one.is_finished for one in app.workers):
        await pilot.pause(0.01)
    await pilot.pause()
    return type(app.screen).__name__


async def burst(app: TavernApp, pilot: Pilot[int], key: str, times: int) -> None:
    """Press ``key`` so often at once, as a slow line delivers it."""
    for _ in range(times):
        app.post_message(Key(key, None))
    await pilot.pause()
    await settled(pilot)


async def test_no_burst_of_closing_keys_takes_the_chat_away_with_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    async with Evening(tmp_path).begun((45, 13)) as (app, pilot):
        await typed(pilot, "Hello https://example.org", "enter")
        seen = set()
        for action in OPENING:
            for key in filter(None, ("escape", CLOSED_BY.get(action))):
                seen.add(await opened(app, pilot, action))
                await burst(app, pilot, key, 3)
                if action == "app.hide":
                    await burst(app, pilot, "enter", 3)
                assert app.screen is app.chat, action
        assert len(seen) > 25
