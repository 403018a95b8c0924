"""What a person chooses in an open chat about who writes in it: another engine, a key, a template that stays.

The app's part of ``session.connections`` and ``session.secret_list``; disk work runs in threads.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tavern_tui.domain import connection_messages as messages
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, TavernError
from tavern_tui.domain.wording import Wording
from tavern_tui.session.connections import choice_for_chat
from tavern_tui.session.routes import Route, route_for

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace


def route_of(workspace: Workspace, wishes: Wishes, session: ChatSession) -> Route:
    """Who writes in ``session`` now."""
    return route_for(workspace, server=wishes.server, model=wishes.model, properties=session.tree.properties)


async def choose_here(workspace: Workspace, session: ChatSession, name: str) -> Wording:
    """Keep with the chat that ``name`` writes in it alone, or, with ``usual``, who writes in the others; says so.

    Raises ``EngineError`` for what can be no address, ``StorageError``.
    """
    body = await asyncio.to_thread(choice_for_chat, workspace, name)
    await session.changes.write(body)
    if body.value is None:
        return messages.writes_as_usual(session.tree.title)
    return messages.writes_here(name)


def server_of(workspace: Workspace, wishes: Wishes, session: ChatSession) -> str:
    """The origin of the server that writes in ``session``, for which a key may be kept.

    Raises ``NotFoundError`` where no server writes, ``SettingsError`` for an address that leaves the port open.
    """
    from tavern_tui.session.secret_list import one_origin

    route = route_of(workspace, wishes, session)
    if not route.server:
        raise NotFoundError("No server writes here: a model of this machine needs no key.")
    info = session.connection.known
    return one_origin(workspace, info.address if info is not None and info.address else route.server)


async def keep_key(workspace: Workspace, origin: str, text: str) -> Wording:
    """Keep a key that was typed in for the server at ``origin``; says where. Raises ``SecretError``, ``StorageError``.

    Where the saved secret for it has a name, it keeps that name.
    """
    from tavern_tui.session.secret_list import keep_secret

    def keep() -> Wording:
        present = workspace.secrets.for_origin(origin)
        kept = keep_secret(workspace, origin, text, name=present.name if present is not None else "")
        return messages.key_kept(kept.origin, kept.place)

    return await asyncio.to_thread(keep)


async def send_key(workspace: Workspace, refused: TavernError | None) -> str:
    """Remember the yes to what ``refused`` asked about; the origin. Raises ``NotFoundError`` where it asked nothing."""
    from tavern_tui.session.secret_list import allow_in_clear

    if not (isinstance(refused, EngineError) and refused.fault is EngineFault.KEY_IN_CLEAR):
        raise NotFoundError("No key is held back.", hint="tavern-tui secrets allow ADDRESS")
    return await asyncio.to_thread(allow_in_clear, workspace, refused.where)


def take_over(session: ChatSession, refused: TavernError | None) -> None:
    """Let the engine take the place of what another window uses, which ``refused`` asked about; once.

    Raises ``NotFoundError`` where it asked nothing.
    """
    from tavern_tui.engines.base import SharedEngine

    if not (isinstance(refused, EngineError) and refused.fault is EngineFault.IN_USE):
        raise NotFoundError("No other window's model is in the way.")
    engine: object = session.connection.engine
    if isinstance(engine, SharedEngine):
        engine.take_over()


async def stop_other(session: ChatSession) -> Wording:
    """Have the server stop what it writes for another client; says so.

    Raises ``EngineError``, and ``NotFoundError`` where it writes for nobody else, or others wait in its queue already.
    """
    from tavern_tui.domain.job_messages import other_stopped
    from tavern_tui.engines.base import CrowdedEngine

    engine: object = session.connection.engine
    info = session.connection.known
    if not isinstance(engine, CrowdedEngine) or not await engine.stop_other():
        raise NotFoundError(
            "There is no reply of another client to stop.", hint="While others wait in line, theirs goes on."
        )
    return other_stopped(info.engine if info is not None else "The server")


async def keep_template(workspace: Workspace, session: ChatSession, template: str) -> Wording:
    """Remember ``template`` for the model that writes now. Raises ``NotFoundError`` where none was replaced."""
    info = session.connection.known
    if not template or info is None:
        raise NotFoundError("No model has taken the place of another here.", hint="/connect chooses who writes.")
    await asyncio.to_thread(workspace.template_choices.choose, info.model, template)
    return messages.template_kept(template, info.model)
