"""What screens have in common whose commands are one table: a row of it, its menu, and what a command asks first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from textual.app import App
from textual.screen import Screen

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.chatlog.lines import Glyphs
from tavern_tui.ui.editor import Editor
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.widgets.rows import ListRow

_TOLD = 300
_AGAIN, _LEAVE = "again", "leave"


@dataclass(frozen=True, slots=True)
class Command:
    """One of them. ``sign`` is its key as the menu shows it."""

    id: str
    keys: str
    sign: str
    title: str


class Commanded(Protocol):
    """A screen with such a table."""

    glyphs: Glyphs

    @property
    def app(self) -> App[Any]:
        """Its app."""

    @property
    def asking(self) -> Callable[[Callable[[Any], Awaitable[None]]], object]:
        """Does something that asks for more first, in a worker of the screen."""

    def tell(self, text: str) -> None:
        """Say what happened."""


Commanding = TypeVar("Commanding", bound=Commanded)
Text = TypeVar("Text")


def asking(ask: Callable[[Commanding], Awaitable[None]]) -> Callable[[Commanding], None]:
    """A command that asks something first: it waits in a worker of the screen."""

    def started(screen: Commanding) -> None:
        screen.asking(ask)

    return started


async def chosen(screen: Commanded, question: str, rows: Sequence[ListRow], near: str = "") -> str | None:
    """The id of the row that was chosen, the one called ``near`` selected at first; ``None`` for none."""
    choice: Screen[str | None] = RowChoice(question, rows, near=near, glyphs=screen.glyphs)
    return await screen.app.push_screen_wait(choice)


async def from_menu(screen: Commanded, commands: Sequence[Command]) -> str | None:
    """The command that was chosen of all ``commands`` but the last, which is the menu itself."""
    return await chosen(screen, "What to do", [ListRow(one.id, one.title, one.sign) for one in commands[:-1]])


async def edited(screen: Commanded, text: str, editor: Editor, take: Callable[[str], Awaitable[object]]) -> None:
    """Have ``text`` changed in $EDITOR: it comes back until ``take`` takes it, or is left as it was.

    Raises ``TavernError`` where it is left; what was written is kept in a file then, which the error names.
    """
    before, again = text, True
    while again:
        async with editor(text) as given:
            text, again = given.text, False
            if text == before:
                screen.tell(given.notice or "Nothing is different.")
                return
            try:
                await take(text)
            except TavernError as error:
                if await _refused(screen.app, error, "Edit it again", screen.glyphs) != _AGAIN:
                    raise
                again = True


async def written(
    app: App[Any],
    page: Callable[[Text], Screen[Text]],
    text: Text,
    take: Callable[[Text], Awaitable[object]],
    glyphs: Glyphs,
) -> Text:
    """What was written on a ``page`` that began with ``text``; shown again with it until ``take`` takes it.

    Raises ``TavernError`` where its writer lets it go.
    """
    while True:
        text = await app.push_screen_wait(page(text))
        try:
            await take(text)
        except TavernError as error:
            if await _refused(app, error, "Write on", glyphs) == _LEAVE:  # Esc loses nothing
                raise
        else:
            return text


async def _refused(app: App[Any], error: TavernError, again: str, glyphs: Glyphs) -> str | None:
    """What is to become of what was refused."""
    question = f"{safe_line(str(error), _TOLD)} Nothing is changed yet."
    rows = [ListRow(_AGAIN, again), ListRow(_LEAVE, "Leave it")]
    return await app.push_screen_wait(RowChoice(question, rows, glyphs=glyphs))
