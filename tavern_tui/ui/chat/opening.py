"""What is said when a chat is opened: what happened to it since and where that begins, and what could not be read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tavern_tui.session.coming_back import Place, PlaceKeeper
from tavern_tui.session.opening import Wishes
from tavern_tui.session.reading_chats import problems_of
from tavern_tui.session.session import ChatSession
from tavern_tui.session.while_away import first_new, while_away
from tavern_tui.session.workspace import Workspace

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.chat import ChatScreen


def notes_of(session: ChatSession) -> list[str]:
    """The notes below the chat, each a sentence."""
    gone = [str(session.no_card)] if session.no_card is not None else []
    waiting = [session.scripts.waiting] if session.scripts.waiting else []
    return [*gone, *_without_cards(session), *problems_of(session.log), *waiting, *_unkept(session)]


def _without_cards(session: ChatSession) -> list[str]:
    """Who of a group has no card any more, where somebody else can talk."""
    if session.group is None or session.no_card is not None:
        return []
    from tavern_tui.session.groups.opening import missing_told

    return [told] if (told := missing_told(session.group)) else []


def tell_read_only(screen: ChatScreen) -> None:
    """Say why the chat that was opened cannot be written in, and offer a copy of it that can."""
    error = screen.open_session.log.read_only
    if error is None:
        return
    from tavern_tui.ui.chat.problems import A_COPY, OTHER_CHAT

    screen.composer.placeholder = "Read only: /duplicate goes on in a copy"
    screen.problems.show(error, (A_COPY, OTHER_CHAT))


def _unkept(session: ChatSession) -> list[str]:
    """What is said of a chat that is never written down."""
    if session.log.kept:
        return []
    from tavern_tui.session.privacy import INCOGNITO

    return [INCOGNITO]


def away_notes(screen: ChatScreen, place: Place) -> list[str]:
    """What came to the chat since it was last looked at from here, in one line if anything.

    Where it begins is marked in the log; a reader who was at the end then goes on reading there.
    """
    session, whereabouts = screen.open_session, screen.whereabouts
    events = session.log.events
    first, log = first_new(events, session.tree, place.seen), screen.mirror.log
    if first in log.standing:
        screen.mirror.mark_new(first)
        if not place.turn and not place.selected:
            log.call_after_refresh(log.show_entry, first, 0)
        if whereabouts is not None:
            log.call_after_refresh(whereabouts.keep)  # so that it is not new again after a crash
    line = while_away(
        events,
        session.tree,
        place.seen,
        left_open=whereabouts is not None and whereabouts.left_open,
        now=datetime.now().astimezone(),
    )
    return [line] if line else []


async def begin_at_home(app: TavernApp) -> tuple[Wishes, str]:
    """What to open first, and the action to run then ("" for none): as Home answers, where a start is to show it."""
    wishes = app.wishes
    if app.workspace.settings.ui.start != "home" or wishes.character or wishes.chat or wishes.new or wishes.incognito:
        return wishes, ""
    from tavern_tui.session.character_list import wishes_for
    from tavern_tui.ui.screens.home import asked_at_home

    choice = await asked_at_home(app)
    if choice is None or choice.chat is None:
        return wishes, choice.action if choice is not None else ""
    return replace(wishes_for(choice.chat, wishes), incognito=choice.incognito), ""


async def where_left(workspace: Workspace, wishes: Wishes) -> Wishes:
    """``wishes`` for the chat that was open last, here or else anywhere; as they are where that chat is gone.

    A private one is not opened by itself. Raises ``StorageError``.
    """
    path = await PlaceKeeper(workspace.directories.state).last_chat()
    found = wishes if path is None or not path.is_file() else replace(wishes, chat=path.stem)
    if not workspace.directories.marks.exists():
        return found
    from tavern_tui.session.privacy import without_private

    return await asyncio.to_thread(without_private, workspace, found)
