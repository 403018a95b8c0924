"""Picking characters for a group from the library: for a new group, or to join one. Its result is their names.

Enter picks and lets go; what was picked stands in the first row, which begins. Typing filters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.groups import together
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, ListKeys, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.ui.app import TavernApp

_BEGIN = "/begin"  # no card is called so: it is no name of a file
_KEYS = "Enter picks · ctrl+n {begin} · Esc"


class _Filter(Input):
    """What is typed into it filters. Enter chooses in its turn among arrows that come in one read with it."""

    async def action_submit(self) -> None:
        """Choose at once: a message would be heard after those arrows."""
        assert isinstance(self.screen, PickCharacters)
        self.screen.action_choose()


class PickCharacters(Page[tuple[str, ...] | None], ListKeys):
    """``read`` gives the names that can be picked; it is called in a thread. ``least`` must be picked.

    ``begin`` is what is done with them, as the first row says it: ``Begin with``.
    """

    AUTO_FOCUS = "Input"
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("ctrl+n", "begin", show=False),
        ("escape", "leave", "Close"),
    ]
    DEFAULT_CSS = PAGE_CSS.replace("PAGE", "PickCharacters")

    def __init__(
        self,
        title: str,
        begin: str,
        read: Callable[[], Sequence[str]],
        *,
        least: int = 2,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._title = title
        self._begin = begin
        self._read = read
        self._least = least
        self._glyphs = glyphs
        self._names: tuple[str, ...] = ()
        self._picked: list[str] = []
        self._filtered_by = ""

    def compose(self) -> ComposeResult:
        """The title, the filter, the list and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(self._title), id="question")
            entry = _Filter(placeholder=plain("Type to filter…", self._glyphs), id="entry", compact=True)
            entry.cursor_blink = False
            yield entry
            yield RowList(empty=plain("Reading the library…", self._glyphs), glyphs=self._glyphs)
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin to read."""
        self._say()
        self._fill()

    def action_move(self, rows: int) -> None:
        """Select another row of those that fit what is typed by now."""
        self._typed()
        super().action_move(rows)

    def action_choose(self) -> None:
        """Pick the selected one, or let it go; the first row begins."""
        self._typed()
        selected = self.query_one(RowList).selected
        if selected is None:
            return
        if selected.id == _BEGIN:
            self.action_begin()
            return
        if selected.id in self._picked:
            self._picked.remove(selected.id)
        else:
            self._picked.append(selected.id)
        entry = self.query_one(Input)
        searched, entry.value = entry.value, ""
        self._show(select="" if searched else selected.id)

    def action_begin(self) -> None:
        """Take those who were picked."""
        if len(self._picked) >= self._least:
            self.dismiss(tuple(self._picked))
        else:
            self._say(f"Pick {'at least two' if self._least > 1 else 'somebody'} first · Enter picks · Esc")

    def action_leave(self) -> None:
        """Pick nobody."""
        self.dismiss(None)

    @on(Input.Changed)
    def _typed(self) -> None:
        if self._filtered_by != self.query_one(Input).value:
            self._show()

    @on(RowList.Chosen)
    def _entered(self) -> None:
        self.action_choose()

    @work(exclusive=True, group="read")
    async def _fill(self) -> None:
        try:
            self._names = tuple(await asyncio.to_thread(self._read))
        except TavernError as error:
            self.query_one(RowList).show((), empty=plain(safe_line(str(error)), self._glyphs))
            return
        self._show()

    def _show(self, select: str = "") -> None:
        """The rows for what is typed: what was picked first of all."""
        self._filtered_by = self.query_one(Input).value
        words = self._filtered_by.casefold().split()
        found = [name for name in self._names if all(word in name.casefold() for word in words)]
        rows = [self._row(name) for name in found]
        if len(self._picked) >= self._least and not words:
            rows.insert(0, ListRow(_BEGIN, f"{self._begin} {together([safe_line(name) for name in self._picked])}"))
        empty = "Nobody of that name." if words else "There is nobody else to pick."
        self.query_one(RowList).show(rows, select, plain(empty, self._glyphs))
        self._say()

    def _row(self, name: str) -> ListRow:
        if name not in self._picked:
            return ListRow(name, safe_line(name))
        return ListRow(name, safe_line(name), f"picked {self._picked.index(name) + 1}")

    def _say(self, text: str = "") -> None:
        keys = text or _KEYS.format(begin=self._begin.partition(" ")[0].lower() + "s")
        self.query_one("#keys", Static).update(Content(plain(keys, self._glyphs)))


def names_to_pick(workspace: Workspace, besides: Sequence[str] = ()) -> list[str]:
    """The characters whose cards can be read, each name once, without ``besides``. Blocks."""
    names = (entry.name for entry in workspace.characters() if not entry.problem)
    return [name for name in dict.fromkeys(names) if name not in besides]


async def show_new_group(app: TavernApp) -> None:
    """Begin a group with characters that are picked, and open it."""
    from tavern_tui.session.groups.creating import new_group

    read = partial(names_to_pick, app.workspace)
    picked = await app.push_screen_wait(PickCharacters("Who is in the group?", "Begin with", read, glyphs=app.glyphs))
    if picked:
        log = await asyncio.to_thread(new_group, app.workspace, picked)
        app.open_chat(replace(app.wishes, character="", chat=log.path.stem, new=False, persona=""))
