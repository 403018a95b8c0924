"""Undo and redo as a person means them: what was set in a chat holds again as it was, too.

Which event is taken back is ``undo``'s; that it is stored ``changes``'.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tavern_tui.session import presets, routes
from tavern_tui.session.personas import PROPERTY as PERSONA
from tavern_tui.session.session import RESPONSE_TOKENS
from tavern_tui.session.thinking import THINKING

if TYPE_CHECKING:
    from tavern_tui.session.opening import Watch, Wishes
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

_OPTIONS: Final = frozenset({presets.PROPERTY, PERSONA, RESPONSE_TOKENS, THINKING, "chat_preset", "worlds"})
"""The properties of a chat that an open session has taken in as its options or its persona."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """``what`` was taken back or brought again, in words, "" for nothing.

    ``writer``: another engine is to be connected to now. ``title``: the chat is called otherwise.
    """

    what: str
    writer: bool = False
    title: bool = False


async def undo(session: ChatSession, workspace: Workspace, wishes: Wishes, *, watch: Watch) -> TakenBack:
    """Take back the last action of this device. Raises ``StorageError``, ``SettingsError``."""
    return await _walked(session, workspace, wishes, watch, session.changes.undo)


async def redo(session: ChatSession, workspace: Workspace, wishes: Wishes, *, watch: Watch) -> TakenBack:
    """Bring back what was taken back last. Raises ``StorageError``, ``SettingsError``."""
    return await _walked(session, workspace, wishes, watch, session.changes.redo)


async def _walked(
    session: ChatSession, workspace: Workspace, wishes: Wishes, watch: Watch, step: Callable[[], Awaitable[str]]
) -> TakenBack:
    before, title = dict(session.tree.properties), session.tree.title
    what = await step()
    now = session.tree.properties
    changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    if changed & _OPTIONS:
        from tavern_tui.session.opening import take_settings

        await asyncio.to_thread(take_settings, session, workspace, wishes, watch=watch)
    return TakenBack(what, routes.PROPERTY in changed, session.tree.title != title)
