"""Saved connections in the list *Who writes?*: there at once, and again with what came of looking at them.

One that does not answer stays in the list, with the reason: it can be chosen all the same, and is connected to when it
comes back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tavern_tui.domain import messages
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import EngineError, EngineFault, TavernError
from tavern_tui.session.writers import LOOK_SECONDS, Writer, WriterKind, facts

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.connections import SavedConnection

_NAME = 80  # characters of a line's text, as in the rest of the list


def pending(workspace: Workspace, saved: SavedConnection) -> Writer:
    """The connection before it was looked at."""
    return _writer(workspace, saved, "", "looking…", waits=True)


async def looked_at(workspace: Workspace, saved: SavedConnection) -> list[Writer]:
    """The connection as it is now; never raises."""
    if saved.embedded:
        return [await asyncio.to_thread(_model, workspace, saved)]
    from tavern_tui.session.servers import look_at

    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await look_at(workspace, saved.name, typed=False)
    except TimeoutError:
        return [_writer(workspace, saved, "", problem=messages.no_answer(saved.address, "no answer in time").title)]
    except EngineError as error:
        if error.fault is EngineFault.LOADING:
            return [_writer(workspace, saved, "loading its model")]
        return [_writer(workspace, saved, "", problem=error.title, advice=error.hint)]
    except TavernError as error:
        return [_writer(workspace, saved, "", problem=error.title, advice=error.hint)]
    return [_writer(workspace, saved, facts(found))]


def _model(workspace: Workspace, saved: SavedConnection) -> Writer:
    from tavern_tui.storage.models import find_model

    try:
        model = find_model(saved.model, workspace.directories)
    except TavernError as error:
        return _writer(workspace, saved, "", problem=error.title, advice=error.hint)
    return _writer(workspace, saved, model.name)


def _writer(
    workspace: Workspace,
    saved: SavedConnection,
    known: str,
    about: str = "",
    *,
    problem: str = "",
    advice: str = "",
    waits: bool = False,
) -> Writer:
    """One line: the name that the user gave, what is known of it, and where it is."""
    place = "this machine" if saved.embedded else saved.address
    in_settings = workspace.settings.connection.server.strip().casefold()
    return Writer(
        WriterKind.SAVED,
        safe_line(" · ".join(part for part in (saved.name, known) if part), _NAME),
        safe_line(about or problem or place, _NAME),
        server="" if saved.embedded else saved.address,
        model=saved.model if saved.embedded else "",
        problem=safe_line(problem),
        advice=safe_line(advice),
        named=True,
        pending=waits,
        current=in_settings == saved.name.casefold(),
        saved=saved.name,
    )
