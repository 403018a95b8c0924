"""``WriterChoice``: choosing who writes: the list, the entry for another machine's address, and what was wrong.

It takes no keys of its own but those of the address entry: screens call ``move``, ``choose`` and ``leave_entry``, and
hear ``Picked``, and ``WriterList.Changed`` from the list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.writers import Writer, WriterKind, refusal_of
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import plain
from tavern_tui.ui.widgets.writer_list import Search, WriterList

Look = Callable[[str], Awaitable[Writer]]
"""What is at an address. Raises ``TavernError`` where no engine is."""


class WriterChoice(Vertical):
    """The list and what belongs to it. ``search`` begins with its mounting; ``look`` is asked of typed addresses."""

    DEFAULT_CSS = """
    WriterChoice {
        height: 1fr;
        & > #address {
            height: 1; border: none; padding: 0 2; display: none;
            &:focus { border: none; }
        }
        & > #problem { height: auto; padding: 0 2; color: $text-warning; display: none; }
        &.-entering > #address { display: block; }
        &.-told > #problem { display: block; }
    }
    """

    @dataclass
    class Picked(Message):
        """A writer that can be used was chosen."""

        choice: WriterChoice
        writer: Writer

    def __init__(
        self,
        search: Search,
        look: Look,
        *,
        prefer_current: bool = False,
        glyphs: Glyphs = UNICODE_GLYPHS,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.list = WriterList(prefer_current=prefer_current, glyphs=glyphs)
        self._search = search
        self._look = look
        self._glyphs = glyphs

    @property
    def entering(self) -> bool:
        """Whether an address is being typed."""
        return self.has_class("-entering")

    def compose(self) -> ComposeResult:
        """The list, the address, and what was wrong with it."""
        yield self.list
        yield Input(placeholder=plain("rig:5001  or  https://host/v1", self._glyphs), id="address", compact=True)
        yield Static(id="problem")

    def on_mount(self) -> None:
        """Begin to look."""
        self._fill()

    def move(self, rows: int) -> None:
        """Select another row; nothing happens while an address is typed."""
        if not self.entering:
            self.list.move(rows)

    def page(self, pages: int) -> None:
        """Select a row a window further."""
        if not self.entering:
            self.list.page(pages)

    def choose(self) -> None:
        """Take the selected one, or ask for what is missing: an address, another one, an engine."""
        writer = self.list.writer
        if writer is None or self.entering:
            return
        if writer.usable or writer.saved:  # a saved one that is away is waited for in the chat
            self.post_message(self.Picked(self, writer))
        elif writer.pending:
            self._tell(f"Looking at {writer.title}…")
        elif writer.kind in (WriterKind.OTHER, WriterKind.SERVER):
            self._enter(writer.server, writer.problem)
        else:
            self._tell(f"{writer.problem} {writer.advice}".strip())

    def leave_entry(self) -> None:
        """Back to the list."""
        self.remove_class("-entering")
        self._tell("")
        self.screen.set_focus(None)

    @on(RowList.Chosen)
    def _clicked(self, message: RowList.Chosen) -> None:
        message.stop()
        self.choose()

    @on(RowList.Selected)
    def _moved(self, message: RowList.Selected) -> None:
        message.stop()
        self._tell("")

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        if address := message.value.strip():
            self._tell(f"Looking at {safe_line(address, 60)}…")
            self._look_at(address)

    @work(exclusive=True, group="look")
    async def _look_at(self, address: str) -> None:
        try:
            writer = await self._look(address)
        except TavernError as error:
            if self.entering:
                self._tell(refusal_of(error))
            return
        if self.entering:
            self.leave_entry()
            self.list.take(writer)
            self.post_message(self.Picked(self, writer))

    @work(exclusive=True, group="fill")
    async def _fill(self) -> None:
        async for writer in self._search():
            self.list.add(writer)

    def _enter(self, address: str, problem: str) -> None:
        self.add_class("-entering")
        entry = self.query_one("#address", Input)
        entry.value = address
        self.screen.set_focus(entry)  # at once: the next key is typed
        self._tell(problem)

    def _tell(self, text: str) -> None:
        self.set_class(bool(text), "-told")
        self.query_one("#problem", Static).update(Content(plain(text, self._glyphs)))
