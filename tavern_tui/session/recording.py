"""Recording a server's answers into a file, for whoever wants to see what it does (``engines.recording``)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.detect import detect
from tavern_tui.engines.http import Link
from tavern_tui.engines.recording import Recording, as_json, record
from tavern_tui.session.keys import door_to
from tavern_tui.session.routes import route_for
from tavern_tui.storage.atomic import write_atomic

if TYPE_CHECKING:
    from tavern_tui.engines.address import Address
    from tavern_tui.session.workspace import Workspace


async def record_server(workspace: Workspace, named: str, path: Path, *, told: Callable[[str], None]) -> int:
    """Record the server at an address, or behind a saved connection's name, into ``path``: how many exchanges.

    ``told`` hears the name of each. Raises ``EngineError`` where nothing answers, ``StorageError`` where nothing can
    be written.
    """
    route = replace(route_for(workspace, server=named), typed=True)
    door = await door_to(workspace, route.server, secret=route.key, typed=route.typed)
    base, server = await _found(door.address, door.header)
    link = Link(base, key=door.header or "")
    exchanges = []
    try:
        async with aclosing(record(link)) as coming:
            async for exchange in coming:
                told(exchange.ask.name)
                exchanges.append(exchange)
    finally:
        await link.close()
    text = as_json(Recording(server, tuple(exchanges)), secret=link.secret)
    write_atomic(path, text.encode("utf-8"), mode=0o600)
    return len(exchanges)


async def _found(address: Address, key: str | None) -> tuple[str, str]:
    """The base URL that answers, and who is there; a server in no dialect that we know is worth recording, too."""
    try:
        engine = await detect(address, key)
    except EngineError as error:
        if error.fault is EngineFault.UNREACHABLE:
            raise
        return address.bases[0], "unknown server"
    try:
        info = await engine.connect()
    except EngineError:
        return address.bases[0], "a server that is not ready"
    finally:
        await engine.close()
    return info.address, f"{info.engine} {info.version}".strip()
