"""Chats that go to the trash and come back, from Home and from the open chat. As files they are in ``chat_files``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.chat_files import DeletedChat, bring_back, deleted_chats, discard
from tavern_tui.session.privacy import private_things
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from textual.app import App

    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.chatlog.lines import Glyphs
    from tavern_tui.ui.screens.list_page import ListPage

EMPTY = "No chat is in the trash."
_TOLD = 60


class ChatTrash:
    """The trash of ``workspace``; ``shows_private``: with what is marked private. ``open_here`` is the file of the chat
    that lies under the screen, "" for none. All methods block, and raise ``TavernError``.
    """

    def __init__(self, workspace: Workspace, *, open_here: str = "", shows_private: bool = False) -> None:
        self.open_here = open_here
        self._workspace = workspace
        self._shows_private = shows_private

    def delete(self, name: str) -> str:
        """Move the chat in the file ``name`` to the trash; what it is called."""
        return title_of(discard(self._workspace, self._workspace.chats.open(name)))

    def deleted(self) -> list[DeletedChat]:
        """The chats in the trash, the last deleted first."""
        found = deleted_chats(self._workspace)
        if self._shows_private:
            return found
        private = private_things(self._workspace)
        return [one for one in found if not private.hides(one.name, one.characters)]

    def restore(self, deleted: DeletedChat) -> Path:
        """Bring a chat back; its file."""
        return bring_back(self._workspace, deleted)


def title_of(deleted: DeletedChat) -> str:
    """What a chat in the trash is called, for people."""
    return safe_line(deleted.title or deleted.name, _TOLD)


def trash_of(app: TavernApp) -> ChatTrash:
    """The trash as ``app`` may show it now."""
    session = app.chat.session
    name = session.log.path.stem if session is not None and session.log.kept else ""
    return ChatTrash(app.workspace, open_here=name, shows_private=app.shows_private)


async def at_home(screen: ListPage[Any], trash: ChatTrash, chat: str, read_again: Callable[[], object]) -> None:
    """Move the selected ``chat`` to the trash; with "" for it ask which one is to come back. Raises ``TavernError``."""
    if chat:
        title = await asyncio.to_thread(trash.delete, chat)
        rows = screen.rows
        rows.move(1 if rows.selected is not rows.rows[-1] else -1)  # the row after it is selected when it is gone
        told = f"{title} is in the trash: B among a chat's choices brings it back."
    else:
        back = await brought_back(screen.app, trash, screen._signs)
        if back is None:
            return
        told = f"{back[0]} is back."
    read_again()
    screen.say(told)


def _detail(deleted: DeletedChat) -> str:
    """Who a chat in the trash is with, and when it was deleted, to the minute."""
    who = [safe_line(", ".join(deleted.characters), _TOLD)] if deleted.characters else []
    return " · ".join([*who, f"deleted {deleted.when[:16]}"])


async def brought_back(app: App[Any], trash: ChatTrash, glyphs: Glyphs) -> tuple[str, Path] | None:
    """Ask which chat is to come back, and bring it; its title and file, ``None`` where none was chosen.

    Raises ``TavernError``, also where none is in the trash.
    """
    there = await asyncio.to_thread(trash.deleted)
    if not there:
        raise TavernError(EMPTY)
    rows = [
        ListRow(str(at), plain(title_of(one), glyphs), detail=plain(_detail(one), glyphs))
        for at, one in enumerate(there)
    ]
    picked = await app.push_screen_wait(RowChoice("Which chat is to come back?", rows, glyphs=glyphs))
    if picked is None:
        return None
    chosen = there[int(picked)]
    return title_of(chosen), await asyncio.to_thread(trash.restore, chosen)


async def show_deleted(app: TavernApp) -> None:
    """Bring a chat back and open it."""
    back = await brought_back(app, trash_of(app), app.glyphs)
    if back is not None:
        app.open_chat(replace(_anything(app.wishes), chat=back[1].stem))


async def leave_deleted(app: TavernApp, name: str) -> Wishes:
    """The open chat, in the file ``name``, was left: move it to the trash. What to open now: it, where that is refused.

    What happened is said below the chat that is opened.
    """
    wishes = _anything(app.wishes)
    try:
        title = await asyncio.to_thread(ChatTrash(app.workspace).delete, name)
    except TavernError as error:
        app.say_later([str(error)])
        return replace(wishes, chat=name)
    app.say_later([f"{title} is in the trash: /undelete brings it back."])
    return wishes


def _anything(wishes: Wishes) -> Wishes:
    """``wishes`` less what they say about which chat it is."""
    return replace(wishes, character="", chat="", persona="", new=False, incognito=False)
