"""Servers: what answers on this machine, what is at one address, and the engine behind a route."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from tavern_tui.domain import connection_messages as messages
from tavern_tui.domain.errors import EngineError, EngineFault, SettingsError
from tavern_tui.engines.address import parse_address
from tavern_tui.engines.detect import detect, find_local
from tavern_tui.engines.offered import LoadsWanted
from tavern_tui.session.abilities import abilities, samplers_in_words
from tavern_tui.session.keys import door_to, home_of_environment_key
from tavern_tui.session.model_templates import ModelTemplates, own_templates
from tavern_tui.session.refusals import remembering
from tavern_tui.session.routes import Route, route_for

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.session.workspace import Workspace


async def local_servers() -> list[dict[str, Any]]:
    """Every engine that answers on this machine's usual ports, as plain values."""
    return [asdict(found) for found in await find_local()]


async def engine_behind(workspace: Workspace, route: Route) -> Engine:
    """The engine at the server of ``route``, asked with the key that is for it.

    Raises ``EngineError``, before anything is sent where a key may not be (``session.keys``).
    """
    door = await door_to(workspace, route.server, secret=route.key, typed=route.typed)
    try:
        return remembering(workspace, await detect(door.address, door.header, model=route.model))
    except EngineError as error:
        asked = parse_address(route.server)
        if error.fault is EngineFault.UNREACHABLE and door.address.port != asked.port and not route.key:
            # The key was for one of several ports, and nobody is there now; another needs none.
            return remembering(workspace, await detect(asked, None, model=route.model))
        await _explain(workspace, route, error)
        raise


async def _explain(workspace: Workspace, route: Route, error: EngineError) -> None:
    """Say, where a server wants a key and got none, that there is one in ``TAVERN_KEY``, for another server."""
    home = home_of_environment_key(workspace)
    if error.fault is EngineFault.KEY_REFUSED and home and not (await door_to(workspace, route.server)).key:
        told = messages.key_not_for(parse_address(route.server).shown, home).title
        error.hint = f"{told} {error.hint}".rstrip()


async def look_at(workspace: Workspace, named: str, *, typed: bool = True) -> dict[str, Any]:
    """What is at an address, or behind a saved connection's name: engine, model, context, what it can do, and the
    template that would be used.

    ``typed``: the address was named at this start. Raises ``EngineError``; ``SettingsError`` for a saved connection
    of the embedded engine, which is no server.
    """
    route = replace(route_for(workspace, server=named), typed=typed)
    if not route.server:
        raise SettingsError(f"“{named}” is a model of this machine.", hint=f"tavern-tui connections test {named}")
    engine = await engine_behind(workspace, route)
    if isinstance(engine, LoadsWanted):
        engine.only_look()
    try:
        info = await engine.connect()
    except EngineError as error:
        await _explain(workspace, route, error)
        raise
    finally:
        await engine.close()
    template = await ModelTemplates(workspace.template_choices, own=own_templates(workspace)).choose(
        info, route.template, asked=bool(route.template)
    )
    return {
        "name": route.name,
        "address": info.address,
        "engine": info.engine,
        "version": info.version,
        "model": info.model,
        "context_tokens": info.context_tokens,
        "trained_tokens": info.trained_tokens,
        "template": template.name,
        "template_from": template.why,
        "template_note": template.note,
        "exact_count": info.capabilities.exact_count,
        "samplers": sorted(info.capabilities.samplers),
        "samplers_in_words": samplers_in_words(info.capabilities),
        "can": abilities(info.capabilities),
    }
