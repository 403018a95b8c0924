"""``FindBar``: one line in which words to find are typed. It knows neither the chat nor what was found.

It takes the keys of its field only; whoever puts it on the screen hears through functions what was typed and wanted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line


@dataclass(frozen=True, slots=True)
class FindKeys:
    """What the bar calls: the text as it is ``typed``, the text that was ``entered``, a step to another match
    (-1 up, 1 down), and that the search is to be ``widened`` or narrowed again."""

    typed: Callable[[str], None]
    entered: Callable[[str], Awaitable[None]]
    stepped: Callable[[int], Awaitable[None]]
    widened: Callable[[], Awaitable[None]]


class FindBar(Horizontal):
    """The field, with ``text`` in it and selected, so that typing takes its place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("tab", "widen", show=False),
    ]
    DEFAULT_CSS = """
    FindBar {
        height: 1;
        background: $surface;
        & > Static { width: auto; padding: 0 1 0 0; color: $text-muted; background: $surface; }
        & > #count { padding: 0 0 0 1; }
        & > Input { width: 1fr; height: 1; border: none; padding: 0; }
        & > Input:focus { border: none; }
    }
    """

    def __init__(self, keys: FindKeys, text: str = "", *, where: str = "", id: str | None = None) -> None:
        """``where``: what is searched, shown before the field."""
        super().__init__(id=id)
        self._keys = keys
        self._text = safe_line(text)
        self._where = where

    def compose(self) -> ComposeResult:
        """What is searched, and the field."""
        yield Static(Content(self._where or "Find"), id="where")
        field = Input(self._text, placeholder="words, or :12 for turn 12", compact=True)
        field.cursor_blink = False
        yield field
        yield Static(id="count")

    @property
    def field(self) -> Input:
        """Where the words are typed."""
        return self.query_one(Input)

    def say_where(self, where: str) -> None:
        """Show what is searched."""
        self.query_one("#where", Static).update(Content(where))

    def say_count(self, count: str) -> None:
        """Show which of how many matches is looked at."""
        self.query_one("#count", Static).update(Content(count))

    def on_mount(self) -> None:
        """Be ready to type in."""
        self.field.focus()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self._keys.typed(message.value)

    @on(Input.Submitted)
    async def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        await self._keys.entered(message.value)

    async def action_step(self, step: int) -> None:
        """Go to another match."""
        await self._keys.stepped(step)

    async def action_widen(self) -> None:
        """Search elsewhere too, or here only again."""
        await self._keys.widened()
