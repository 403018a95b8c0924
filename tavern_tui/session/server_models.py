"""The models of a server that has several, as plain values: what can be asked for, and what is in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.errors import SettingsError
from tavern_tui.engines.offered import OffersModels
from tavern_tui.session.routes import route_for
from tavern_tui.session.servers import engine_behind

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace


async def models_at(workspace: Workspace, named: str, *, typed: bool = True) -> list[dict[str, Any]]:
    """The models of the server at an address, or behind a saved connection's name, in the server's order.

    A server that has only the model that it was started with gives that one. Raises ``EngineError``;
    ``SettingsError`` for a saved connection of the embedded engine, whose models are files.
    """
    route = replace(route_for(workspace, server=named), typed=typed)
    if not route.server:
        raise SettingsError(f"“{named}” is a model of this machine.", hint="tavern-tui models lists these.")
    engine = await engine_behind(workspace, route)
    try:
        if not isinstance(engine, OffersModels):
            info = await engine.connect()
            return [_row(info.model, info.context_tokens, info.trained_tokens, True)]
        return [_row(one.id, one.context_tokens, one.trained_tokens, one.loaded) for one in await engine.models()]
    finally:
        await engine.close()


def _row(name: str, context: int | None, trained: int | None, loaded: bool | None) -> dict[str, Any]:
    return {"model": name, "context_tokens": context, "trained_tokens": trained, "loaded": loaded}
