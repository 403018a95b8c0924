"""The log and its rows in a theme, run as a process of its own: ``python colours_app.py THEME``. ``q`` ends it."""

from __future__ import annotations

import os
import sys

from tavern_tui.config.action import Where
from tavern_tui.ui.chatlog.view import ChatLog
from tavern_tui.ui.glyphs import fit_scroll_bars, glyphs_for
from tavern_tui.ui.terminal.driver import TerminalDriver
from tavern_tui.ui.themes import depth_of, use_theme
from tavern_tui.ui.widgets.keybar import KeyBar
from tavern_tui.ui.widgets.status import Status, StatusLine, Writing
from tests.ui.chatlog.app import EVENING
from tests.ui.themed import NOWHERE, ThemedApp


class ColoursApp(ThemedApp):
    """What the terminal can show decides depth and signs, as in the app."""

    def __init__(self, theme: str) -> None:
        glyphs = glyphs_for(os.environ, sys.stdout.encoding)
        fit_scroll_bars(glyphs)
        status = Status("Bess", "A night at the Crooked Lantern", phase=Writing(143, 12.3))
        super().__init__([StatusLine(status, glyphs=glyphs), ChatLog(EVENING, glyphs=glyphs), KeyBar(glyphs=glyphs)])
        self.driver_class = TerminalDriver
        use_theme(self, NOWHERE, theme, depth_of(self.console.color_system, os.environ))

    def on_mount(self) -> None:
        """Say which keys hold, and do not blink."""
        self.query_one(KeyBar).show({Where.TURN})

    def key_q(self) -> None:
        """End."""
        self.exit()


if __name__ == "__main__":
    ColoursApp(sys.argv[1]).run()
