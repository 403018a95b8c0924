"""Actions that open a screen over the chat. Each screen is imported when it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.ui import popups
from tavern_tui.ui.chat.adventure_actions import ADVENTURE_ACTIONS
from tavern_tui.ui.chat.home_actions import HOME_ACTIONS
from tavern_tui.ui.chat.memory_actions import MEMORY_ACTIONS
from tavern_tui.ui.chat.refusing import refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


async def characters(screen: ChatScreen, _argument: str = "") -> None:
    """Show the characters and the chats."""
    from tavern_tui.ui.screens.home import show_home

    if not refused_while_busy(screen):
        screen.tavern.show(partial(show_home, characters=True))


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


async def branches(screen: ChatScreen, _argument: str = "") -> None:
    """Show the branches of the chat."""
    from tavern_tui.ui.screens.branches import show_branches

    if not refused_while_busy(screen):
        screen.tavern.show(show_branches)


async def settings(screen: ChatScreen, argument: str = "") -> None:
    """Show the settings, beginning with those that have a word in them."""
    from tavern_tui.ui.screens.settings import show_settings

    screen.tavern.show(partial(show_settings, typed=argument))


async def presets(screen: ChatScreen, _argument: str = "") -> None:
    """Show the sampler presets."""
    from tavern_tui.ui.screens.presets import show_presets

    screen.tavern.show(show_presets)


async def templates(screen: ChatScreen, _argument: str = "") -> None:
    """Show the templates."""
    from tavern_tui.ui.screens.templates import show_templates

    if not refused_while_busy(screen):
        screen.tavern.show(show_templates)


async def lore(screen: ChatScreen, argument: str = "") -> None:
    """Show the lorebook whose entries fired last, or the one that is named."""
    from tavern_tui.ui.screens.lorebooks import show_lorebook

    screen.tavern.show(partial(show_lorebook, name=argument))


async def lorebooks(screen: ChatScreen, _argument: str = "") -> None:
    """List the lorebooks."""
    from tavern_tui.ui.screens.lorebooks import show_lorebooks

    screen.tavern.show(show_lorebooks)


async def character(screen: ChatScreen, argument: str = "") -> None:
    """Show the character's card, or the one that is named."""
    from tavern_tui.ui.screens.character import show_character

    if not refused_while_busy(screen):
        screen.tavern.show(partial(show_character, name=argument))


async def personas(screen: ChatScreen, _argument: str = "") -> None:
    """List the personas."""
    from tavern_tui.ui.screens.personas import show_personas

    if not refused_while_busy(screen):
        screen.tavern.show(show_personas)


async def connections(screen: ChatScreen, _argument: str = "") -> None:
    """Show who can write, in full, and which models fit this machine."""
    from tavern_tui.ui.screens.connections import show_connections

    if not refused_while_busy(screen):
        screen.tavern.show(show_connections)


async def story(screen: ChatScreen, argument: str = "") -> None:
    """Begin a story, or bring the manuscript at the path that follows the command."""
    from tavern_tui.ui.screens.new_story import show_new_story

    if not refused_while_busy(screen):
        screen.tavern.show(partial(show_new_story, path=argument))


async def screenshot(screen: ChatScreen, argument: str = "") -> None:
    """Write what the screen shows into a picture at the path that follows the command."""
    from tavern_tui.session.screenshots import keep_screenshot

    if screen.session is not None and not screen.session.log.kept:
        screen.hint("A picture needs a file · an incognito chat writes none")
        return
    picture = screen.app.export_screenshot(title="tavern-tui")
    path = await asyncio.to_thread(keep_screenshot, argument, picture)
    screen.hint(f"Written: {safe_line(str(path))}")


PAGE_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "chat.branches": branches,
    **HOME_ACTIONS,
    **MEMORY_ACTIONS,
    **ADVENTURE_ACTIONS,
    "app.characters": characters,
    "app.import": bring,
    "app.search": search,
    "app.connect": connect,
    "app.theme": theme,
    "app.settings": settings,
    "app.presets": presets,
    "app.templates": templates,
    "app.connections": connections,
    "app.character": character,
    "app.personas": personas,
    "app.lore": lore,
    "app.lorebooks": lorebooks,
    "app.story": story,
    "app.screenshot": screenshot,
}
