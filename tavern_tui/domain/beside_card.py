"""What somebody keeps of a character beside its card: a note of its own, and further lorebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class NoteUse(StrEnum):
    """What becomes of a chat's author's note where the character has one of its own."""

    REPLACE = "replace"
    BEFORE = "before"
    AFTER = "after"


READ_WITH = {
    NoteUse.REPLACE: "in place of the chat's",
    NoteUse.BEFORE: "before the chat's",
    NoteUse.AFTER: "after the chat's",
}
"""Where a character's own note is read, in words."""


@dataclass(frozen=True, slots=True)
class BesideCard:
    """``note`` is read with every chat of the character, in place of the chat's author's note or round it (``use``).

    ``books`` are names of lorebooks that are read as the character's.
    """

    note: str = ""
    use: NoteUse = NoteUse.REPLACE
    books: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Its fields by their names."""
        return {"note": self.note, "use": self.use.value, "books": list(self.books)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> BesideCard:
        """What ``as_dict`` made. Raises ``ValueError``, ``KeyError``, ``TypeError`` for anything else."""
        return cls(str(told["note"]), NoteUse(told["use"]), tuple(map(str, told["books"])))


NOTHING_BESIDE = BesideCard()
