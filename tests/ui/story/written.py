"""A story on screen over a fake engine, on real files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tavern_tui.engines.fake import Script
from tavern_tui.session.opening import Wishes
from tavern_tui.session.story.scenarios import StoryScenario, begin_story
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.screens.story import StoryScreen
from tests.ui.app.evening import Evening, settled

BEGINNING = "The lamp went out at ten."


class Sitting(Evening):
    """A story that begins with ``text``; ``replies`` are the passages, in turn."""

    def __init__(self, folder: Path, *replies: Script, text: str = BEGINNING, title: str = "The lamp") -> None:
        super().__init__(folder, *replies)
        workspace = Workspace.open(dirs=self.directories)
        self.chat = begin_story(workspace, StoryScenario(title, "", "", text))

    @asynccontextmanager
    async def sat(self, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[StoryScreen, Pilot[int]]]:
        """The story on screen."""
        app = self.app(wishes=Wishes(chat=self.chat))
        async with self.begun(size, app=app) as (_, pilot):
            screen = app.screen
            assert isinstance(screen, StoryScreen)
            yield screen, pilot


async def pressed(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, and wait for what comes of them."""
    await pilot.press(*keys)
    await settled(pilot)


async def wrote(pilot: Pilot[int], text: str, *keys: str) -> None:
    """Type ``text``, then press ``keys``."""
    names = {" ": "space", "\n": "enter"}
    await pressed(pilot, *(names.get(sign, sign) for sign in text), *keys)


async def asked(pilot: Pilot[int], screen: StoryScreen, key: str, text: str, *keys: str) -> None:
    """Press ``key``, enter ``text`` into the line that asks, and press ``keys``."""
    await pressed(pilot, *filter(None, [key]))
    screen.ask.field.value = text
    await settled(pilot)
    while any(worker.group == "find" and not worker.is_finished for worker in screen.app.workers):
        await pilot.pause(0.01)
    await pressed(pilot, *keys)


def text_of(screen: StoryScreen) -> str:
    """What is on screen, which is what the story is."""
    text = screen.view.editor.text.text()
    assert text == screen.story.document.text()
    return text
