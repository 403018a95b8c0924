"""The notes that are written at one key: the author's note of a chat, and one's own note on each character in it.

The latter is read in every chat of the character, and kept beside its card (``session.beside_cards``).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.beside_card import NOTHING_BESIDE, BesideCard, NoteUse
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.note import NO_NOTE, ChatNote
from tavern_tui.session.author_note import note_of, write_note
from tavern_tui.session.beside_cards import OWN

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

_NAME = 24  # characters of a name in what is said


@dataclass(frozen=True, slots=True)
class Notes:
    """``chat`` is the author's note; ``own`` what is kept of each character who has a card, by name, in their order."""

    chat: ChatNote = NO_NOTE
    own: tuple[tuple[str, BesideCard], ...] = ()

    def of(self, name: str) -> BesideCard:
        """What is kept of the character ``name``."""
        return dict(self.own).get(name, NOTHING_BESIDE)

    def noted(self, name: str, kept: BesideCard) -> Notes:
        """The same with ``kept`` for that character."""
        return replace(self, own=tuple((one, kept if one == name else before) for one, before in self.own))


def notes_of(session: ChatSession) -> Notes:
    """The notes of a session's chat."""
    if session.group is not None:
        names = [name for name in session.tree.characters if name not in session.group.missing]
    else:
        names = [session.character.name] if session.no_card is None else []
    kept = session.options.beside_cards
    return Notes(note_of(session.tree), tuple((name, kept.get(name, NOTHING_BESIDE)) for name in names))


async def write_notes(session: ChatSession, workspace: Workspace, notes: Notes) -> str:
    """Keep what is different in ``notes``; what to say about it, "" where nothing is.

    Raises ``StorageError``, and ``NotFoundError`` or ``FormatError`` where a card is no longer there or whole.
    """
    before = notes_of(session)
    changed = {name: kept for name, kept in notes.own if kept != before.of(name)}
    if changed:
        await asyncio.to_thread(_keep, session, workspace, changed)
    said = await write_note(session, notes.chat)
    if not changed:
        return said
    whose = " and ".join(safe_line(name, _NAME) for name in changed)
    gone = not any(kept.note for kept in changed.values())
    own = f"Your note on {whose} is {'gone' if gone else 'kept, for every chat'}"
    return f"{own} · {said}" if said else own


def _keep(session: ChatSession, workspace: Workspace, changed: dict[str, BesideCard]) -> None:
    """Keep the notes with the versions of their cards, and let the open chat read them."""
    from tavern_tui.session.character_editing import OpenCard

    for name, kept in changed.items():
        card = OpenCard(workspace, workspace.card_of(name)[1])
        card.change_beside(f"{OWN}note", partial(_noted, note=kept.note.strip(), use=kept.use))
    session.options = replace(session.options, beside_cards=workspace.library.beside_cards.all())


def _noted(kept: BesideCard, *, note: str, use: NoteUse) -> BesideCard:
    return replace(kept, note=note, use=use)
