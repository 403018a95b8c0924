"""The file that has what was copied last, for terminals that keep it from the clipboard."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.config.paths import COPIED
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import write_atomic


def keep_copied(workspace: Workspace, text: str) -> Path:
    """Write ``text`` to the file, which only its user reads. Blocks; raises ``StorageError``."""
    path = workspace.directories.state / COPIED
    write_atomic(path, text.encode("utf-8", "replace"), mode=0o600)
    return path
