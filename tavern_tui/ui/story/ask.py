"""``AskLine``: one line at the bottom in which something is typed: a direction, a name, words to find."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.rows import plain

Answer = Callable[[str], Awaitable[None]]
"""Hears what was entered."""


class AskLine(Horizontal):
    """A label and a field, hidden while nothing is asked. ``closed`` is called when it goes."""

    DEFAULT_CSS = """
    AskLine {
        display: none;
        height: 1;
        background: $surface;
        & > Static { width: auto; max-width: 70%; padding: 0 1 0 2; color: $text-muted; background: $surface; }
        & > #ask-note { max-width: 40%; padding: 0 2 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > Input { width: 1fr; min-width: 8; height: 1; border: none; padding: 0; }
        & > Input:focus { border: none; }
        &.-open { display: block; }
    }
    """

    def __init__(self, closed: Callable[[], object], *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None) -> None:
        super().__init__(id=id)
        self._on_close = closed
        self._glyphs = glyphs
        self._answer: Answer | None = None
        self._typed: Callable[[str], None] | None = None
        self._on_tab: Callable[[], Awaitable[None]] | None = None
        self._stays = False

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
        typed: Callable[[str], None] | None = None,
        on_tab: Callable[[], Awaitable[None]] | None = None,
        stays: bool = False,
    ) -> None:
        """Ask for something: ``hint`` stands in the empty field, ``text`` is what it begins with.

        ``answer`` is given what is entered, ``typed`` hears each change, ``on_tab`` is the other thing that can be
        done. ``stays``: until it is closed, however often something is entered.
        """
        self._answer, self._typed, self._on_tab, self._stays = answer, None, on_tab, stays
        self.query_one("#ask-label", Static).update(Content(plain(label, self._glyphs)))
        self.note("")
        self.field.placeholder = plain(hint, self._glyphs)
        self.field.value = safe_line(text)
        self.field.action_select_all()
        self._typed = typed
        self.add_class("-open")
        self.field.focus()
        if typed is not None and text:
            typed(text)

    def note(self, text: str) -> None:
        """Say something behind the field."""
        self.query_one("#ask-note", Static).update(Content(plain(safe_line(text), self._glyphs)))

    def close(self) -> None:
        """Ask no more."""
        self._answer = self._typed = self._on_tab = None
        self.remove_class("-open")
        self._on_close()

    async def press(self, key: str) -> bool:
        """Esc closes, Enter answers, Tab does the other thing; whether it was one of them. Raises what they raise."""
        answer = self._answer
        if key in ("escape", "ctrl+c"):
            self.close()
        elif key == "enter" and answer is not None:
            await answer(self.field.value)
            if not self._stays and self._answer is answer:
                self.close()
        elif key == "tab" and self._on_tab is not None:
            await self._on_tab()
        else:
            return False
        return True

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._typed is not None:
            self._typed(message.value)
