"""What somebody keeps of a character beside its card: a note of its own, and further lorebooks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoteUse(StrEnum):
    """What becomes of a chat's author's note where the character has one of its own."""

    REPLACE = "replace"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class BesideCard:
    """``note`` is read with every chat of the character, in place of the chat's author's note or round it (``use``).

    ``books`` are names of lorebooks that are read as the character's.
    """

    note: str = ""
    use: NoteUse = NoteUse.REPLACE
    books: tuple[str, ...] = ()


NOTHING_BESIDE = BesideCard()
