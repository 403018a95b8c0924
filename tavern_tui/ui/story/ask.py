"""``AskLine``: one line at the bottom in which something is typed: a direction, a name, words to find."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line

Answer = Callable[[str], Awaitable[None]]


class AskLine(Horizontal):
    """A label and a field, hidden while nothing is asked. ``typed`` hears each change, ``answer`` what was entered."""

    DEFAULT_CSS = """
    AskLine {
        display: none;
        height: 1;
        background: $surface;
        & > Static { width: auto; max-width: 60%; padding: 0 1; color: $text-muted; background: $surface; }
        & > #ask-note { padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > Input { width: 1fr; height: 1; border: none; padding: 0; }
        & > Input:focus { border: none; }
        &.-open { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._answer: Answer | None = None
        self._typed: Callable[[str], None] | None = None

    def compose(self) -> ComposeResult:
        """What is asked, the field, and a note."""
        yield Static(id="ask-label")
        field = Input(compact=True)
        field.cursor_blink = False
        yield field
        yield Static(id="ask-note")

    @property
    def is_open(self) -> bool:
        """Whether something is asked."""
        return self._answer is not None

    @property
    def field(self) -> Input:
        """Where it is typed."""
        return self.query_one(Input)

    def ask(
        self,
        label: str,
        answer: Answer,
        *,
        text: str = "",
        hint: str = "",
        note: str = "",
        typed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for something; ``hint`` stands in the empty field, ``text`` is what it begins with."""
        self._answer, self._typed = answer, None
        self.query_one("#ask-label", Static).update(Content(label))
        self.note(note)
        self.field.placeholder = hint
        self.field.value = safe_line(text)
        self.field.cursor_position = len(self.field.value)
        self._typed = typed
        self.add_class("-open")
        self.field.focus()

    def note(self, text: str) -> None:
        """Say something behind the field."""
        self.query_one("#ask-note", Static).update(Content(text))

    def close(self) -> bool:
        """Ask no more; whether something was asked."""
        was_open, self._answer, self._typed = self.is_open, None, None
        self.remove_class("-open")
        return was_open

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._typed is not None:
            self._typed(message.value)

    @on(Input.Submitted)
    async def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if self._answer is not None:
            await self._answer(message.value)
