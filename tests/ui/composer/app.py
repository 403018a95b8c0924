"""A screen with a composer at its foot, and what the composer told."""

from __future__ import annotations

from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.widgets import Static

from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.composer.widget import Composer

COMMANDS = [
    ("help", "Help"),
    ("retry", "Another reply"),
    ("redo", "Redo"),
    ("continue", "Continue the reply"),
]
NAMES = ["Wren", "Old Tom", "Tamsin", "Tobias"]


class ComposerApp(App[None]):
    """The composer below a chat that is a plain text."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "#log { height: 1fr; padding: 0 1; }"

    def __init__(self, composer: Composer | None = None) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]
        self.composer = composer or Composer("Message Wren…", commands=COMMANDS, names=NAMES)
        self.drafts: list[ComposerState] = []
        self.paths: list[str] = []
        self.completing: list[Composer.Completing] = []

    def compose(self) -> ComposeResult:
        """The chat, the composer, and a row of keys."""
        yield Static('Wren\n*She looks up.* "Well?"', id="log")
        yield self.composer
        if self.size.height >= 18:
            yield Static(" ctrl+p palette", id="keys")

    def on_mount(self) -> None:
        """Write at once."""
        self.composer.focus()

    @on(Composer.DraftChanged)
    def keep_draft(self, message: Composer.DraftChanged) -> None:
        """Keep what would be saved."""
        self.drafts.append(message.state)

    @on(Composer.PathPasted)
    def keep_path(self, message: Composer.PathPasted) -> None:
        """Keep what would be offered for import."""
        self.paths.append(message.path)

    @on(Composer.Completing)
    def keep_choice(self, message: Composer.Completing) -> None:
        """Keep what could be shown of the choices."""
        self.completing.append(message)

    def rows(self) -> list[str]:
        """What stands in the composer, row by row, without blanks at the right."""
        region = Region(0, 0, *self.composer.outer_size)
        return [strip.text.rstrip() for strip in self.composer.render_lines(region)]
