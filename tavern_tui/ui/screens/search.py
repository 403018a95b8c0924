"""Search over all chats: what is typed is looked for while it is typed, the newest turns first; Enter goes to one.

Its result is the turn to go to, or ``None``. Looking happens in a thread, one look at a time, and the next page comes
when the end of the list is reached.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.searching import Found, FoundPage
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.home_rows import age
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, ListKeys, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

_HINT = "Enter goes there · Esc close"
_ASK = "Words that were said, in any chat"
_MORE = "… "
_PART_BEFORE = 3  # of the width, at most, stands before the first match
_REST_SECONDS = 0.08
"""Pause in typing after which is looked: a fast typist's word is one look."""

_TOLD_SECONDS = 0.2


class Step(Protocol):
    """How far the reading of the library is: ``storage.index_upkeep.Pass``."""

    @property
    def cards(self) -> int:
        """Cards that were read."""

    @property
    def all_cards(self) -> int:
        """Cards to be read."""

    @property
    def chats(self) -> int:
        """Chats that were read."""

    @property
    def all_chats(self) -> int:
        """Chats to be read."""


class SearchScreen(Page[Found | None], ListKeys):
    """The words, and the turns that have them.

    ``find`` gives the page of what is typed that comes after a place (0: the first); ``steps`` takes in what changed in
    the library, bit by bit. Both block, and are called in a thread. ``now`` gives Unix seconds.
    """

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Close")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "SearchScreen")
        + """
    SearchScreen {
        & RowList { margin: 1 0 0 0; }
        &.-short #question, &.-short RowList { margin: 0; }
    }
    """
    )

    def __init__(
        self,
        find: Callable[[str, int], FoundPage],
        steps: Callable[[], Iterator[Step]],
        *,
        typed: str = "",
        now: Callable[[], float] = time.time,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._find = find
        self._steps = steps
        self._first = typed
        self._now = now
        self._glyphs = glyphs
        self._found: list[Found] = []
        self._after = 0

    def compose(self) -> ComposeResult:
        """The title, the words, the list, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("Search all chats", id="question")
            yield Input(self._first, placeholder=plain(_ASK, self._glyphs), id="entry", compact=True)
            yield RowList(empty="", glyphs=self._glyphs)
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Look for what was typed before, and take in what changed."""
        self._say(_HINT)
        self.query_one(Input).focus()
        self._take_in()

    def on_resize(self, event: Resize) -> None:
        """Show what there is room for."""
        if self._found and self.is_mounted:
            selected = self._list.selected
            self._list.show(self._rows(), selected.id if selected else "")

    def action_choose(self) -> None:
        """Go to the selected turn."""
        selected = self._list.selected
        if selected is not None:
            self.dismiss(self._found[int(selected.id)])

    def action_leave(self) -> None:
        """Stay where one is."""
        self.dismiss(None)

    @property
    def _list(self) -> RowList:
        return self.query_one(RowList)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        self._look(message.value)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_choose()

    @on(RowList.Chosen)
    def _clicked(self) -> None:
        self.action_choose()

    @on(RowList.Selected)
    def _moved(self, message: RowList.Selected) -> None:
        if self._after and int(message.row.id) == len(self._found) - 1:
            self._look_on(self.query_one(Input).value, self._after)

    @work(exclusive=True, group="look")
    async def _look(self, typed: str) -> None:
        await asyncio.sleep(_REST_SECONDS)
        await self._page(typed, 0)

    @work(exclusive=True, group="look")
    async def _look_on(self, typed: str, after: int) -> None:
        await self._page(typed, after)

    async def _page(self, typed: str, after: int) -> None:
        try:
            page = await asyncio.to_thread(self._find, typed, after)
        except TavernError as error:
            self._list.show((), empty=plain(safe_line(str(error)), self._glyphs))
            return
        self._found = [*self._found, *page.found] if after else list(page.found)
        self._after = page.after
        selected = self._list.selected
        empty = "No turn has these words." if typed.strip() and not page.notes else " ".join(page.notes)
        self._list.show(self._rows(), selected.id if after and selected else "", plain(empty, self._glyphs))
        if page.found and page.notes:
            self._say(f"{_HINT} · {' '.join(page.notes)}")

    def _rows(self) -> list[ListRow]:
        now, before = self._now(), self.size.width // _PART_BEFORE
        return [_row(at, with_match_near(found, before), now, self._glyphs) for at, found in enumerate(self._found)]

    @work(exclusive=True, group="take in")
    async def _take_in(self) -> None:
        """Bring the index up to date, telling how far it is; then look again."""
        told = self._now()
        try:
            steps = self._steps()
            while (step := await asyncio.to_thread(next, steps, None)) is not None:
                if self._now() - told >= _TOLD_SECONDS:
                    told = self._now()
                    self._title(_far(step))
        except TavernError as error:
            self._say(safe_line(str(error)))
        self._title("")
        self._look(self.query_one(Input).value)

    def _title(self, text: str) -> None:
        self.query_one("#question", Static).update(Content(text or "Search all chats"))

    def _say(self, text: str) -> None:
        self.query_one("#keys", Static).update(Content(plain(text, self._glyphs)))


def _far(step: Step) -> str:
    done, total = step.cards + step.chats, step.all_cards + step.all_chats
    return f"Reading the library: {done:,} of {total:,}" if done < total else ""


def with_match_near(found: Found, before: int) -> Found:
    """``found`` with at most ``before`` characters before the first match, so that a narrow row still shows it."""
    over = found.marks[0][0] - before if found.marks else 0
    if over <= 0:
        return found
    blank = found.snippet.find(" ", over, found.marks[0][0])
    cut = blank + 1 if blank >= 0 else over
    moved = len(_MORE) - cut
    marks = tuple((start + moved, end + moved) for start, end in found.marks)
    return replace(found, snippet=f"{_MORE}{found.snippet[cut:]}", marks=marks)


def _row(place: int, found: Found, now: float, glyphs: Glyphs) -> ListRow:
    who = f"{found.name} · " if found.name else ""
    when = age(now - found.at) if found.at > 0 else ""
    shown, marks = _marked(found, glyphs)
    return ListRow(str(place), plain(f"{who}{found.title}", glyphs), when, shown, found=marks)


def _marked(found: Found, glyphs: Glyphs) -> tuple[str, tuple[tuple[int, int], ...]]:
    """What was said, as the terminal can show it, and where in it the words stand that were looked for."""
    shown, marks, done = "", [], 0
    for start, end in found.marks:
        shown += plain(found.snippet[done:start], glyphs)
        at = len(shown)
        shown += plain(found.snippet[start:end], glyphs)
        marks.append((at, len(shown)))
        done = end
    return shown + plain(found.snippet[done:], glyphs), tuple(marks)
