"""``AskingPage``: a page that says something below what it shows, tells its keys, and asks for a line of text.

A value that is refused is told below the line where it was typed, which stays open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from rich.cells import cell_len
from textual import on, work
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe
from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import Page
from tavern_tui.ui.widgets.rows import plain

Result = TypeVar("Result")
Take = Callable[[str], Awaitable[None]]
"""What is done with what was typed. A ``TavernError`` that it raises is told, and the line stays open."""

Keys = Sequence[tuple[str, str]]
"""The keys of a screen, those needed most first, and what each does."""

_ENTRY_KEYS: Keys = (("Enter", "keeps it"), ("Esc", "leaves it as it was"))
_ALL_KEYS = ("?", "more")


def key_line(keys: Keys, width: int) -> str:
    """The keys that fit ``width`` cells; ``?`` stands for those that do not, and the last one is always there."""
    pieces = [f"{key} {what}" for key, what in keys]
    line = " · ".join(pieces)
    if cell_len(line) <= width or len(pieces) < 2:
        return line
    last = f"{' '.join(_ALL_KEYS)} · {keys[-1][0]}"
    shown: list[str] = []
    for piece in pieces[:-1]:
        if cell_len(" · ".join([*shown, piece, last])) > width:
            break
        shown.append(piece)
    return " · ".join([*shown, last])


class AskingPage(Page[Result]):
    """A page called ``title`` with the parts ``#question``, ``#entry`` (an input), ``#note`` and ``#keys``."""

    def __init__(self, title: str, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._title = title
        self._signs = glyphs
        self._take: Take | None = None
        self._in_turn = asyncio.Lock()
        self._texts = {"#question": title}

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (("Esc", "close"),)

    @property
    def entering(self) -> bool:
        """Whether something is being typed into the line."""
        return self._take is not None

    @property
    def room(self) -> int:
        """The cells of a line of text on the page."""
        return max(20, min(self.size.width or 80, 84) - 4)

    def retitle(self, text: str) -> None:
        """Have another title."""
        self._put("#question", text)

    def say(self, text: str, *, problem: bool = False) -> None:
        """Have ``text`` below the list."""
        note = self.query_one("#note", Static)
        note.set_class(problem, "-problem")
        note.display = bool(text)
        self._put("#note", text)

    def say_keys(self) -> None:
        """Tell the keys that hold now, as far as there is room."""
        keys = [(plain(key, self._signs), what) for key, what in (_ENTRY_KEYS if self.entering else self.keys())]
        self._put("#keys", key_line(keys, self.room))

    def ask(self, take: Take, value: str = "", *, hint: str = "", replaced: bool = True) -> None:
        """Let something be typed, beginning with ``value``, and ``take`` it.

        ``replaced``: what is typed first takes the place of the whole value, as is handy for numbers and names. Raises
        ``SettingsError`` for a value that a line cannot show as it is.
        """
        if safe(value) != value or "\n" in value or "\t" in value:
            raise SettingsError("This text has signs that a line cannot show.", hint="Change it in its file.")
        self._take = take
        self.add_class("-entering")
        entry = self.query_one("#entry", Input)
        entry.select_on_focus = replaced
        entry.placeholder = plain(hint, self._signs)
        entry.value = value
        entry.cursor_position = len(value)
        self.set_focus(entry)  # at once: the next key is typed, and no command
        self.say_keys()

    def stop_asking(self) -> None:
        """Back to the list."""
        self._take = None
        self.remove_class("-entering")
        self.query_one("#entry", Input).value = ""
        self.set_focus(None)
        self.say_keys()

    @work(group="done")
    async def do(self, what: Awaitable[None]) -> None:
        """Wait for something that was asked for, after what was asked for before; where it is refused, say so."""
        async with self._in_turn:
            try:
                await what
            except TavernError as error:
                self.say(str(error), problem=True)

    def _put(self, part: str, text: str) -> None:
        """Have ``text`` in a part of the page; where it is there already, nothing is laid out anew."""
        if self._texts.get(part) != text:
            self._texts[part] = text
            self.query_one(part, Static).update(Content(plain(safe(text), self._signs)), layout=part != "#keys")

    @on(Input.Submitted, "#entry")
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        if self._take is not None:
            self._taken(self._take, message.value)

    @work(group="take")
    async def _taken(self, take: Take, typed: str) -> None:
        async with self._in_turn:
            try:
                await take(typed)
            except TavernError as error:
                self.say(str(error), problem=True)
                return
            if self._take is take:
                self.stop_asking()
