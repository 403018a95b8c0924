"""``RefusedParameters``: what models were found not to take, kept for the next start (``docs/ux.md`` §4).

``remembering`` gives an engine whatever it remembers by, ``kept_slots`` too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import StorageError
from tavern_tui.engines.learning import LearnsLimits
from tavern_tui.engines.slot_record import KeepsSlots
from tavern_tui.storage.string_table import StringTable

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.session.workspace import Workspace

FILE = "refused.json"
"""In the state folder: who deletes it has every parameter tried again."""


class RefusedParameters:
    """Keeps the adapters' ``Memory`` in a file of the state folder. A disk that refuses costs a refused request."""

    def __init__(self, table: StringTable) -> None:
        self._table = table

    async def recall(self, server: str, model: str) -> str:
        """What was kept of a server's model; empty where nothing was, or the file cannot be read."""
        try:
            return (await asyncio.to_thread(self._table.read)).get(_key(server, model), "")
        except StorageError:
            return ""

    async def keep(self, server: str, model: str, learned: str) -> None:
        """Keep it, where the disk takes it."""
        try:
            await asyncio.to_thread(self._table.change, {_key(server, model): learned})
        except StorageError:
            pass


def remembering(workspace: Workspace, engine: Engine) -> Engine:
    """``engine``, which keeps from now on what it learns of its server, where it is one that learns."""
    if workspace.safe:
        return engine
    state = workspace.directories.state
    if isinstance(engine, LearnsLimits):
        engine.remember_in(RefusedParameters(StringTable(state / FILE, state / "refused.lock", "refused")))
    if isinstance(engine, KeepsSlots):
        from tavern_tui.session.kept_slots import slot_notes

        engine.keep_slots_in(slot_notes(workspace))
    return engine


def _key(server: str, model: str) -> str:
    return f"{server} {model}"
