"""Actions about who writes: an engine of the chat's own, a server's key, a template that stays.

What does them is imported when one is done: a chat is on screen without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.ui import popups
from tavern_tui.ui.chat.refusing import refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


async def choose_here(screen: ChatScreen, argument: str = "") -> None:
    """Choose who writes in this chat alone; without a name, from the list."""
    from tavern_tui.session import engine_choices
    from tavern_tui.session.connections import USUAL

    if refused_while_busy(screen):
        return
    if not argument:
        screen.tavern.show(popups.writers_here)
        return
    told = await engine_choices.choose_here(screen.tavern.workspace, screen.open_session, argument)
    screen.own_writer = argument.strip().casefold() not in USUAL
    await popups.connect_anew(screen.tavern)
    screen.mirror.note(str(told))


async def choose_model(screen: ChatScreen, argument: str = "") -> None:
    """Take another model of the engine that writes."""
    if not refused_while_busy(screen):
        screen.tavern.show(partial(popups.models, named=argument))


async def try_out(screen: ChatScreen, _argument: str = "") -> None:
    """Ask who writes for one short reply."""
    if not refused_while_busy(screen):
        screen.tavern.show(popups.trial)


async def enter_key(screen: ChatScreen, argument: str = "") -> None:
    """Ask for the key of the server that writes."""
    from tavern_tui.session import engine_choices

    if argument:
        # What was typed may be the key: it is neither kept nor shown.
        screen.hint("Type nothing behind it · /key asks for the key, unseen")
        return
    tavern = screen.tavern
    origin = engine_choices.server_of(tavern.workspace, popups.wishes_here(tavern), screen.open_session)
    tavern.show(partial(popups.key_entry, origin=origin))


async def send_key(screen: ChatScreen, _argument: str = "") -> None:
    """Let the key go unencrypted that was held back, and connect."""
    from tavern_tui.session import engine_choices

    origin = await engine_choices.send_key(screen.tavern.workspace, screen.problems.shown)
    screen.problems.clear()
    screen.hint(f"The key for {origin} is sent unencrypted from now on")
    screen.look_for_engine()


async def take_over(screen: ChatScreen, _argument: str = "") -> None:
    """Load the model here that another window's keeps out, and connect."""
    from tavern_tui.session import engine_choices

    engine_choices.take_over(screen.open_session, screen.problems.shown)
    screen.problems.clear()
    screen.look_for_engine()


async def stop_other(screen: ChatScreen, _argument: str = "") -> None:
    """Have the server stop what it writes for another client."""
    from tavern_tui.session import engine_choices

    screen.hint(str(await engine_choices.stop_other(screen.open_session)))


async def keep_template(screen: ChatScreen, _argument: str = "") -> None:
    """Write to the model that is there now with the template of the one before."""
    from tavern_tui.session import engine_choices

    session = screen.open_session
    told = await engine_choices.keep_template(screen.tavern.workspace, session, session.connection.replaced)
    session.connection.replaced = ""
    screen.problems.clear()
    screen.mirror.note(str(told))


WRITER_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "writer.here": choose_here,
    "writer.model": choose_model,
    "writer.test": try_out,
    "writer.key": enter_key,
    "writer.send_key": send_key,
    "writer.take_over": take_over,
    "writer.stop_other": stop_other,
    "writer.keep_template": keep_template,
}
