"""``IncognitoLog``: a chat that lives in memory and nowhere else.

It is a ``ChatLog`` without a file: whoever writes beside a log (journals, the record of the last prompt, places) asks
``ChatLog.kept`` first. What all chats share is read and never changed from here.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from tavern_tui.domain.events import ChatEvent, ChatStarted
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.global_variables import GlobalVariables


class IncognitoLog(ChatLog):
    """A new chat, begun with ``started``. Its file and its folder would lie where nothing can: whoever forgets to ask
    is refused by the system."""

    kept = False

    def __init__(self, started: ChatStarted) -> None:
        nowhere = Path(os.devnull) / f"incognito-{secrets.token_hex(8)}"
        super().__init__(nowhere.with_suffix(".jsonl"), device=nowhere.name, state=nowhere)
        self.append(started)

    def refresh(self) -> bool:
        """Nobody else can have written to it."""
        return False

    def _write(self, choose: Callable[[], list[ChatEvent]]) -> tuple[ChatEvent, ...]:
        """Take in the events that ``choose`` gives."""
        with self._mutex:
            chosen = choose()
            self._writing = frozenset(event.id for event in chosen)
            self._absorb(chosen)
            self._writing = frozenset()
        return tuple(self._events[event.id] for event in chosen)


class ReadGlobalVariables(GlobalVariables):
    """The variables of all chats, for one that leaves no trace in them: what it changes lasts as long as it does."""

    def __init__(self, path: Path, lock: Path) -> None:
        super().__init__(path, lock)
        self._changes: dict[str, str | None] = {}

    def read(self) -> dict[str, str]:
        """What the file says, with what was changed since. Raises ``StorageError``."""
        merged = {**super().read(), **self._changes}
        return {name: text for name, text in merged.items() if text is not None}

    def change(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        """Remember ``changes``. Raises ``StorageError``."""
        self._changes |= changes
        return self.read()
