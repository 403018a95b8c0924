"""Actions about the library as a whole, and about who may see it. Screens are imported when they are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.events import PropertySet
from tavern_tui.session.titles import TITLE
from tavern_tui.ui.chat.incognito import show_title
from tavern_tui.ui.chat.refusing import refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


async def home(screen: ChatScreen, _argument: str = "") -> None:
    """Show the chats and the characters."""
    from tavern_tui.ui.screens.home import show_home

    if not refused_while_busy(screen):
        screen.tavern.show(show_home)


async def rename(screen: ChatScreen, argument: str = "") -> None:
    """Give the open chat another title."""
    title = " ".join(argument.split())
    if not title:
        screen.hint("/rename and a title gives this chat another one")
        return
    session = screen.open_session
    await session.changes.write(PropertySet(TITLE, title))
    show_names(screen)
    screen.hint(f"The chat is called {title} · {{undo}} undoes")


def show_names(screen: ChatScreen) -> None:
    """Show who is talked to and what the chat is called now."""
    session = screen.open_session
    screen.progress.names(session.character.name, session.tree.title)
    if screen.group_view is not None:
        screen.group_view.names()
    show_title(screen.tavern)


async def copy(screen: ChatScreen, argument: str = "") -> None:
    """Go on in a copy of the open chat."""
    from tavern_tui.session.copies import copy_chat

    if refused_while_busy(screen):
        return
    session, app = screen.open_session, screen.tavern
    if not session.log.kept:
        screen.hint("Nothing of this chat is kept · incognito chats have no copies")
        return
    title = " ".join(argument.split()) or f"{session.tree.title or session.log.path.stem} (copy)"
    path = await asyncio.to_thread(copy_chat, app.workspace, session.log.path.stem, title)
    app.open_chat(replace(app.wishes, character="", chat=path.stem, new=False, persona=""))


async def delete(screen: ChatScreen, _argument: str = "") -> None:
    """Leave the open chat and move it to the trash."""
    from tavern_tui.ui.screens.deleted_chats import leave_deleted

    if refused_while_busy(screen):
        return
    log, app = screen.open_session.log, screen.tavern
    if not log.kept:
        screen.hint("Nothing of this chat is kept · it is gone when you leave it")
        return
    app.open_chat(app.wishes, once_left=partial(leave_deleted, app, log.path.stem))


async def undelete(screen: ChatScreen, _argument: str = "") -> None:
    """Bring a deleted chat back."""
    from tavern_tui.ui.screens.deleted_chats import show_deleted

    if not refused_while_busy(screen):
        screen.tavern.show(show_deleted)


async def restore(screen: ChatScreen, _argument: str = "") -> None:
    """Show the backups."""
    from tavern_tui.ui.screens.restore import show_restore

    screen.tavern.show(show_restore)


async def regex(screen: ChatScreen, _argument: str = "") -> None:
    """Show the regex scripts."""
    from tavern_tui.ui.screens.regex_review import show_regex

    if not refused_while_busy(screen):
        screen.tavern.show(show_regex)


async def hide(screen: ChatScreen, _argument: str = "") -> None:
    """Cover the screen."""
    from tavern_tui.ui.screens.cover import show_cover

    screen.tavern.show(show_cover)


async def incognito(screen: ChatScreen, _argument: str = "") -> None:
    """Begin a chat with this character that is never written down."""
    if not refused_while_busy(screen):
        name = screen.open_session.character.name
        screen.tavern.open_chat(
            replace(screen.tavern.wishes, character=name, chat="", persona="", new=True, incognito=True)
        )


async def private(screen: ChatScreen, argument: str = "") -> None:
    """Show what is private, or hide it again; mark the open chat or its character."""
    from tavern_tui.session.privacy import toggle_private

    app, wanted = screen.tavern, argument.strip().casefold()
    if wanted not in ("chat", "character"):
        app.shows_private = not app.shows_private
        shown = "is shown until the program ends" if app.shows_private else "is hidden again"
        screen.hint(f"What is private {shown}")
        return
    session = screen.open_session
    if wanted == "chat" and not session.log.kept:
        screen.hint("An incognito chat is in no list")
        return
    named = {"chat": session.log.path.stem} if wanted == "chat" else {"character": session.character.name}
    on = await asyncio.to_thread(lambda: toggle_private(app.workspace, **named))
    what = "This chat" if wanted == "chat" else session.character.name
    screen.hint(f"{what} is private · /private shows it" if on else f"{what} is not private any more")


HOME_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "app.home": home,
    "chat.rename": rename,
    "chat.copy": copy,
    "chat.delete": delete,
    "chat.undelete": undelete,
    "app.restore": restore,
    "app.regex": regex,
    "app.hide": hide,
    "app.incognito": incognito,
    "app.private": private,
}
