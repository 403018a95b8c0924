"""The character's portrait beside the chat, where the window is wide enough to leave it a margin of its own.

It is left out where colours are few, and where only changes are sent (``terminal.diff``): a picture that stands still
beside a text that scrolls would have the text sent anew with every line.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from textual.css.query import NoMatches

from tavern_tui.config.themes import Depth
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.portraits import Portrait, portrait
from tavern_tui.ui.chatlog.view import reading_measure
from tavern_tui.ui.widgets.portrait import PortraitView

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

LEAST_COLUMNS, MOST_COLUMNS, LINES = 12, 24, 16
LEAST_ROWS: Final = 24
"""A window with fewer rows has none to give away."""

_MARGIN = 1  # cells on either side


def room_for(width: int, height: int) -> int:
    """Columns that a portrait may have beside the text of a window of that size; 0 for no portrait."""
    left, _ = reading_measure(width - 1)
    columns = min(MOST_COLUMNS, left - 2 * _MARGIN)
    return columns if columns >= LEAST_COLUMNS and height >= LEAST_ROWS else 0


async def show_portrait(screen: ChatScreen) -> None:
    """Show the portrait, or take it away, as the window and the settings have it now."""
    app, session = screen.tavern, screen.session
    wanted = app.workspace.settings.ui.portrait == "auto" and app.depth is Depth.FULL and not app.profile.diff
    columns = room_for(screen.size.width, screen.size.height) if wanted and session is not None else 0
    try:
        view = screen.query_one("#portrait", PortraitView)
    except NoMatches:
        if not columns or session is None:
            return
        view = PortraitView(await asyncio.to_thread(_portrait_of, screen, columns), id="portrait")
        view.styles.position = "absolute"
        view.styles.offset = (_MARGIN, 2)
        view.styles.layer = "above"
        await screen.mount(view)
    view.display = bool(columns) and view.has_picture and view.columns <= columns


async def renew_portrait(screen: ChatScreen) -> None:
    """Show another picture than before: the card has been given one."""
    await screen.query("#portrait").remove()
    await show_portrait(screen)


def _portrait_of(screen: ChatScreen, columns: int) -> Portrait | None:
    red, green, blue = screen.background_colors[1].rgb
    try:
        _, path = screen.tavern.workspace.card_of(screen.open_session.character.name)
    except TavernError:
        return None
    return portrait(path, columns, LINES, ground=(red, green, blue))
