"""A story on screen over a fake engine, on real files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.engines.fake import Script
from tavern_tui.session.modes.choosing import mode_set
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.story import StoryScreen
from tests.ui.app.evening import Evening, settled

BEGINNING = "The lamp went out at ten.\n\n"


class Sitting(Evening):
    """A story that begins with ``text``; ``replies`` are the passages, in turn."""

    def __init__(self, folder: Path, *replies: Script, text: str = BEGINNING, title: str = "The lamp") -> None:
        super().__init__(folder, *replies)
        workspace = Workspace.open(dirs=self.directories)
        session = open_session(workspace, Wishes(character="Wren", new=True), watch=lambda _event: None)
        session.log.append(mode_set("story"), *([TurnAdded("", Speaker.USER, "Alex", text)] if text else []))
        self.chat = session.log.path.stem

    @asynccontextmanager
    async def sat(self, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[StoryScreen, Pilot[int]]]:
        """The story on screen."""
        app = self.app(wishes=Wishes(chat=self.chat))
        async with self.begun(size, app=app) as (_, pilot):
            assert isinstance(app, TavernApp)
            screen = app.screen
            assert isinstance(screen, StoryScreen)
            yield screen, pilot


async def pressed(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, and wait for what comes of them."""
    await pilot.press(*keys)
    await settled(pilot)
