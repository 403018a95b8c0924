"""``KeyedScreen``: a screen besides the chat whose keys are in the table of keys: the app gives them to it first."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.events import Key
from textual.screen import Screen

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.screens.page import VERTICAL


class KeyedScreen(Screen[None], inherit_bindings=False):
    """What lies over the chat for as long as that chat is open, and takes every key and paste itself."""

    VERTICAL_BREAKPOINTS = VERTICAL

    async def take_key(self, event: Key) -> bool:
        """Do what a key means; whether that was done here. What was not goes to the widget with the focus."""
        return False

    def take_paste(self, text: str) -> bool:
        """Take what was pasted; ``False`` leaves it to the widget with the focus."""
        return False

    def refuse(self, error: TavernError) -> None:
        """Say what could not be done."""

    async def put_away(self) -> None:
        """The chat is being left, or the program ends: keep what is not kept yet. Raises ``StorageError``."""


def takes_paste(screen: Screen[Any], text: str) -> bool:
    """Whether ``screen`` is such a screen and takes what was pasted."""
    return isinstance(screen, KeyedScreen) and screen.take_paste(text)


def leave_at_once(app: App[Any]) -> None:
    """End the program, with nobody there to be told anything, once every such screen has kept what is its own."""
    kept = [screen for screen in app.screen_stack if isinstance(screen, KeyedScreen)]

    async def keep() -> None:
        try:
            for screen in kept:
                await screen.put_away()
        finally:
            app.exit(0)

    if kept:
        app.run_worker(keep, group="leaving")  # type: ignore[arg-type]
    else:
        app.exit(0)


async def put_away(app: App[Any]) -> None:
    """Take away every such screen that lies on top, each when it has kept what is its own. Raises ``StorageError``."""
    while isinstance(app.screen, KeyedScreen):
        await app.screen.put_away()
        await app.pop_screen()
