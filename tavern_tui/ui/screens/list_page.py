"""``ListPage``: what the screens have in common on which things are listed and changed in place.

From top to bottom: what it is, the list, a line to type into where something is asked for, what is to be said of the
selected row, and the keys. What is typed there, and what becomes of it, is ``asking``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.ui.screens.asking import AskingPage, Result
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain


def heading(text: str) -> ListRow:
    """A row that stands above others and cannot be chosen."""
    return ListRow(f"/heading {text}", text, heading=True)


class ListPage(AskingPage[Result]):
    """A list below ``title``. What its keys are is told by ``keys``; ``selected`` says another row is selected."""

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        ("escape", "leave", "Close"),
        ("question_mark", "all_keys", "Keys"),
        ("slash", "find", "Find"),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "ListPage")
        + """
    ListPage {
        & RowList { padding: 0 1 0 0; }
        & #entry { display: none; margin: 1 0 0 0; }
        & #note { max-height: 4; }
        & #note.-problem { color: $text-warning; }
        &.-entering #entry { display: block; }
        &.-short #question { margin: 0; }
        &.-short #note, &.-short #entry { margin: 0; max-height: 2; }
    }
    """
    )

    keys_search = False
    """Whether letters that are typed search by themselves."""

    def compose(self) -> ComposeResult:
        """The title, what a screen has above its list, the list, the line to type into, what is said, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(safe_line(self._title), self._signs)), id="question")
            yield from self.above()
            yield RowList(empty=plain("Reading…", self._signs), glyphs=self._signs)
            yield from self.below()
            yield Input(id="entry", compact=True)
            yield Static(id="note")
            yield Static(id="keys")

    def above(self) -> Iterable[Widget]:
        """What stands between the title and the list."""
        return ()

    def below(self) -> Iterable[Widget]:
        """What stands below the list."""
        return ()

    def selected(self, row: ListRow | None) -> None:
        """Another row is selected, or the rows are others."""

    async def chosen(self, row: ListRow) -> None:
        """A row was chosen."""

    def widened(self) -> None:
        """The page has another size."""

    @property
    def rows(self) -> RowList:
        """The list."""
        return self.query_one(RowList)

    def show(self, rows: Sequence[ListRow], select: str = "", empty: str | None = None) -> None:
        """Have these rows, the one with the id ``select`` selected."""
        self.rows.show(rows, select, empty)
        self.rows.leave_heading(1)
        self.selected(self.rows.selected)
        self.say_keys()

    def on_resize(self, event: Resize) -> None:
        """The keys that fit are others, and so may be what the rows have room for."""
        try:
            self.say_keys()
        except NoMatches:  # before the first painting
            return
        self.widened()

    def action_move(self, rows: int) -> None:
        """Select another row."""
        if self.entering:
            return
        self.rows.move(rows)
        self.rows.leave_heading(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        if not self.entering:
            self.rows.page(pages)
            self.rows.leave_heading(pages)

    def action_choose(self) -> None:
        """Choose the selected row."""
        if not self.entering:
            self.rows.choose()

    def action_leave(self) -> None:
        """Leave the line, else the screen."""
        if self.entering:
            self.stop_asking()
            self.selected(self.rows.selected)
        else:
            self.dismiss(None)

    def action_find(self) -> None:
        """Ask for a word, and select the next row that has it."""
        if not self.entering:
            self.ask(self._find, hint="find")

    async def _find(self, typed: str) -> None:
        wanted = typed.strip().casefold()
        rows = self.rows.rows
        here = next((place for place, row in enumerate(rows) if row is self.rows.selected), 0)
        for place in [*range(here + 1, len(rows)), *range(here + 1)]:
            row = rows[place]
            if wanted in f"{row.title} {row.detail}".casefold() and not row.heading:
                self.rows.select(place)
                return
        raise NotFoundError(f"No row has “{typed.strip()}” in it.")

    def action_all_keys(self) -> None:
        """Show every key of the screen."""
        from tavern_tui.ui.screens.text_page import TextPage

        wide = max(len(key) for key, _ in self.keys()) + 2
        keys = [*self.keys()[:-1], *([] if self.keys_search else [("/", "find a row")]), self.keys()[-1]]
        lines = [Content(plain(f"{key:<{wide}}{what}", self._signs)) for key, what in keys]
        self.app.push_screen(TextPage(self._texts["#question"], lambda _width: lines, glyphs=self._signs))

    @on(RowList.Selected)
    def _moved(self, message: RowList.Selected) -> None:
        message.stop()
        self.selected(message.row)

    @on(RowList.Chosen)
    def _picked(self, message: RowList.Chosen) -> None:
        message.stop()
        self.do(self.chosen(message.row))
