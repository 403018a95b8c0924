"""A neutral page over everything, at once: nothing of what lies below is drawn until a key and then Enter come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Click, Key
from textual.widgets import Static

from tavern_tui.ui.chat.incognito import show_title
from tavern_tui.ui.screens.page import Page
from tavern_tui.ui.terminal.title import NEUTRAL, set_title

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

COVERED = "Nothing to see here."
RETURN = "Enter returns."


class CoverScreen(Page[None]):
    """The page. Any key, then Enter, ends it; the line that says so stands there only after the first."""

    DEFAULT_CSS = """
    CoverScreen {
        background: $background;
        color: $text-muted;
        & Static { width: 1fr; height: 1; padding: 0 2; }
        & #neutral { margin: 1 0 0 0; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._pressed = False

    def compose(self) -> ComposeResult:
        """A page of no consequence."""
        yield Static(Content(COVERED), id="neutral")
        yield Static("", id="return")

    def on_key(self, event: Key) -> None:
        """The first key shows how to go back; Enter after it does."""
        event.stop()
        if self._pressed and event.key == "enter":
            self.dismiss(None)
            return
        self._ask()

    def on_click(self, event: Click) -> None:
        """A tap counts as any key, a second one as Enter: a phone may have no keyboard up."""
        event.stop()
        if self._pressed:
            self.dismiss(None)
        else:
            self._ask()

    def _ask(self) -> None:
        self._pressed = True
        self.query_one("#return", Static).update(Content(RETURN))


async def show_cover(app: TavernApp) -> None:
    """Cover the screen until somebody returns; the terminal's title says nothing meanwhile."""
    set_title(app, NEUTRAL)
    try:
        await app.push_screen_wait(CoverScreen())
    finally:
        show_title(app)
