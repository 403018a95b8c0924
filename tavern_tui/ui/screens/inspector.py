"""The prompt inspector: what the next reply will read, part by part and why; the prompt itself; what changed in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, Key, Resize
from textual.widgets import Static

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens import inspection
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.long_text import LongText
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import plain

if TYPE_CHECKING:
    from tavern_tui.session.prompting import LookedAt

VIEWS: Final = ("parts", "text", "changes")
_TITLES: Final = {"parts": "Parts", "text": "Text", "changes": "Changes"}
_KEYS: Final = {
    "parts": "Enter its text · Tab next · Esc close",
    "text": "↑↓ scroll · Tab next · Esc close",
    "changes": "↑↓ choose · Tab next · Esc close",
}
_GAP = "   "
WIDEST: Final = 120
"""Cells of the page at most."""
_MARGIN = 2


class Tabs(Static):
    """The names of the views in a row; a click chooses one."""

    def show(self, view: str) -> None:
        """Mark ``view``."""
        pieces = [(_TITLES[name], "bold underline" if name == view else "$text-muted") for name in VIEWS]
        self.update(Content(_GAP).join(Content.styled(title, style) for title, style in pieces))

    def view_at(self, column: int) -> str:
        """The view whose name stands at ``column``; "" between them."""
        start = _MARGIN
        for name in VIEWS:
            if start <= column < start + len(_TITLES[name]):
                return name
            start += len(_TITLES[name]) + len(_GAP)
        return ""


class Inspector(Page[None]):
    """The prompt ``found``. Tab goes from view to view; Esc, q and the keys of ``closing`` close it."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("space", "page(1)", show=False),
        Binding("home,g", "ends(0)", show=False),
        Binding("end,G", "ends(1)", show=False),
        Binding("tab,right,l", "turn(1)", show=False),
        Binding("shift+tab,left,h", "turn(-1)", show=False),
        Binding("escape,q", "leave", "Close", show=False),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "Inspector")
        + """
    Inspector {
        & #page { max-width: WIDEST; }
        & #sums, & #legend, & #changed { height: auto; padding: 0 2; color: $text-muted; }
        & #bar { height: 1; padding: 0 2; margin: 1 0 0 0; }
        & Tabs { height: 1; padding: 0 2; margin: 1 0; }
        & #text { padding: 0 1 0 2; }
        & RowList { padding: 0 1 0 0; }
        & #changed { margin: 0 0 1 0; }
        &.-short #question, &.-short #sums, &.-short #legend { display: none; }
        &.-short #bar, &.-short Tabs { margin: 0; }
        &.-short #changed { margin: 0; }
    }
    """.replace("WIDEST", str(WIDEST))
    )

    def __init__(
        self, found: LookedAt, *, closing: frozenset[str] = frozenset(), glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__()
        self._found = found
        self._close_keys = closing
        self._glyphs = glyphs
        self._view = "parts"
        self._shown: dict[str, inspection.Shown] = {}

    def compose(self) -> ComposeResult:
        """What there is of the prompt, the views' names, and the views."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("The prompt of the next reply", id="question")
            yield Static(id="sums")
            yield Static(id="bar")
            yield Static(id="legend")
            yield Tabs()
            yield RowList(glyphs=self._glyphs, id="parts")
            yield LongText(partial(inspection.prompt_lines, self._found), id="text")
            yield Static(Content(plain(inspection.change_sums(self._found), self._glyphs)), id="changed")
            yield RowList(inspection.change_rows(self._found, self._glyphs), glyphs=self._glyphs, id="changes")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Show the parts."""
        self._list_parts(everything=False)
        self._show(self._view)

    def on_resize(self, event: Resize) -> None:
        """What stands above the views is as wide as the page."""
        width = max(1, min(event.size.width, WIDEST) - 2 * _MARGIN)
        sums = inspection.sums(self._found, width, self._glyphs)
        self.query_one("#sums", Static).update(Content("\n".join(sums)))
        self.query_one("#bar", Static).update(inspection.budget_bar(self._found, width, self._glyphs))
        legend = inspection.legend(self._found, width, self._glyphs)
        self.query_one("#legend", Static).update(Content("\n").join(legend))

    def on_key(self, event: Key) -> None:
        """The key that opened the page closes it."""
        if event.key in self._close_keys:
            event.stop()
            self.dismiss(None)

    @on(Click, "Tabs")
    def _clicked(self, event: Click) -> None:
        if view := self.query_one(Tabs).view_at(event.x):
            self._show(view)

    @on(RowList.Chosen, "#parts")
    def _chosen(self, message: RowList.Chosen) -> None:
        shown = self._shown[message.row.id]
        if shown.unfolds:
            self._list_parts(everything=True, select=message.row.id)
        elif shown.parts:
            self.app.push_screen(
                TextPage(message.row.title, partial(inspection.text_lines, shown.parts), glyphs=self._glyphs)
            )

    def action_move(self, rows: int) -> None:
        """Select another row, or scroll the text."""
        if self._view == "text":
            self._text.scroll_by(rows)
        else:
            self._rows.move(rows)

    def action_page(self, pages: int) -> None:
        """Go on by a window."""
        if self._view == "text":
            self._text.scroll_pages(pages)
        else:
            self._rows.page(pages)

    def action_ends(self, end: int) -> None:
        """Go to the beginning or the end."""
        if self._view == "text":
            self._text.go_to_end(last=bool(end))
        else:
            self._rows.select(len(self._rows.rows) - 1 if end else 0)

    def action_choose(self) -> None:
        """Show the text of the selected part."""
        if self._view == "parts":
            self._rows.choose()

    def action_turn(self, views: int) -> None:
        """Go to the next view, or back."""
        self._show(VIEWS[(VIEWS.index(self._view) + views) % len(VIEWS)])

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)

    @property
    def _text(self) -> LongText:
        return self.query_one("#text", LongText)

    @property
    def _rows(self) -> RowList:
        return self.query_one(f"#{self._view}", RowList)

    def _list_parts(self, *, everything: bool, select: str = "") -> None:
        shown = inspection.part_rows(self._found, self._glyphs, everything=everything)
        self._shown = {one.row.id: one for one in shown}
        self.query_one("#parts", RowList).show([one.row for one in shown], select=select)

    def _show(self, view: str) -> None:
        self._view = view
        for name in VIEWS:
            self.query_one(f"#{name}").display = name == view
        self.query_one("#changed").display = view == "changes"
        self.query_one(Tabs).show(view)
        self.query_one("#keys", Static).update(Content(plain(_KEYS[view], self._glyphs)))
