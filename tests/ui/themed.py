"""An app in our themes, as little else as can be: what the tests of widgets and screens stand in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.widget import Widget

from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.themes import BASE, Depth
from tavern_tui.ui.themes import ROLE_CSS, begin_with_theme

NOWHERE = directories({"TAVERN_HOME": str(Path(tempfile.gettempdir()) / "no-such-tavern")})
"""A home without files."""

LOOKS: dict[str, tuple[str, Depth]] = {
    "": (BASE, Depth.FULL),
    "light": ("daylight", Depth.FULL),
    "terminal": ("terminal", Depth.SIXTEEN),
    "sixteen": (BASE, Depth.SIXTEEN),
    "nocolour": (BASE, Depth.NONE),
}
"""How pictures are taken beside the usual: name → theme and depth."""


class ThemedApp(App[Any]):
    """Shows ``widgets`` in a theme."""

    CSS = ROLE_CSS
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        widgets: Iterable[Widget] = (),
        theme: str = BASE,
        depth: Depth = Depth.FULL,
        home: Directories = NOWHERE,
    ) -> None:
        super().__init__()
        self._widgets = list(widgets)
        self.problems = begin_with_theme(self, home, theme, depth)

    def compose(self) -> ComposeResult:
        """The widgets."""
        yield from self._widgets
