"""The author's note of a chat: kept as a property of the chat, given to its prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.note import ChatNote, NotePlace, NoteRole, read_note

if TYPE_CHECKING:
    from tavern_tui.domain.beside_card import BesideCard
    from tavern_tui.prompt.inputs import AuthorsNote
    from tavern_tui.session.session import ChatSession

NOTE: Final = "authors_note"
"""The chat's property that holds it: an object with the fields of ``ChatNote``; others are kept."""


def note_of(tree: ChatTree) -> ChatNote:
    """The note of a chat; without text where it has none."""
    return read_note(tree.properties.get(NOTE))


def note_set(tree: ChatTree, note: ChatNote) -> PropertySet | None:
    """The event that gives a chat this note; one without text takes it away. ``None`` where nothing changes."""
    note = replace(note, text=note.text.strip())
    if note == note_of(tree) or (not note.text and NOTE not in tree.properties):
        return None
    if not note.text:
        return PropertySet(NOTE, None)
    kept = tree.properties.get(NOTE)
    return PropertySet(NOTE, {**(kept if isinstance(kept, dict) else {}), **note.as_dict()})


def for_prompt(note: ChatNote, beside: BesideCard | None = None) -> AuthorsNote | None:
    """The note as a prompt takes it, with the character's own; ``None`` where there is neither."""
    from tavern_tui.domain.lorebook import InjectionRole
    from tavern_tui.prompt.inputs import AuthorsNote, CharacterNotePosition, InjectionPosition

    if not note.text and (beside is None or not beside.note):
        return None
    position = {
        NotePlace.CHAT: InjectionPosition.IN_CHAT,
        NotePlace.BEFORE: InjectionPosition.BEFORE_SCENARIO,
        NotePlace.AFTER: InjectionPosition.AFTER_SCENARIO,
    }[note.place]
    role = {
        NoteRole.SYSTEM: InjectionRole.SYSTEM,
        NoteRole.USER: InjectionRole.USER,
        NoteRole.ASSISTANT: InjectionRole.ASSISTANT,
    }[note.role]
    given = AuthorsNote(
        text=note.text,
        position=position,
        depth=note.depth,
        role=role,
        interval=note.interval,
        allow_lore_scan=note.scan,
    )
    if beside is None:
        return given
    use = CharacterNotePosition[beside.use.name]
    return replace(given, of_character=beside.note, of_character_position=use)


async def write_note(session: ChatSession, note: ChatNote) -> str:
    """Give a session's chat this note; what to say about it, "" where nothing changed. Raises ``StorageError``."""
    event = note_set(session.tree, note)
    if event is None:
        return ""
    await session.changes.write(event)
    return f"The author's note is {'kept' if note_of(session.tree).text else 'gone'} · {{undo}} takes it back"


def told(note: ChatNote) -> str:
    """Where a note stands and when it is read, in a line."""
    if not note.text:
        return "none"
    below = (
        f"with {note.depth} turn{'' if note.depth == 1 else 's'} below it" if note.depth else "below the newest turn"
    )
    where = f"{below}, as {note.role}" if note.place is NotePlace.CHAT else note.place.value
    often = {0: "never read", 1: "always read"}.get(note.interval, f"read with every {note.interval} of your turns")
    return f"{where} · {often}"
