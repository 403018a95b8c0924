"""The whole app over a fake engine, on real files, driven by key presses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tavern_tui.config.paths import Directories
from tavern_tui.engines.base import Engine
from tavern_tui.engines.fake import FakeEngine, Script
from tavern_tui.session.attempts import Tries
from tavern_tui.session.connection import Connection
from tavern_tui.session.opening import Watch, Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.terminal.profile import Profile


def home(folder: Path) -> Directories:
    """A user's folders below ``folder``."""
    return Directories(folder / "data", folder / "config", folder / "state", folder / "cache")


PASSING = ("opening", "offer", "reply", "engine", "cost")
"""The groups of the app's tasks that end by themselves."""


class Evening:
    """An app in a home of its own; start as many as there are terminals. ``replies`` are the engine's, in turn."""

    def __init__(self, folder: Path, *replies: Script) -> None:
        self.directories = home(folder)
        self.engine = FakeEngine(replies or ("Yes.",))

    def app(self, *, engine: Engine | None = None, wishes: Wishes | None = None, first_run: bool = False) -> TavernApp:
        """An app that has not been started."""

        def opened(workspace: Workspace, wishes: Wishes, *, watch: Watch) -> ChatSession:
            session = open_session(workspace, wishes, watch=watch)
            session.connection = Connection(engine or self.engine, clock=lambda: 0.0)
            session.options = replace(session.options, template="ChatML")
            session.tries = Tries(dice=lambda: 0.5, clock=lambda: 0.0, delays={})
            return session

        workspace = Workspace.open(dirs=self.directories)
        return TavernApp(
            workspace,
            wishes or Wishes(character="Wren"),
            profile=Profile(updates_per_second=1000.0),
            first_run=first_run,
            opener=opened,
        )

    @asynccontextmanager
    async def begun(
        self, size: tuple[int, int] = (80, 24), *, app: TavernApp | None = None
    ) -> AsyncIterator[tuple[TavernApp, Pilot[int]]]:
        """The app on screen with its chat open."""
        app = app or self.app()
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            yield app, pilot


async def settled(pilot: Pilot[int]) -> None:
    """Wait until nothing is being opened or written."""
    app = pilot.app
    assert isinstance(app, TavernApp)
    await pilot.pause()
    while pending := [worker for worker in app.workers if worker.group in PASSING and not worker.is_finished]:
        await asyncio.gather(*(worker.wait() for worker in pending))
        await pilot.pause()


async def typed(pilot: Pilot[int], text: str, *keys: str) -> None:
    """Type ``text`` as fast as it is read, then press ``keys`` one by one, and wait for what comes of it."""
    for character in text:
        pilot.app.post_message(Key(_character_to_key(character), character))
    await pilot.pause()
    await pilot.press(*keys)
    await settled(pilot)


def texts(app: TavernApp) -> list[str]:
    """The texts of the log on screen, the greeting left out."""
    return [entry.text for entry in app.chat.mirror.log.entries][1:]


def tree_texts(app: TavernApp) -> list[str]:
    """The texts of the branch that the chat is at, the greeting left out."""
    return [turn.text for turn in app.chat.open_session.tree.path()][1:]


def hint(app: TavernApp) -> str:
    """What the status line says about this moment."""
    return app.chat.progress.status.hint
