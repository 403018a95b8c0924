"""``PathPicker``: a line for a path, and below it what lies where one is; arrows walk, typing finds.

The folder is listed in a thread. Screens call ``move``, ``page`` and ``choose`` and hear ``Picked``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.moving_places import typed_path
from tavern_tui.session.picking import Listing, listing, meant
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.edge_input import EdgeInput
from tavern_tui.ui.widgets.path_rows import picked, picker_rows
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import plain


class PathPicker(Vertical):
    """The line and the list. ``likely`` folders stand first; walking begins at ``home``, or with ``path`` typed."""

    DEFAULT_CSS = """
    PathPicker {
        height: 1fr;
        & #told { height: auto; padding: 0 2; margin: 1 0; color: $text-muted; }
    }
    """

    @dataclass
    class Picked(Message):
        """A file or folder was chosen."""

        path: Path

    def __init__(
        self,
        likely: Sequence[Path] = (),
        *,
        home: Path,
        path: str = "",
        glyphs: Glyphs = UNICODE_GLYPHS,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._likely = tuple(likely)
        self._home = home
        self._asked = path
        self._glyphs = glyphs
        self._listing = Listing(home)

    def compose(self) -> ComposeResult:
        """The line, what is said, and the list."""
        hint = plain("a path, or a name in the list", self._glyphs)
        yield EdgeInput(self._asked, placeholder=hint, id="entry", compact=True, select_on_focus=False)
        yield Static(id="told")
        yield RowList(glyphs=self._glyphs)

    def on_mount(self) -> None:
        """List the first folder."""
        self.entry.cursor_blink = False
        self._walk(self._asked)

    @property
    def entry(self) -> EdgeInput:
        """The line."""
        return self.query_one(EdgeInput)

    @property
    def list(self) -> RowList:
        """What lies where one is."""
        return self.query_one(RowList)

    def say(self, text: str) -> None:
        """Have ``text``, which is safe, between the line and the list."""
        self.query_one("#told", Static).update(Content(plain(text, self._glyphs)))

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self._walk(message.value)

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        """Take the path that stands there, if it is one; else the selected row."""
        message.stop()
        typed = message.value.strip()
        is_path = "/" in typed and not typed.endswith("/")
        if typed and (is_path or self.list.selected is None):
            self.post_message(self.Picked(typed_path(typed)))
        else:
            self.list.choose()

    @on(EdgeInput.Beyond)
    def _beyond(self, message: EdgeInput.Beyond) -> None:
        """Go to the folder above, or into the selected one."""
        row = self.list.selected
        if message.steps < 0:
            self._walk_to(self._listing.folder.parent)
        elif row is not None and picked(row).opens:
            self._walk_to(picked(row).path)

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()
        found = picked(message.row)
        if found.opens:
            self._walk_to(found.path)
        else:
            self.post_message(self.Picked(found.path))

    def _walk_to(self, folder: Path) -> None:
        """List another folder."""
        self._listing = Listing(folder)
        if self.entry.value:
            self.entry.value = ""
        else:
            self._walk("")

    @work(exclusive=True, group="walk")
    async def _walk(self, typed: str) -> None:
        """List the folder that ``typed`` is about, and what is found of it there."""
        folder, rest = meant(typed.strip(), self._listing.folder)
        try:
            if folder != self._listing.folder or not self._listing.entries:
                self._listing = await asyncio.to_thread(listing, folder)
        except TavernError as error:
            if not typed:
                self.say(safe_line(str(error)))
        rows = picker_rows(self._likely, self._listing, rest, home=self._home, glyphs=self._glyphs)
        self.list.show(rows, empty="Nothing of that name is here.")
