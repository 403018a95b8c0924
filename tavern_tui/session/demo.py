"""The demo: the finished chat that ships with the program, in a library that is thrown away afterwards, or as a copy.

In the throw-away library the user's own characters, chats and lorebooks are neither shown nor touched; their models,
engine and settings are used, so that a reply at the end of the demo comes from whatever writes for them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.config.paths import HAND_WRITTEN, OVERLAY, Directories
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.session.copies import copy_chat
from tavern_tui.session.workspace import Workspace

DEMO_CHAT = "A night at the Crooked Lantern"


@dataclass(frozen=True, slots=True)
class _ThrowAway(Directories):
    """Folders of a library that will not last, with the models, themes, engine and cache of ``own``."""

    own: Directories

    @property
    def themes(self) -> Path:
        """The user's themes."""
        return self.own.themes

    @property
    def models(self) -> Path:
        """The user's model files."""
        return self.own.models

    @property
    def engine(self) -> Path:
        """The user's engine host."""
        return self.own.engine

    @property
    def index(self) -> Path:
        """An index of its own."""
        return self.data / "cache"


@contextmanager
def demo_workspace(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace that holds the demo chat (``DEMO_CHAT``) and the samples, for as long as the context lasts.

    ``workspace`` is the user's, for settings, models and engine. Raises ``StorageError`` where the disk refuses.
    """
    try:
        root = Path(tempfile.mkdtemp(prefix="tavern-demo-"))
    except OSError as error:
        raise storage_error(error, Path(tempfile.gettempdir())) from error
    try:
        own = workspace.directories
        dirs = _ThrowAway(root, root / "config", root / "state", own.cache, own)
        _copy(workspace.shipped_chats.find(DEMO_CHAT).path, dirs.chats)
        if not workspace.safe:
            for name in (OVERLAY, HAND_WRITTEN):
                if (own.config / name).is_file():
                    _copy(own.config / name, dirs.config)
        yield Workspace.open(safe=workspace.safe, dirs=dirs)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def own_demo_chat(workspace: Workspace) -> str:
    """The name of the demo chat among the user's own, where it is put if it is not there: whoever begins with it and
    goes on from it, or to another character, writes in the own library, and keeps it.

    Raises ``StorageError`` where the disk refuses.
    """
    present = [chat.name for chat in workspace.chats.list() if chat.title == DEMO_CHAT]
    return present[0] if present else copy_chat(workspace, DEMO_CHAT, DEMO_CHAT).stem


def _copy(path: Path, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)
    except OSError as error:
        raise storage_error(error, folder) from error
