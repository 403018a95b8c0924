"""Connections and models: who can write, each as it is found now, and which models fit this machine.

Saved connections come first, then servers that answer here, the model files of this machine, and the table of what to
look for. Enter shows one in full (``connection``), where it is used, tested, changed and removed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.session import connections as saved_connections
from tavern_tui.session.connection_page import engine_problem
from tavern_tui.session.engine_choices import choose_here
from tavern_tui.session.model_advice import free_memory
from tavern_tui.session.routes import route_for
from tavern_tui.session.trying import try_connection
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.writers import Writer, WriterKind, find_writers, rank, remember_writer
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.popups import connect_anew, fetched, use_writer
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.connection import CHANGED, TEST, USE_HERE, ConnectionScreen
from tavern_tui.ui.screens.list_page import ListPage, heading
from tavern_tui.ui.screens.models_table import TABLE, about_row, table_heading, table_rows
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.screens.trial import trial_lines
from tavern_tui.ui.widgets.rows import ListRow, plain
from tavern_tui.ui.widgets.writer_list import Search

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

_KINDS: Final = {
    WriterKind.SAVED: "Saved connections",
    WriterKind.SERVER: "Servers that were found",
    WriterKind.MODEL: "Models of this machine",
    WriterKind.STARTER: "Models of this machine",
}

Chosen = tuple[str, Writer]
"""What is wanted of a writer: ``USE`` or ``USE_HERE``."""


class ConnectionsScreen(ListPage[Chosen | None]):
    """Who can write in ``workspace``; ``search`` finds them, ``memory`` tells how many bytes are free.

    Its result is what is wanted of one of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("u", "use('use')", show=False),
        Binding("h", "use('here')", show=False),
        Binding("t", "test", show=False),
        Binding("a", "add", show=False),
        Binding("R", "again", show=False),
    ]

    def __init__(
        self,
        workspace: Workspace,
        search: Search,
        *,
        memory: Callable[[], int | None] = free_memory,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__("Connections and models", glyphs=glyphs)
        self._memory = memory
        self._workspace = workspace
        self._search = search
        self._writers: dict[str, Writer] = {}
        self._engine = ""
        self._table: list[ListRow] = []

    def keys(self) -> Keys:
        """Those of the list."""
        return (
            ("Enter", "look"),
            ("u", "use"),
            ("a", "add"),
            ("t", "test"),
            ("h", "use in this chat alone"),
            ("R", "look again"),
            ("Esc", "close"),
        )

    def on_mount(self) -> None:
        """Begin to look."""
        self._fill()
        self._check_engine()

    def selected(self, row: ListRow | None) -> None:
        """Say what is wrong with it, or what it takes."""
        writer = self._writers.get(row.id) if row else None
        if row is not None and row.id.startswith(TABLE):
            self.say(about_row(row, str(self._workspace.directories.models)))
        elif writer is not None and (writer.problem or writer.advice):
            self.say(f"{writer.problem} {writer.advice}".strip(), problem=True)
        else:
            self.say(self._engine, problem=bool(self._engine))

    async def chosen(self, row: ListRow) -> None:
        """Show it in full."""
        writer = self._writers.get(row.id)
        if writer is not None:
            self._look_at(writer)

    def action_use(self, where: str) -> None:
        """Let it write."""
        writer = self._selected
        if writer is None or self.entering:
            return
        if writer.problem and not writer.saved:
            self.say(f"{writer.problem} {writer.advice}".strip(), problem=True)
        else:
            self.dismiss((where, writer))

    def action_test(self) -> None:
        """Ask it for one short reply."""
        if (writer := self._selected) is not None and not self.entering:
            self._try(writer)

    def action_add(self) -> None:
        """Ask for an address, and then for a name to save it under."""
        if not self.entering:
            self.ask(self._added, hint="address: rig:5001, https://host/v1, or a GGUF file")

    def action_again(self) -> None:
        """Look anew."""
        if not self.entering:
            self._writers.clear()
            self._fill()

    @property
    def _selected(self) -> Writer | None:
        return self._writers.get(self.rows.selected.id) if self.rows.selected else None

    async def _added(self, address: str) -> None:
        """Take an address, and ask for its name."""
        if not address.strip():
            raise NotFoundError("An address is needed.", hint="Like rig:5001")

        async def take(name: str) -> None:
            await asyncio.to_thread(saved_connections.add, self._workspace, name.strip(), address.strip())
            self._writers.clear()
            self._fill()

        self.say(f"A name for {safe_line(address, 60)}:")
        self.ask(take, hint="a name, like rig")

    @work(exclusive=True, group="page")
    async def _look_at(self, writer: Writer) -> None:
        page = ConnectionScreen(self._workspace, writer, glyphs=self._signs)
        what = await self.app.push_screen_wait(page)
        if what == CHANGED:
            self._writers.clear()
            self._fill()
        elif what == TEST:
            self._try(writer)
        elif what is not None:
            self.action_use(what)

    @work(exclusive=True, group="test")
    async def _try(self, writer: Writer) -> None:
        if writer.must_be_fetched:
            self.say("The starter model is not here yet: u fetches it.", problem=True)
            return
        self.say(f"Asking {writer.saved or writer.title} for one short reply…")
        named = writer.saved or writer.server
        route = route_for(self._workspace, server=named, model="" if named else writer.model)
        try:
            found = await try_connection(self._workspace, "", route=replace(route, typed=False))
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self.say("")
        title = f"Test of {writer.saved or writer.title}"
        self.app.push_screen(TextPage(safe_line(title, 60), partial(trial_lines, found), glyphs=self._signs))

    @work(exclusive=True, group="fill")
    async def _fill(self) -> None:
        free = await asyncio.to_thread(self._memory)
        self._table = [heading(table_heading(free)), *table_rows(free, self._signs)]
        async for writer in self._search():
            if writer.kind is not WriterKind.OTHER:
                self._writers[writer.key] = writer
                self._arrange()
        self._arrange()

    @work(exclusive=True, group="engine")
    async def _check_engine(self) -> None:
        self._engine = await asyncio.to_thread(engine_problem)
        if self._engine:
            self.selected(self.rows.selected)

    def _arrange(self) -> None:
        """The writers below their headings, and the table."""
        if not self.is_attached:  # closed while they were looked for
            return
        rows: list[ListRow] = []
        title = ""
        for writer in sorted(self._writers.values(), key=rank):
            if _KINDS[writer.kind] != title:
                title = _KINDS[writer.kind]
                rows.append(heading(title))
            rows.append(writer_row(writer, self._signs))
        before = self.rows.selected
        current = next((one.key for one in self._writers.values() if one.current), "")
        self.show([*rows, *self._table], before.id if before is not None else current)


def writer_row(writer: Writer, glyphs: Glyphs) -> ListRow:
    """A writer: its name and whether it is in use, and what is known of it below."""
    right = "in use" if writer.current else ""
    below = writer.about if not writer.saved or writer.problem or writer.pending else f"{writer.about} · answers"
    return ListRow(
        writer.key,
        plain(writer.title, glyphs),
        right,
        plain(below, glyphs),
        muted=bool(writer.problem) or writer.pending,
    )


async def show_connections(app: TavernApp) -> None:
    """Show who can write, and let one of them where that is wanted."""
    search = partial(find_writers, app.workspace, named=app.wishes.server)
    chosen = await app.push_screen_wait(ConnectionsScreen(app.workspace, search, glyphs=app.glyphs))
    app.reload()
    if chosen is None:
        return
    where, writer = chosen
    if writer.must_be_fetched:
        found = await fetched(app, writer)
        if found is None:
            return
        writer = found
    if where == USE_HERE:
        named = writer.saved or writer.server or writer.model
        told = await choose_here(app.workspace, app.chat.open_session, named)
        app.chat.own_writer = True
        await connect_anew(app)
        app.chat.mirror.note(str(told))
        return
    for note in await asyncio.to_thread(remember_writer, app.workspace, writer):
        app.chat.mirror.note(note)
    await use_writer(app, writer)
