"""Telling how far the reading of the library is, on stderr: on one line of a terminal, now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from tavern_tui.cli.output import note, progress_on_one_line

if TYPE_CHECKING:
    from tavern_tui.storage.index_upkeep import Pass

_FIRST_SECONDS, _LINE_SECONDS, _NOTE_SECONDS = 1.0, 0.2, 10.0


class IndexProgress:
    """Says nothing of what is done within a second."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told = self._began + _FIRST_SECONDS - _LINE_SECONDS
        self._noted = self._began
        self._open = False

    def __enter__(self) -> IndexProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            progress_on_one_line("\n")

    def tell(self, step: Pass) -> None:
        """Tell ``step``, if it is time to."""
        now = time.monotonic()
        if now - self._told < _LINE_SECONDS:
            return
        text = _words(step)
        if progress_on_one_line(f"{text:<60}"):
            self._told, self._open = now, True
        elif now - self._noted >= _NOTE_SECONDS:
            self._noted = now
            note(text)


def _words(step: Pass) -> str:
    done, total = step.cards + step.chats, step.all_cards + step.all_chats
    return f"Reading the library: {done:,} of {total:,} files"
