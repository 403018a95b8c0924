"""``Panel``: what is chosen beneath the text of a story: a version, a rewriting. ``Choice`` is what it shows.

While it is open its keys are letters: nothing is typed there. The screen gives them to the choice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.long_text import LongText
from tavern_tui.ui.widgets.rows import plain

_SIDES = 4  # cells beside the text
_LEAST = 7  # rows of a panel on a phone with its keyboard up

Done = Callable[[], Awaitable[None]]
"""What is done once something was chosen."""


class Choice(Protocol):
    """What a panel shows, and what its keys do."""

    @property
    def title(self) -> str:
        """What is chosen, in a line."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, and shorter ways to say them."""

    def lines(self, width: int) -> list[Content]:
        """The text at ``width`` cells."""

    def shown_line(self, width: int) -> int:
        """The line that must be seen."""

    async def press(self, key: str) -> bool:
        """Do what ``key`` means; whether the panel goes then."""


class Panel(Vertical):
    """The place of a choice, hidden while there is none."""

    DEFAULT_CSS = """
    Panel {
        display: none;
        background: $surface;
        & Static { height: 1; padding: 0 2; text-wrap: nowrap; text-overflow: ellipsis; }
        & #panel-title { text-style: bold; }
        & #panel-keys { color: $text-muted; }
        & LongText { background: $surface; padding: 0 1 0 2; scrollbar-background: $surface; }
        &.-open { display: block; }
    }
    """

    def __init__(self, *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None) -> None:
        super().__init__(id=id)
        self.choice: Choice | None = None
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        yield Static(id="panel-title")
        yield LongText(lambda _width: [])
        yield Static(id="panel-keys")

    def show(self, choice: Choice | None) -> None:
        """Show ``choice``, or nothing any more."""
        self.choice = choice
        self.set_class(choice is not None, "-open")
        self.screen.set_class(choice is not None, "-choosing")
        self.renew()
        if choice is not None:
            self.call_after_refresh(self.renew)

    async def press(self, key: str) -> None:
        """Do what a key means in the choice. Raises what that raises; the panel is gone then."""
        choice = self.choice
        done = True
        try:
            done = choice is None or key == "ctrl+c" or await choice.press(key)
        finally:
            if not done:
                self.renew()
            elif self.choice is choice:
                self.show(None)

    def on_resize(self) -> None:
        """Say everything anew for the width that there is now."""
        self.renew()

    def renew(self) -> None:
        """Show what the choice says now."""
        choice = self.choice
        if choice is None:
            return
        self.query_one("#panel-title", Static).update(Content(plain(choice.title, self._glyphs)))
        text = self.query_one(LongText)
        width = max(1, self.size.width - _SIDES)
        self.styles.height = min(len(choice.lines(width)) + 2, max(_LEAST, self.screen.size.height // 2))
        text.show(choice.lines)
        text.scroll_to(y=choice.shown_line(width), animate=False)
        keys = [plain(keys, self._glyphs) for keys in choice.keys]
        shown = next((said for said in keys if cell_len(said) <= width), keys[-1])
        self.query_one("#panel-keys", Static).update(Content(shown))


def wrapped(content: Content, width: int) -> list[Content]:
    """``content`` on lines of ``width`` cells."""
    return [content[start:end] for start, end in wrap.lines(content.plain, max(wrap.NARROWEST, width))]
