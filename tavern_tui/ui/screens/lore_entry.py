"""One lore entry as a form: a row for each field, and its text in an area of its own with its tokens.

``EntryForm`` shows and says what was turned; ``EntryText`` is the text being written. Saving is the lorebook screen's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.session.lore_fields import BY_NAME, FIELDS, Field, Kind
from tavern_tui.session.lore_listing import EntryRow
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.editor import Editor
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

_PREVIEW = 120
_TOLD = 300

Count = Callable[[str], Awaitable[tuple[int, bool]]]
"""Tokens of a text, and whether an engine counted them."""


def form_rows(entry: LoreEntry, glyphs: Glyphs, tokens: str) -> list[ListRow]:
    """A row for each field under its heading; a choice shows that it turns."""
    rows = []
    for heading, fields in FIELDS.items():
        rows.append(ListRow(f"#{heading}", heading, heading=True))  # no field is called so
        rows += [_row(field, entry, glyphs, tokens) for field in fields if _seen(field, entry)]
    return rows


def _seen(field: Field, entry: LoreEntry) -> bool:
    return field.kind is not Kind.SEEN or bool(field.shown(entry))


def _row(field: Field, entry: LoreEntry, glyphs: Glyphs, tokens: str) -> ListRow:
    shown = safe_line(field.shown(entry), _PREVIEW)
    if field.kind is Kind.TEXT:
        return ListRow(field.name, field.title, tokens, plain(shown, glyphs) or "nothing yet")
    if field.kind is Kind.CHOICE:
        shown = f"{glyphs.back} {shown} {glyphs.on}"
    return ListRow(field.name, field.title, plain(shown, glyphs) if field.kind is Kind.CHOICE else shown or "-")


class EntryForm(Vertical):
    """The fields of an entry. The screen calls ``show``, ``move``, ``turn``; a click on a row is ``Wanted``."""

    DEFAULT_CSS = """
    EntryForm {
        & RowList { padding: 0 1 0 0; }
        & #about { height: 2; padding: 0 2; margin: 1 0 0 0; color: $text-muted; }
    }
    """

    @dataclass
    class Wanted(Message):
        """A field is to be edited."""

        name: str

    def __init__(self, *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The rows, and what the selected one does."""
        yield RowList(empty="No entry.", glyphs=self._glyphs)
        yield Static(id="about")

    @property
    def field(self) -> Field | None:
        """The selected field."""
        selected = self._rows.selected
        return BY_NAME.get(selected.id) if selected is not None else None

    def show(self, row: EntryRow | None) -> None:
        """Show the fields of an entry, the same one selected as before."""
        near = self._rows.selected.id if self._rows.selected is not None else ""
        if row is None:
            self._rows.show(())
        else:
            tokens = f"{'' if row.exact else '~'}{row.tokens:,} tokens"
            rows = form_rows(row.entry, self._glyphs, tokens)
            self._rows.show(rows, select=near)
            self._rows.leave_heading(1)
        self._tell()

    def move(self, rows: int) -> None:
        """Select another field."""
        self._rows.move(rows)
        self._rows.leave_heading(rows)
        self._tell()

    def page(self, pages: int) -> None:
        """Select a field a window further."""
        self._rows.page(pages)
        self._rows.leave_heading(pages)
        self._tell()

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()
        self._tell()
        if message.row.id in BY_NAME:
            self.post_message(self.Wanted(message.row.id))

    @property
    def _rows(self) -> RowList:
        return self.query_one(RowList)

    def _tell(self) -> None:
        field = self.field
        text = plain(field.help if field else "", self._glyphs)
        self.query_one("#about", Static).update(Content(text), layout=False)


class EntryText(Page[str]):
    """The text of an entry called ``title`` being written; closing keeps it. ``count`` counts as it is typed."""

    AUTO_FOCUS = "FoldedArea"
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, priority=True),
        Binding("ctrl+o", "editor", "Editor", show=False, priority=True),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "EntryText")
        + """
    EntryText {
        & FoldedArea { height: 1fr; min-height: 2; border: none; padding: 0 1 0 2; }
        & FoldedArea:focus { border: none; }
        &.-short #question { margin: 0; }
        &.-short #note { margin: 0; }
    }
    """
    )

    def __init__(
        self,
        title: str,
        text: str,
        *,
        count: Count,
        editor: Editor,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._named = title
        self._text = text
        self._count = count
        self._editor = editor
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The title, the text, its tokens, the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(safe_line(self._named)), id="question")
            yield FoldedArea(fold_mark="+")
            yield Static(id="note")
            yield Static(Content(plain("ctrl+o $EDITOR · Esc done, and saved", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Show the text."""
        area = self.query_one(FoldedArea)
        area.cursor_blink = False
        area.text = self._text
        area.move_cursor(area.document.end)

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._tell_tokens()

    @work(group="count", exclusive=True)
    async def _tell_tokens(self) -> None:
        tokens, exact = await self._count(self.query_one(FoldedArea).full_text)
        self._note(f"{'' if exact else '~'}{tokens:,} tokens")

    @work(group="editor", exclusive=True)
    async def action_editor(self) -> None:
        """Write it in $EDITOR, and go on from what comes back."""
        area = self.query_one(FoldedArea)
        try:
            async with self._editor(area.full_text) as edited:
                area.text = edited.text
        except TavernError as error:
            self._note(str(error))
        else:
            if edited.notice:
                self._note(edited.notice)

    def _note(self, text: str) -> None:
        self.query_one("#note", Static).update(Content(plain(safe_line(text, _TOLD), self._glyphs)))

    def action_leave(self) -> None:
        """Close it; what is written stays."""
        self.dismiss(self.query_one(FoldedArea).full_text)
