"""Actions that open a screen over the chat. Each screen is imported when it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.ui import popups
from tavern_tui.ui.chat.home_actions import HOME_ACTIONS
from tavern_tui.ui.chat.refusing import refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


async def characters(screen: ChatScreen, _argument: str = "") -> None:
    """Show the characters and chats."""
    if not refused_while_busy(screen):
        screen.tavern.show(popups.characters)


async def bring(screen: ChatScreen, argument: str = "") -> None:
    """Take in what another program has, at the path that follows the command."""
    if not refused_while_busy(screen):
        screen.tavern.show(partial(popups.bring, path=argument))


async def search(screen: ChatScreen, argument: str = "") -> None:
    """Find words in all chats, beginning with those that follow the command."""
    if not refused_while_busy(screen):
        screen.tavern.show(partial(popups.search, typed=argument))


async def connect(screen: ChatScreen, _argument: str = "") -> None:
    """Choose who writes."""
    if not refused_while_busy(screen):
        screen.tavern.show(popups.writers)


async def theme(screen: ChatScreen, _argument: str = "") -> None:
    """Choose the colours."""
    screen.tavern.show(popups.themes)


PAGE_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "app.characters": characters,
    "app.import": bring,
    "app.search": search,
    "app.connect": connect,
    "app.theme": theme,
}
    **HOME_ACTIONS,
