"""What somebody marked in the library: favourite characters, private characters and chats. ``marks.json``.

A file of ours beside the library's: cards and logs stay as they are, and a chat that somebody else gets a copy of does
not say that it was private.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from tavern_tui.storage.string_table import StringTable

_ON, _OFF = "yes", "no"


class Mark(Enum):
    """What can be marked, as the file calls it; the name of the character, or of the chat's file, stands behind."""

    FAVOURITE = "favourite character "
    PRIVATE_CHARACTER = "private character "
    PRIVATE_CHAT = "private chat "


class Marks:
    """The file ``path``, guarded by ``lock`` in the state folder. Methods block and raise ``StorageError``."""

    def __init__(self, path: Path, lock: Path) -> None:
        self._table = StringTable(path, lock, "marks")

    def all(self) -> dict[Mark, dict[str, bool]]:
        """Everything that was ever marked or unmarked, by what it was marked as."""
        found: dict[Mark, dict[str, bool]] = {mark: {} for mark in Mark}
        for key, value in self._table.read().items():
            for mark in Mark:
                if key.startswith(mark.value):
                    found[mark][key.removeprefix(mark.value)] = value == _ON
        return found

    def set(self, mark: Mark, name: str, on: bool | None) -> None:
        """Mark ``name``, or say that it is not; ``None`` forgets that it ever was."""
        self.change({(mark, name): on})

    def change(self, changes: Mapping[tuple[Mark, str], bool | None]) -> None:
        """Several of these at once."""
        words = {True: _ON, False: _OFF, None: None}
        self._table.change({f"{mark.value}{name}": words[on] for (mark, name), on in changes.items()})

    def rename_character(self, old: str, new: str) -> None:
        """What was marked of the character ``old`` is of ``new`` from now on."""
        marked = self.all()
        changes: dict[tuple[Mark, str], bool | None] = {}
        for mark in (Mark.FAVOURITE, Mark.PRIVATE_CHARACTER):
            if old in marked[mark]:
                changes |= {(mark, new): marked[mark][old], (mark, old): None}
        if changes:
            self.change(changes)
