"""What a person keeps of a character beside its card, as fields: a note of their own, and further lorebooks.

SillyTavern has the note in its settings (``extension_settings.note.chara``) and the books in ``world_info.charLore``.
Neither is in the card, so neither goes along when that is given away. The file: ``storage.beside_cards``; the fields of
the card itself: ``session.card_fields``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from tavern_tui.domain.beside_card import NOTHING_BESIDE, READ_WITH, BesideCard, NoteUse
from tavern_tui.domain.errors import SettingsError
from tavern_tui.session.card_fields import CardField, Kind

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace

OWN = "own."
"""How the ids of these fields begin."""

_GROUP = "Yours, beside the card"

BesideEdit = Callable[[BesideCard], BesideCard]
"""A change of what is kept; the same where there is nothing to change. Raises ``SettingsError``."""


def beside_of(workspace: Workspace, name: str) -> BesideCard:
    """What is kept of the character ``name``. Blocks."""
    library = workspace.library
    return library.beside_cards.of(name) if library.has_beside_cards else NOTHING_BESIDE


def beside_fields(kept: BesideCard) -> list[CardField]:
    """The form of what is kept, to stand with the card's own fields."""
    note, use, books = kept.note, READ_WITH[kept.use], "; ".join(kept.books)
    return [
        CardField(f"{OWN}note", "Your note", _GROUP, "Your author's note for every chat with it; not in the card.",
                  Kind.TEXT, lambda _one: note),
        CardField(f"{OWN}use", "Read", _GROUP, "Where your note stands, where the chat has an author's note, too.",
                  Kind.CHOICE, lambda _one: use, choices=tuple(READ_WITH.values())),
        CardField(f"{OWN}books", "Further lorebooks", _GROUP, "Names, a ; between them: they are read with it, too.",
                  Kind.LINE, lambda _one: books),
    ]  # fmt: skip


def typed_beside(id: str, typed: str) -> BesideEdit:
    """The change that a field of that id means by what was typed. Raises ``SettingsError``."""
    match id.removeprefix(OWN):
        case "note":
            return lambda kept: replace(kept, note=typed if typed.strip() else "")
        case "use":
            use = _use(typed)
            return lambda kept: replace(kept, use=use)
        case "books":
            books = tuple(dict.fromkeys(filter(None, (name.strip() for name in typed.replace("\n", ";").split(";")))))
            return lambda kept: replace(kept, books=books)
    raise SettingsError(f"“{id}” is none of {OWN}note, {OWN}use and {OWN}books.")


def keep_beside(workspace: Workspace, name: str, edit: BesideEdit) -> tuple[BesideCard, BesideCard]:
    """Change what is kept of the character ``name``: how it was, and how it is. Blocks; raises ``StorageError``."""
    before = beside_of(workspace, name)
    after = edit(before)
    if after != before:
        workspace.library.beside_cards.keep(name, after)
    return before, after


def missing_books(workspace: Workspace, kept: BesideCard) -> list[str]:
    """Those of its books that the library has not. Blocks; raises ``StorageError``."""
    if not kept.books:
        return []
    there = {one.name.casefold() for one in workspace.library.lorebooks()}
    return [name for name in kept.books if name.casefold() not in there]


def change_beside(workspace: Workspace, name: str, changes: Mapping[str, str]) -> list[str]:
    """Set these fields of what is kept of the character ``name`` to what was typed; which of its books are missing.

    Blocks; raises ``SettingsError`` for what cannot be, before anything is changed, and ``StorageError``.
    """
    edits = [typed_beside(id, typed) for id, typed in changes.items()]
    _, kept = keep_beside(workspace, name, lambda kept: reduce(lambda so_far, edit: edit(so_far), edits, kept))
    return missing_books(workspace, kept)


def _use(typed: str) -> NoteUse:
    word = " ".join(typed.casefold().split())
    found = next((use for use, words in READ_WITH.items() if word in (use.value, words)), None)
    if found is None:
        raise SettingsError(f"“{typed.strip()}” is no way to use it.", hint=f"There are: {', '.join(NoteUse)}.")
    return found
