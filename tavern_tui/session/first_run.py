"""The first start: whether this is one, what it keeps, and the starter model on its way.

Who can write is ``writers``; the screen that asks is the front end's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.config.paths import HAND_WRITTEN, OVERLAY, Directories
from tavern_tui.config.settings import remember
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import StorageError
from tavern_tui.session.workspace import Workspace

if TYPE_CHECKING:
    from tavern_tui.session.writers import Writer

LONGEST_NAME = 100
"""Characters of a name, as the settings allow."""

Tell = Callable[[str, int, int | None], None]
Fetch = Callable[[Directories, Tell], tuple[Path, bool]]


def needs_first_run(workspace: Workspace) -> bool:
    """Whether nothing was ever chosen or written here: no settings of either kind, and no chats. Never raises."""
    config = workspace.directories.config
    if workspace.safe or any((config / name).exists() for name in (OVERLAY, HAND_WRITTEN)):
        return False
    try:
        return not workspace.chats.list()
    except StorageError:
        return False


def name_from(typed: str, otherwise: str) -> str:
    """The name that was typed, on one line and as short as a name may be; ``otherwise`` where there is none."""
    return safe_line(typed, LONGEST_NAME) or otherwise


def remember_first_run(workspace: Workspace, name: str, writer: Writer | None) -> tuple[str, ...]:
    """Keep what was chosen for the next starts; sentences about what stands above it.

    Raises ``StorageError``, and ``SettingsError`` where the settings file cannot be added to.
    """
    from tavern_tui.session.writers import remember_writer

    remember(workspace.directories, "persona.name", name)
    return () if writer is None else remember_writer(workspace, writer)


class FetchStoppedError(Exception):
    """The user wanted the starter model no longer; what had come is kept for the next time."""


class StarterFetch:
    """The starter model on its way, in a thread. ``phase`` says what is done, ``done`` of ``total`` bytes of it.

    ``fetch`` does the work, as ``model_list.fetch_starter`` does by default; what it tells may stop it.
    """

    def __init__(self, dirs: Directories, fetch: Fetch | None = None) -> None:
        self.phase = ""
        self.done = 0
        self.total: int | None = None
        self._dirs = dirs
        self._fetch = fetch
        self._stopped = False

    async def run(self) -> Path:
        """Fetch it; its path. Raises ``EngineError``, ``StorageError``, and ``FetchStoppedError`` after ``stop``."""
        from tavern_tui.session.model_list import fetch_starter

        path, _ = await asyncio.to_thread(self._fetch or fetch_starter, self._dirs, self._tell)
        return path

    def stop(self) -> None:
        """End it at the next piece that comes."""
        self._stopped = True

    def _tell(self, phase: str, done: int, total: int | None) -> None:
        if self._stopped:
            raise FetchStoppedError
        self.phase, self.done, self.total = phase, done, total
