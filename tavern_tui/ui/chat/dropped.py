"""Files dropped on the terminal: it pastes their path, which becomes the command that brings them in.

Nothing is done without Enter; Esc and undo give the pasted text back. Source: ``docs/ux.md`` §2.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from textual import on
from textual.screen import Screen

from tavern_tui.domain.written_paths import bare_paths
from tavern_tui.ui.composer.pasting import pasted_path
from tavern_tui.ui.composer.widget import Composer

_IMPORT: Final = "/import "


class DropTarget(Screen[None]):
    """A screen with a composer into which paths are pasted."""

    _offered = ""

    def hint(self, text: str, *, lasting: bool = False, seconds: float = 0.0) -> None:
        """Say something about this moment."""
        raise NotImplementedError

    def keep_as_text(self) -> bool:
        """Leave a path that was pasted as it is, where it is offered to bring it in; whether it was."""
        offered, self._offered = self._offered, ""
        composer = self.query_one(Composer)
        if not offered or composer.full_text != _IMPORT + offered:
            return False
        composer.replace(offered, (0, 0), composer.document.end)
        composer.move_cursor(composer.document.end)
        self.hint("")
        return True

    @on(Composer.PathPasted)
    async def _dropped(self, message: Composer.PathPasted) -> None:
        composer = self.query_one(Composer)
        there = await asyncio.to_thread(_are_files, message.path)
        if there and pasted_path(composer.text) == message.path:  # nothing else was written beside it
            composer.replace(_IMPORT + message.path, (0, 0), composer.document.end)
            composer.move_cursor(composer.document.end)
            self._offered = message.path
            self.hint("Import? Enter does · Esc: only the text")


def _are_files(written: str) -> bool:
    """Whether there is a file of that name, or one at each of the paths that stand there."""
    return _is_file(Path(written)) or all(_is_file(Path(path)) for path in bare_paths(written))


def _is_file(path: Path) -> bool:
    try:
        return path.expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False
