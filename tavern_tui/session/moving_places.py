"""Moving in from the app: where people keep SillyTavern, and an import that can be looked at first and stopped."""

from __future__ import annotations

import os
from pathlib import Path

from tavern_tui.config.settings import remember
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.exchange import Outcome
from tavern_tui.domain.written_paths import bare_path, bare_paths
from tavern_tui.session.moving_in import MovingIn, MovingWishes
from tavern_tui.session.moving_report import MovingReport, keep_report
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.import_sources import checked, user_folders

_USUAL = ("SillyTavern", "SillyTavern-Launcher/SillyTavern", "sillytavern", "Documents/SillyTavern", "st/SillyTavern")


class ImportStoppedError(Exception):
    """The user wanted no more of it; what had come stays."""


class Import:
    """One import of what is at ``path``, in a thread. ``done`` of ``total`` files are done, ``name`` is next.

    Where nothing is there, it may be the paths of several files that were dropped at once.
    """

    def __init__(self, workspace: Workspace, path: Path) -> None:
        self.path = path
        self.done = self.total = 0
        self.name = ""
        self._workspace = workspace
        self._stopped = False

    @property
    def has_keys(self) -> bool:
        """Whether keys of servers lie there, which are taken only when they are asked for."""
        return any((user / "secrets.json").is_file() for path in self._paths for user in user_folders(path))

    def look(self) -> MovingReport:
        """What would come; nothing is changed. Blocks; raises ``TavernError``, ``ImportStoppedError``."""
        return self._take(MovingWishes(rehearsal=True))

    def asks_policy(self, report: MovingReport) -> bool:
        """Whether there are new chats in ``report``, and nobody has said yet what their policy is to be."""
        new = any(one.kind == "chat" and one.outcome is Outcome.NEW for one in report.things)
        return new and self._workspace.settings.reply.imported_policy == "ask"

    def take(self, *, with_secrets: bool = False, policy: str = "") -> MovingReport:
        """Take it in, and keep the receipt; a ``policy`` is also that of later imports. Raises as ``look``."""
        report = self._take(MovingWishes(with_secrets=with_secrets, policy=policy))
        keep_report(self._workspace, report)
        if policy:
            remember(self._workspace.directories, "reply.imported_policy", policy)
        return report

    def stop(self) -> None:
        """End it before the next file."""
        self._stopped = True

    def _take(self, wishes: MovingWishes) -> MovingReport:
        return MovingIn(self._workspace, wishes, self._tell).take([checked(path) for path in self._paths])

    @property
    def _paths(self) -> list[Path]:
        if not os.path.lexists(self.path):
            several = [Path(path).expanduser() for path in bare_paths(str(self.path))]
            if len(several) > 1:
                return several
        return [self.path]

    def _tell(self, done: int, total: int, name: str) -> None:
        if self._stopped:
            raise ImportStoppedError
        self.done, self.total, self.name = done, total, name


def typed_path(text: str) -> Path:
    """The path that somebody typed or a terminal pasted: with ``~``, and as ``bare_path`` reads it."""
    path, bare = Path(text.strip()), Path(bare_path(text))
    try:
        as_typed = path.expanduser()
        return as_typed if as_typed.exists() else bare.expanduser()
    except (OSError, RuntimeError, ValueError):  # no home, or nothing that can be a path: whoever opens it says so
        return bare


def likely_folders(home: Path) -> list[Path]:
    """SillyTavern's folders where people usually have them."""
    places = [home / name for name in _USUAL]
    try:
        return list(dict.fromkeys(place for place in places if place.is_dir() and user_folders(place)))
    except (OSError, TavernError):
        return []
