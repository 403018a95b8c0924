"""``AskLine``: one line asked for at the bottom of the screen; what is wrong with it is said there, and it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import VERTICAL, Page
from tavern_tui.ui.widgets.rows import plain
from tavern_tui.ui.widgets.safe_input import SafeInput

_TOLD = 400


class AskLine(Page[str | None]):
    """Its result is the line, or ``None``. ``check`` raises a ``TavernError`` for one that cannot be taken."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close", show=False, priority=True)]
    DEFAULT_CSS = """
    AskLine {
        align: center bottom;
        & #asked { width: 100%; max-width: 140; height: auto; background: $surface; padding: 1 2; }
        & #title { text-style: bold; }
        & #help { color: $text-muted; }
        & #problem { color: $text-warning; display: none; margin: 0 0 1 0; }
        & Input { height: 1; border: none; padding: 0; margin: 1 0; background: $background; }
        & Input:focus { border: none; }
        & #keys { color: $text-muted; height: 1; }
        &.-short #asked { padding: 0 2; }
        &.-short Input, &.-short #problem { margin: 0; }
    }
    """

    def __init__(
        self,
        title: str,
        value: str = "",
        *,
        help: str = "",
        check: Callable[[str], object] = lambda _typed: None,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._asked = title
        self._value = value
        self._help = help
        self._check = check
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The question, what helps, the line, what is wrong with it, the keys."""
        with Vertical(id="asked"):
            yield Static(Content(plain(self._asked, self._glyphs)), id="title")
            if self._help:
                yield Static(Content(plain(self._help, self._glyphs)), id="help")
            yield SafeInput(self._value, compact=True, select_on_focus=False)
            yield Static(id="problem")
            yield Static(Content(plain("Enter take it · Esc leave it", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """What the line is about stays in sight."""
        self.styles.background = "transparent"

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        try:
            self._check(message.value)
        except TavernError as error:
            problem = self.query_one("#problem", Static)
            problem.update(Content(plain(safe_line(str(error), _TOLD), self._glyphs)))
            problem.display = True
        else:
            self.dismiss(message.value)

    def action_leave(self) -> None:
        """Take nothing."""
        self.dismiss(None)
