"""Personas as things of the library: which there are, making, changing, deleting, and choosing one for a chat.

The usual persona is the settings' (``persona.name``, ``persona.description``), or the one that ``persona.use`` names.
A chat may have its own (``/persona``), and so may a start (``--persona``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.domain.persona import Persona

if TYPE_CHECKING:
    from tavern_tui.domain.exchange import Remark
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.shelf import Shelf

PROPERTY = "persona"
"""The chat's property that names its own persona."""

SETTINGS = "settings"
"""Where the usual persona comes from that no file holds."""


@dataclass(frozen=True, slots=True)
class ListedPersona:
    """A persona that can be chosen by ``name``. ``path`` is its file, ``None`` for the settings' own.

    ``problem`` says why a file cannot be used; ``remarks`` what of it does nothing here.
    """

    name: str
    persona: Persona
    path: Path | None = None
    problem: str = ""
    remarks: tuple[Remark, ...] = ()


def listed_personas(workspace: Workspace) -> list[ListedPersona]:
    """Every persona: the settings' own, then the user's files by name. Raises ``StorageError`` for the folder."""
    settings = workspace.settings.persona
    usual = ListedPersona(settings.name, Persona(settings.name, settings.description))
    return [usual, *(_read(workspace, path) for path in _paths(workspace))]


def persona_called(workspace: Workspace, name: str) -> ListedPersona:
    """The persona of that name: a file's, the name inside it, or the settings' own.

    Raises ``NotFoundError``, and ``SettingsError`` for a file that cannot be used.
    """
    wanted = name.strip().casefold()
    listed = listed_personas(workspace)
    spellings: tuple[Callable[[ListedPersona], bool], ...] = (
        lambda one: one.path is not None and one.name.casefold() == wanted,
        lambda one: one.path is not None and one.persona.name.casefold() == wanted,
        lambda one: one.path is None and one.name.casefold() == wanted,
    )
    for fits in spellings:
        found = next((one for one in listed if fits(one)), None)
        if found is not None:
            if found.problem:
                raise SettingsError(f"The persona “{found.name}” cannot be used.", hint=found.problem)
            return replace(found, persona=with_books(workspace, found.persona))
    names = ", ".join(dict.fromkeys(one.name for one in listed))
    raise NotFoundError(f"There is no persona “{name}”.", hint=f"There are: {names}.")


def usual_persona(workspace: Workspace) -> tuple[Persona, str]:
    """Who the user is where nothing else is said, and what to tell where ``persona.use`` cannot be followed."""
    settings = workspace.settings.persona
    named = Persona(settings.name, settings.description)
    if not settings.use:
        return named, ""
    try:
        return persona_called(workspace, settings.use).persona, ""
    except TavernError as error:
        return named, f"persona.use: {error.title} {settings.name} is used."


def persona_for(
    workspace: Workspace, wished: str, properties: Mapping[str, Any], written_under: str
) -> tuple[Persona, str]:
    """Who the user is in a chat, and what to tell: as this start says (a persona, or only a name), else as the chat
    has it, else the usual one, under the name that the chat was begun with (``written_under``).
    """
    usual, note = usual_persona(workspace)
    if wished:
        try:
            return persona_called(workspace, wished).persona, note
        except TavernError:
            return replace(usual, name=wished), note
    named = properties.get(PROPERTY)
    if isinstance(named, str) and named:
        try:
            return persona_called(workspace, named).persona, note
        except TavernError as error:
            note = f"{note} {error.title} This chat goes on with {usual.name}.".strip()
            return usual, note
    if written_under and written_under != usual.name:
        try:
            return persona_called(workspace, written_under).persona, note
        except TavernError:
            return replace(usual, name=written_under), note
    return usual, note


def persona_with(workspace: Workspace, character: str) -> Persona | None:
    """The persona that new chats with ``character`` begin with; ``None`` where none is bound to it."""
    wanted = character.casefold()
    for path in _paths(workspace):
        one = _read(workspace, path)
        if not one.problem and wanted in (name.casefold() for name in one.persona.characters):
            return with_books(workspace, one.persona)
    return None


async def choose_in_chat(session: ChatSession, workspace: Workspace, name: str) -> ListedPersona:
    """Be another persona in a chat from now on, for good. Raises as ``persona_called``, and ``StorageError``."""
    chosen = await asyncio.to_thread(persona_called, workspace, name)
    await session.changes.write(PropertySet(PROPERTY, chosen.name))
    session.persona = chosen.persona
    return chosen


