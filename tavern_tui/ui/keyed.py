"""``KeyedScreen``: a screen besides the chat whose keys are in the table of keys: the app gives them to it first."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from textual.app import App
from textual.events import Key
from textual.screen import ModalScreen, Screen
from textual.worker import Worker

from tavern_tui.domain.errors import TavernError

VERTICAL: list[tuple[int, str]] = [(0, "-short"), (18, "-tall")]
"""Rows from which the layout classes hold (``docs/architecture.md`` §3.6)."""

POPUP: Final = "popup"
"""The group of the workers that show something over the chat."""

ASKING: Final = "ask"
"""The group of the workers of a screen that ask for more in another screen, before they do something."""

_STEP_SECONDS, _LONGEST_STEPS = 0.01, 100


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


async def until_there(app: App[Any], waited: frozenset[Worker[Any]]) -> frozenset[Worker[Any]]:
    """Wait until what was asked for is on top and has its parts: keys that came with the one that opened it are for it.

    ``waited`` are those that were waited for before; gives those that were by now and go on. Each is waited for once:
    it may go on with something else when its screen is closed.
    """
    beneath = app.screen
    opening = {one for one in app.workers if one.group in (POPUP, ASKING) and not one.is_finished}
    for one in opening - waited:
        for _ in range(_LONGEST_STEPS):
            there = isinstance(beneath, ModalScreen) if one.group == POPUP else one.node is not beneath
            if there or one.is_finished or app.screen is not beneath:
                break
            await asyncio.sleep(_STEP_SECONDS)
    while not (screen := app.screen).is_mounted:
        await screen._mounted_event.wait()
    return frozenset(opening)


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
