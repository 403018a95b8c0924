"""*Who writes*: the list of ``/connect``, over whatever is on screen. Its result is the writer chosen, or ``None``.

Nothing is changed here: what follows from the choice is the caller's business.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tavern_tui.session.writers import Writer
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.rows import plain
from tavern_tui.ui.widgets.writer_choice import Look, WriterChoice
from tavern_tui.ui.widgets.writer_list import Search


class WritersScreen(Page[Writer | None]):
    """The list, beginning on the writer in use. ``search`` and ``look`` are ``session.writers``' in the app.

    ``more_wanted``: it was left for the connections and models in full.
    """

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Close"), ("c", "more", "Connections")]
    DEFAULT_CSS = PAGE_CSS.replace("PAGE", "WritersScreen")

    def __init__(
        self, search: Search, look: Look, *, glyphs: Glyphs = UNICODE_GLYPHS, question: str = "Who writes?"
    ) -> None:
        super().__init__()
        self.more_wanted = False
        self._question = question
        self._glyphs = glyphs
        self.choice = WriterChoice(search, look, prefer_current=True, glyphs=glyphs)

    def compose(self) -> ComposeResult:
        """The question, the list, and its keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(self._question), id="question")
            yield self.choice
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Say the keys."""
        self._say_keys()

    def action_move(self, rows: int) -> None:
        """Select another row."""
        self.choice.move(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        self.choice.page(pages)

    def action_choose(self) -> None:
        """Take the selected one."""
        self.choice.choose()
        self._say_keys()

    def action_leave(self) -> None:
        """Leave the address entry, else the list."""
        if self.choice.entering:
            self.choice.leave_entry()
            self._say_keys()
        else:
            self.dismiss(None)

    def action_more(self) -> None:
        """Choose none, and go on to the connections and models in full."""
        self.more_wanted = True
        self.dismiss(None)

    @on(WriterChoice.Picked)
    def _picked(self, message: WriterChoice.Picked) -> None:
        self.dismiss(message.writer)

    def _say_keys(self) -> None:
        listed = "Enter use · c connections · Esc close"
        keys = "Enter looks there · Esc back" if self.choice.entering else listed
        self.query_one("#keys", Static).update(Content(plain(keys, self._glyphs)))
