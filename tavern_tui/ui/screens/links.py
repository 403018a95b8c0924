"""The web addresses in a turn, each shown whole with where it really leads; one is opened only from here.

Its result is the address and what is to be done with it, or ``None``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.links import MOST_CHARACTERS, Link, links_in
from tavern_tui.ui.browser import open_in_browser
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.clipboard import copy
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

TOO_LONG = f"Longer than {MOST_CHARACTERS} characters: y copies it, to be looked over before it is opened."


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address, and whether it is to be opened; else it is to be copied."""

    address: str
    opened: bool


class Links(ListPage[Wanted | None]):
    """``links``, each with all of its address."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", show=False)]

    def __init__(self, links: Sequence[Link], *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Open in your browser?", glyphs=glyphs)
        self._links = {str(place): link for place, link in enumerate(links)}

    def on_mount(self) -> None:
        """Show them."""
        self.say("")
        self.show([ListRow(key, link.host, detail=link.address, wraps=True) for key, link in self._links.items()])

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (("Enter", "opens"), ("y", "copies"), ("Esc", "close"))

    async def chosen(self, row: ListRow) -> None:
        """Open it, if it could be looked over."""
        link = self._links[row.id]
        if link.short:
            self.dismiss(Wanted(link.address, opened=True))
        else:
            self.say(TOO_LONG, problem=True)

    def action_copy(self) -> None:
        """Copy the selected one."""
        row = self.rows.selected
        if row is not None and not self.entering:
            self.dismiss(Wanted(self._links[row.id].address, opened=False))


async def show_links(app: TavernApp, text: str) -> None:
    """Let one of the addresses in ``text`` be opened or copied; where there is no browser, it is copied.

    Raises ``NotFoundError`` where there is none.
    """
    links = links_in(text)
    if not links:
        raise NotFoundError("No web address stands in this turn.")
    wanted = await app.push_screen_wait(Links(links, glyphs=app.glyphs))
    if wanted is None:
        return
    program = await open_in_browser(wanted.address, os.environ, sys.platform) if wanted.opened else ""
    what = "the address (no browser here)" if wanted.opened else "the address"
    app.chat.hint(f"Opened by {program}" if program else await copy(app, wanted.address, what))