async def told_in_chat(session: ChatSession, workspace: Workspace) -> str:
    """Who the user is in a chat, and who else can be chosen, in a line. Raises ``StorageError``."""
    listed = await asyncio.to_thread(listed_personas, workspace)
    others = dict.fromkeys(one.name for one in listed if not one.problem and one.persona.name != session.persona.name)
    if not others:
        return f"You are {session.persona.name} here · /personas makes another"
    return f"You are {session.persona.name} here · /persona {', '.join(others)} chooses another"


def new_persona(workspace: Workspace, name: str, changes: Mapping[str, object | None]) -> ListedPersona:
    """A persona of one's own. Raises ``SettingsError``, ``StorageError``."""
    from tavern_tui.formats.personas import changed_persona, write_persona

    _checked(changes)
    data, _ = write_persona(Persona(" ".join(name.split())))
    try:
        data = changed_persona(data, {key: value for key, value in changes.items() if value is not None})
    except FormatError as error:
        raise SettingsError(error.title) from error
    return _read(workspace, _shelf(workspace).add(name, data))


def change_persona(workspace: Workspace, name: str, changes: Mapping[str, object | None]) -> ListedPersona:
    """Other values for some fields, ``None`` to take one out. Raises ``NotFoundError``, ``SettingsError``."""
    from tavern_tui.formats.personas import changed_persona

    _checked(changes)
    shelf = _shelf(workspace)
    path = shelf.named(name)
    was = shelf.read(path)
    try:
        data = changed_persona(was, changes, where=path.name)
    except FormatError as error:
        raise SettingsError(error.title, where=str(path)) from error
    shelf.replace(path, data, was=was)
    return _read(workspace, path)


def persona_file(workspace: Workspace, name: str) -> Path:
    """The file of a persona of one's own. Raises ``NotFoundError``."""
    return _shelf(workspace).named(name)


def delete_persona(workspace: Workspace, name: str) -> Path:
    """Move a persona to the trash; where it was. Raises ``NotFoundError``, ``StorageError``."""
    return _shelf(workspace).delete(name)


def restore_persona(workspace: Workspace, name: str) -> Path:
    """Bring back a persona that was deleted. Raises ``NotFoundError``, ``StorageError``."""
    return _shelf(workspace).restore(name)


def export_personas(workspace: Workspace, names: tuple[str, ...], to: Path) -> tuple[int, tuple[Remark, ...]]:
    """Write personas (all, where none is named) as SillyTavern's backup; how many, and what it cannot say.

    Raises ``NotFoundError``, ``SettingsError``, ``StorageError``.
    """
    from tavern_tui.formats.personas import PersonaBackup, write_backup
    from tavern_tui.storage.atomic import write_atomic

    listed = [persona_called(workspace, name) for name in names] or [
        one for one in listed_personas(workspace) if not one.problem
    ]
    data, remarks = write_backup(PersonaBackup(tuple(one.persona for one in listed)))
    write_atomic(to, data)
    return len(listed), remarks


def fields_of(persona: Persona) -> dict[str, Any]:
    """A persona's fields in words."""
    from tavern_tui.formats.personas import told

    return told(persona)


def with_books(workspace: Workspace, persona: Persona) -> Persona:
    """The persona with the lorebook that it names, where the library has it."""
    books: tuple[Lorebook, ...] = ()
    if persona.lorebook:
        try:
            books = (workspace.library.lorebook(persona.lorebook, typed=False)[0],)
        except TavernError:  # the persona is from elsewhere, or the book is gone: it is read without
            books = ()
    return replace(persona, books=books)


def _paths(workspace: Workspace) -> list[Path]:
    """The files; without looking for what reads them where there are none."""
    if workspace.safe or not workspace.directories.personas.is_dir():
        return []
    return _shelf(workspace).paths()


def _read(workspace: Workspace, path: Path) -> ListedPersona:
    from tavern_tui.formats.personas import read_persona

    try:
        persona, remarks = read_persona(_shelf(workspace).read(path), path.stem, where=path.name)
    except TavernError as error:
        return ListedPersona(path.stem, Persona(path.stem), path, str(error))
    return ListedPersona(path.stem, persona, path, remarks=remarks)


def _shelf(workspace: Workspace) -> Shelf:
    from tavern_tui.storage.shelf import personas_shelf

    return personas_shelf(workspace.directories)


def _checked(changes: Mapping[str, object | None]) -> None:
    from tavern_tui.config.files import nearest
    from tavern_tui.formats.personas import FIELDS

    for name in changes:
        if name not in FIELDS:
            hint = nearest(name, FIELDS).strip() or f"There are: {', '.join(FIELDS)}."
            raise SettingsError(f"A persona has no field “{name}”.", hint=hint)
