"""The lorebooks that there are, with who reads each: switched, made, copied, renamed, deleted, brought in, opened.

Also what opens them over a chat: ``show_lorebooks`` the list, ``show_lorebook`` the book whose entries fired last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, Resize
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.session.lore_books import switch_in_chat
from tavern_tui.session.lore_editing import OpenBook, take_up
from tavern_tui.session.lore_listing import LoreNow, fired_last, last_fired, titles_in
from tavern_tui.session.lore_shelf import (
    BookRow,
    bring_back,
    copy_book,
    delete_book,
    follow_renamed,
    list_books,
    make_book,
    open_book,
    rename_book,
    row_of,
    switch_everywhere,
    take_in,
)
from tavern_tui.session.lore_trial import count_texts, is_read, try_lore
from tavern_tui.session.reading_cost import cost_of_next
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.editor import editor_for
from tavern_tui.ui.lore.ask import AskLine
from tavern_tui.ui.lore.desk import LoreDesk, LoreTools
from tavern_tui.ui.screens.lorebook import LorebookScreen
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

_TOLD = 300
_KEYS = "Enter open · c this chat · e every chat · n new · m more · Esc"
_KEYS_NARROW = "Enter open · m more · Esc"
_WIDE = 60
_MENU: Mapping[str, tuple[str, str]] = {
    "open": ("Enter", "Open it"),
    "chat": ("c", "Read it in this chat, or no longer"),
    "everywhere": ("e", "Read it in every chat, or no longer"),
    "new": ("n", "A new lorebook"),
    "copy": ("y", "Duplicate it"),
    "rename": ("r", "Rename it"),
    "delete": ("d", "Delete it, to the trash"),
    "back": ("u", "Bring back what was deleted"),
    "take": ("i", "Bring in a file of any program"),
}


class Shelf:
    """What the list works with: the workspace and the chat that are there now."""

    def __init__(self, app: TavernApp) -> None:
        self._app = app

    def rows(self) -> list[BookRow]:
        """Every lorebook. Blocks."""
        return list_books(self._app.workspace, self._app.chat.session)

    async def do(self, what: str, row: BookRow | None, typed: str = "") -> str:
        """Do it; what to say about it. Raises ``TavernError``."""
        workspace, session = self._app.workspace, self._app.chat.session
        if what == "new":
            return f"Made: {(await asyncio.to_thread(make_book, workspace, typed)).stem}."
        if what == "take":
            return f"Brought in: {(await asyncio.to_thread(take_in, workspace, typed)).stem}."
        if what == "back":
            return f"Back: {(await asyncio.to_thread(bring_back, workspace, typed)).stem}."
        if row is None:
            return "There is no lorebook yet: n makes one."
        if what == "chat":
            if session is None:
                return "No chat is open."
            if row.in_card:
                return f"It is part of the card of {row.name}, and read with it."
            return f"{await switch_in_chat(session, workspace, row.name)}."
        told = await asyncio.to_thread(self._do, what, row, typed)
        self._app.reload()
        if session is not None:
            if what == "rename":
                await follow_renamed(session, row.name, typed.strip())
            await asyncio.to_thread(take_up, session, self._app.workspace)
        return told

    def _do(self, what: str, row: BookRow, typed: str) -> str:
        workspace = self._app.workspace
        match what:
            case "everywhere":
                return f"{switch_everywhere(workspace, row)}."
            case "copy":
                return f"Made: {copy_book(workspace, row).stem}."
            case "rename":
                name = rename_book(workspace, row, typed).stem
                return f"It is called {name} now. Cards and other chats look for it under its old name."
            case _:
                return f"Deleted: {delete_book(workspace, row).stem}. u brings it back."


def book_rows(rows: Sequence[BookRow], glyphs: Glyphs) -> list[ListRow]:
    """A row for each book: how many entries it has, and who reads it."""
    found = []
    for row in rows:
        entries = f"{row.entries:,} entr{'y' if row.entries == 1 else 'ies'}"
        read = ", ".join(row.read_by) or "not read in this chat"
        detail = f"{read} · came with the program" if row.shipped else read
        name = f"{safe_line(row.name)} (in the card)" if row.in_card else safe_line(row.name)
        shown = plain(safe_line(row.problem, _TOLD) if row.problem else detail, glyphs)
        found.append(ListRow(row.id, name, "" if row.problem else entries, shown, muted=not row.read_by))
    return found


class LorebooksScreen(Page[BookRow | None]):
    """The list; its result is the book to open. ``shelf`` does what is asked for."""

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("slash", "find", show=False),
        Binding("m", "menu", show=False),
        *(Binding(key, f"run('{name}')", show=False) for name, (key, _) in _MENU.items() if key != "Enter"),
        Binding("escape", "leave", "Close", show=False, priority=True),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "LorebooksScreen")
        + """
    LorebooksScreen {
        & #entry { display: none; }
        & #entry.-open { display: block; }
        & RowList { padding: 0 1 0 0; }
        & #told { height: auto; min-height: 1; padding: 0 2; }
        &.-short #question { margin: 0; }
    }
    """
    )

    def __init__(self, shelf: Shelf, *, select: str = "", glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._shelf = shelf
        self._select = select
        self._glyphs = glyphs
        self._rows: list[BookRow] = []

    def compose(self) -> ComposeResult:
        """The list, what happened, the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("Lorebooks", id="question")
            yield Input(placeholder="Name", id="entry", compact=True)
            yield RowList(empty=plain("Reading the library…", self._glyphs), glyphs=self._glyphs)
            yield Static(id="told")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Read them."""
        self.query_one("#entry", Input).cursor_blink = False
        self._fill()

    def on_resize(self, event: Resize) -> None:
        """The keys are as many as there is room for."""
        keys = _KEYS if event.size.width >= _WIDE else _KEYS_NARROW
        self.query_one("#keys", Static).update(Content(plain(keys, self._glyphs)))

    def action_move(self, rows: int) -> None:
        """Select another book."""
        self._list.move(rows)

    def action_page(self, pages: int) -> None:
        """Go on by a window."""
        self._list.page(pages)

    def action_choose(self) -> None:
        """Open the selected book."""
        self._list.choose()

    def action_find(self) -> None:
        """Type a name."""
        entry = self.query_one("#entry", Input)
        entry.add_class("-open")
        self.set_focus(entry)  # at once: the next key is a letter to find, and no command

    def action_menu(self) -> None:
        """Everything that can be done."""
        self._ask_menu()

    def action_run(self, what: str) -> None:
        """Do what a key stands for."""
        self._run(what)

    def action_leave(self) -> None:
        """What is looked for goes first, then the screen."""
        entry = self.query_one("#entry", Input)
        if entry.has_class("-open"):
            entry.value = ""
            entry.remove_class("-open")
            self.set_focus(None)
        else:
            self.dismiss(None)

    @property
    def _list(self) -> RowList:
        return self.query_one(RowList)

    @property
    def _row(self) -> BookRow | None:
        chosen = self._list.selected
        return next((row for row in self._rows if chosen is not None and row.id == chosen.id), None)

    @on(Click, "#keys")
    def _keys_clicked(self) -> None:
        self._ask_menu()

    @on(Input.Changed, "#entry")
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted, "#entry")
    def _found(self) -> None:
        self.set_focus(None)

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        row = self._row
        if row is not None and row.problem:
            self._tell(row.problem)
        elif row is not None:
            self.dismiss(row)

    @work(group="menu", exclusive=True)
    async def _ask_menu(self) -> None:
        rows = [ListRow(name, title, key) for name, (key, title) in _MENU.items()]
        picked = await self.app.push_screen_wait(RowChoice("What to do", rows, glyphs=self._glyphs))
        if picked == "open":
            self.action_choose()
        elif picked is not None:
            self._run(picked)

    @work(group="run")
    async def _run(self, what: str) -> None:
        row, typed = self._row, ""
        asked = {"new": "A name for it", "rename": "Its new name", "take": "Its file", "back": "Which one"}
        if what in asked and (row is not None or what != "rename"):
            value = row.name if what == "rename" and row is not None else ""
            line = await self.app.push_screen_wait(AskLine(asked[what], value, glyphs=self._glyphs))
            if line is None:
                return
            typed = line
        try:
            self._tell(await self._shelf.do(what, row, typed))
        except TavernError as error:
            self._tell(str(error))
        self._select = typed.strip() if what in ("new", "rename", "back") else row.name if row is not None else ""
        self._fill()

    @work(group="fill", exclusive=True)
    async def _fill(self) -> None:
        try:
            self._rows = await asyncio.to_thread(self._shelf.rows)
        except TavernError as error:
            self._list.show((), empty=plain(safe_line(str(error), _TOLD), self._glyphs))
            return
        self._show()

    def _show(self) -> None:
        wanted = self.query_one("#entry", Input).value.casefold().split()
        found = [row for row in self._rows if all(word in row.name.casefold() for word in wanted)]
        before = self._list.selected
        named = (row.id for row in found if row.name.casefold() == self._select.casefold())
        near = next(named, before.id if before is not None else "")
        empty = "No lorebook is called so." if wanted else "No lorebook yet: n makes one, i brings one in."
        self._list.show(book_rows(found, self._glyphs), near, empty)

    def _tell(self, text: str) -> None:
        self.query_one("#told", Static).update(Content(plain(safe_line(text, _TOLD), self._glyphs)))


async def show_lorebooks(app: TavernApp) -> None:
    """List the lorebooks; the one that is opened is shown, and the list again after it."""
    select = ""
    while True:
        screen = LorebooksScreen(Shelf(app), select=select, glyphs=app.glyphs)
        row = await app.push_screen_wait(screen)
        if row is None:
            return
        select = row.name
        await edit_book(app, await asyncio.to_thread(open_book, app.workspace, row))


async def show_lorebook(app: TavernApp, name: str = "") -> None:
    """The lorebook of that name; without one, of those that the chat reads the one whose entries fired last."""
    rows = await asyncio.to_thread(list_books, app.workspace, app.chat.session)
    if name.strip():
        row = row_of(rows, name)
        if row is None:
            raise NotFoundError(f"There is no lorebook “{name.strip()}”.", hint="/lorebooks lists them.")
        await edit_book(app, await asyncio.to_thread(open_book, app.workspace, row))
        return
    book = await asyncio.to_thread(_fired_most, app, [row for row in rows if row.read_by and not row.problem])
    if book is None:
        await show_lorebooks(app)
    else:
        await edit_book(app, book)


def _fired_most(app: TavernApp, rows: Sequence[BookRow]) -> OpenBook | None:
    """Of the books that the chat reads the one with most entries of the last prompt. Blocks."""
    books = [open_book(app.workspace, row) for row in rows]
    fired = set(fired_last(app.chat.session.tree)) if app.chat.session is not None else set()
    return max(books, key=lambda one: len(fired & titles_in(one.book)), default=None)


async def edit_book(app: TavernApp, book: OpenBook) -> None:
    """Show a book; what was changed there, an open chat reads in its next prompt."""
    await app.push_screen_wait(LorebookScreen(LoreDesk(book, _tools(app)), glyphs=app.glyphs))
    session = app.chat.session
    if book.changed and session is not None:
        await asyncio.to_thread(take_up, session, app.workspace)
        app.chat.cost_ahead.look(anew=True)


def _tools(app: TavernApp) -> LoreTools:
    """What the desk works with in this app."""
    session, workspace = app.chat.session, app.workspace
    books, editor = partial(list_books, workspace, session), editor_for(app, "lore")
    opened = partial(open_book, workspace)
    if session is None:
        return LoreTools(books=books, open=opened, editor=editor)

    async def look(book: Lorebook, changed: bool) -> tuple[LoreNow | None, str]:
        if changed:
            await asyncio.to_thread(take_up, session, workspace)
        if not is_read(session, book):
            return None, "not read in this chat"
        now = (await try_lore(session, book)).of(book.name)
        if not changed or session.connection.known is None:
            return now, ""
        try:
            return now, f"the next reply {(await cost_of_next(session)).numbers}"
        except TavernError:  # the chat itself says why no prompt can be made, or no engine asked
            return now, ""

    return LoreTools(
        count=partial(count_texts, session),
        look=look,
        attempt=partial(try_lore, session),
        books=books,
        open=opened,
        editor=editor,
        turns=last_fired(session.tree, session.turn_number),
    )
