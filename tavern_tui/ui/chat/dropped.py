"""Files dropped on the terminal: it pastes their path, which becomes the command that brings them in.

Nothing is done without Enter, and undo gives the pasted text back.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on
from textual.screen import Screen

from tavern_tui.domain.written_paths import bare_paths
from tavern_tui.ui.composer.pasting import pasted_path
from tavern_tui.ui.composer.widget import Composer


class DropTarget(Screen[None]):
    """A screen with a composer into which paths are pasted."""

    @on(Composer.PathPasted)
    async def _dropped(self, message: Composer.PathPasted) -> None:
        composer = self.query_one(Composer)
        there = await asyncio.to_thread(_are_files, message.path)
        if there and pasted_path(composer.text) == message.path:  # nothing else was written beside it
            composer.replace(f"/import {message.path}", (0, 0), composer.document.end)
            composer.move_cursor(composer.document.end)


def _are_files(written: str) -> bool:
    """Whether there is a file of that name, or one at each of the paths that stand there."""
    return _is_file(Path(written)) or all(_is_file(Path(path)) for path in bare_paths(written))


def _is_file(path: Path) -> bool:
    try:
        return path.expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False
