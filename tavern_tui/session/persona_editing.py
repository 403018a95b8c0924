"""Personas as they are edited: their fields, every change saved at once and taken back, who has which.

The settings' own persona has a name and a description; any other is a file. How files are written, and who the user is
in a chat: ``session.personas``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from tavern_tui.config.settings import remember
from tavern_tui.domain.errors import NotFoundError, SettingsError, StorageError, TavernError
from tavern_tui.domain.persona import Persona
from tavern_tui.session.personas import (
    PROPERTY,
    ListedPersona,
    change_persona,
    fields_of,
    listed_personas,
    new_persona,
    persona_for,
)
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.shelf import personas_shelf
from tavern_tui.storage.versions import Versions, mark

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession

_MOST_BYTES = 1024 * 1024
_MOST_DEPTH = 10_000
_CHATS = 100  # of the newest, whose persona is looked up
_PLACES = {
    "in_prompt": "in the prompt",
    "note_top": "above the author's note",
    "note_bottom": "below the author's note",
    "at_depth": "in the chat, at a depth",
    "none": "nowhere",
}
_ROLES = {"system": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class PersonaField:
    """One row of the form: ``name`` in the file, and what it does. ``choices`` are values with their words.

    ``long``: it is a text of any length. ``file_only``: the settings' own persona has no such field.
    """

    name: str
    title: str
    help: str
    long: bool = False
    choices: Mapping[str, str] | None = None
    file_only: bool = True

    def said(self, persona: Persona) -> str:
        """What it says now, as it is typed."""
        value = fields_of(persona)[self.name]
        if self.choices is not None:
            return self.choices.get(value, str(value))
        return ", ".join(value) if isinstance(value, list) else str(value)

    def turned(self, persona: Persona, steps: int) -> str:
        """The words of the choice that follows."""
        words = list((self.choices or {}).values())
        return words[(words.index(self.said(persona)) + steps) % len(words)]


FIELDS = (
    PersonaField("name", "Name", "What {{user}} becomes.", file_only=False),
    PersonaField("title", "Title", "Tells personas of one name apart; never sent."),
    PersonaField("description", "Description", "What the model reads about you.", long=True, file_only=False),
    PersonaField("position", "Place", "Where the model reads it.", choices=_PLACES),
    PersonaField("depth", "Depth", "In the chat: so many turns above the newest one."),
    PersonaField("role", "Role", "In the chat: who says it.", choices=_ROLES),
    PersonaField("lorebook", "Lorebook", "A book of the library that is read wherever the persona is."),
    PersonaField("characters", "Bound to", "Characters, between commas, whose new chats begin with it."),
)
"""The fields of a persona, in the order of the form."""


@dataclass(frozen=True, slots=True)
class PersonaRow:
    """A persona in the list. ``usual``: it is the one where nothing else is said; ``here``: it is this chat's.

    ``chats`` counts those of the newest that have it. ``id`` tells it from the others; the settings' own has none.
    """

    listed: ListedPersona
    usual: bool = False
    here: bool = False
    chats: int = 0

    @property
    def id(self) -> str:
        """Its file's name; empty for the settings' own."""
        return self.listed.name if self.listed.path is not None else ""


def persona_rows(workspace: Workspace, session: ChatSession | None, chats: Mapping[str, int]) -> list[PersonaRow]:
    """Every persona. ``chats`` are those counted by ``chats_by_persona``. Blocks; raises ``StorageError``."""
    rows = listed_personas(workspace)
    use = workspace.settings.persona.use.strip().casefold()
    there = {one.name.casefold() for one in rows if one.path is not None and not one.problem}
    here = _here(session, rows)
    return [
        PersonaRow(
            one,
            usual=(one.name.casefold() == use) if one.path is not None else use not in there,
            here=one is here,
            chats=chats.get(one.persona.name.casefold(), 0),
        )
        for one in rows
    ]


def chats_by_persona(workspace: Workspace) -> dict[str, int]:
    """How many of the newest chats each name has. Blocks for as long as these take to be read."""
    found: Counter[str] = Counter()
    for summary in workspace.chats.list()[:_CHATS]:
        try:
            tree = workspace.chats.open(summary.name).tree
        except TavernError:  # the list of chats says what is wrong with it
            continue
        named = tree.properties.get(PROPERTY)
        found[(named if isinstance(named, str) and named else tree.persona).casefold()] += 1
    return dict(found)


def _here(session: ChatSession | None, rows: list[ListedPersona]) -> ListedPersona | None:
    if session is None:
        return None
    named = session.tree.properties.get(PROPERTY)
    wanted = (named if isinstance(named, str) and named else session.persona.name).casefold()
    fitting: tuple[Callable[[ListedPersona], bool], ...] = (
        lambda one: one.path is not None and one.name.casefold() == wanted,
        lambda one: one.persona.name.casefold() == session.persona.name.casefold(),
    )
    return next((one for fits in fitting for one in rows if fits(one)), None)


class OpenPersona:
    """A persona that is edited: the file ``name``, or the settings' own for an empty name.

    Methods block, and raise ``SettingsError``, ``StorageError``, ``NotFoundError``.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.name = name
        self.changed = False
        self.listed = self._read()
        self.name = self.listed.name if name else ""
        kept = workspace.directories.state / "versions" / "personas"
        self._versions = Versions(kept / next(stems(self.name, "settings")))

    @property
    def persona(self) -> Persona:
        """It as it is now."""
        return self.listed.persona

    @property
    def fields(self) -> tuple[PersonaField, ...]:
        """The fields that it has."""
        return tuple(field for field in FIELDS if self.name or not field.file_only)

    def change(self, field: PersonaField, typed: str) -> bool:
        """Have what was typed in a field; whether anything is different now."""
        value = checked(field, typed)
        before = fields_of(self.persona)[field.name]
        if value == before:
            return False
        if not self.name:
            remember(self.workspace.directories, f"persona.{field.name}", value)
            self._again()
            return True
        was = self._bytes()
        try:
            change_persona(self.workspace, self.name, {field.name: value})
        except StorageError:
            was = self._bytes()
            change_persona(self.workspace, self.name, {field.name: value})
        self._versions.keep(was, field.title.lower(), mark(self._bytes()))
        self._again()
        return True

    def undo(self) -> str:
        """Take the last change of a file back; what it was, "" where there is none.

        Raises ``StorageError`` where something else has changed the file since.
        """
        version = self._versions.last() if self.name else None
        if version is None:
            return ""
        was = self._bytes()
        if self._versions.left != mark(was):
            raise StorageError(
                f"{self.name} was changed by something else since: taking “{version.change}” back would lose that.",
                hint=f"The versions before are in {self._versions.folder}.",
            )
        shelf = personas_shelf(self.workspace.directories)
        shelf.replace(shelf.named(self.name), version.data, was=was)
        self._versions.drop(version, mark(version.data))
        self._again()
        return version.change

    def _bytes(self) -> bytes:
        return read_bytes(personas_shelf(self.workspace.directories).named(self.name), _MOST_BYTES)

    def _again(self) -> None:
        if not self.name:
            self.workspace = Workspace.open(safe=self.workspace.safe, dirs=self.workspace.directories)
        self.listed = self._read()
        self.changed = True

    def _read(self) -> ListedPersona:
        for one in listed_personas(self.workspace):
            own = one.path is not None and one.name.casefold() == self.name.casefold()
            if own or (one.path is None and not self.name):
                if one.problem:
                    raise SettingsError(f"The persona “{one.name}” cannot be used.", hint=one.problem)
                return one
        raise NotFoundError(f"There is no persona “{self.name}” any more.")


def checked(field: PersonaField, typed: str) -> Any:
    """The value that was typed. Raises ``SettingsError`` saying what is wrong with it and what is meant."""
    text = typed.strip()
    if field.choices is not None:
        wanted = text.casefold()
        found = [value for value, words in field.choices.items() if wanted and words.casefold().startswith(wanted)]
        if not found:
            raise SettingsError(f"There is no choice “{text}”.", hint=f"Choose: {', '.join(field.choices.values())}.")
        return found[0]
    if field.name == "depth":
        if not text.isdecimal() or int(text[:9]) > _MOST_DEPTH:
            raise SettingsError(f"“{text}” is no depth.", hint=f"A whole number from 0 to {_MOST_DEPTH:,}.")
        return int(text)
    if field.name == "characters":
        return list(dict.fromkeys(filter(None, (part.strip() for part in text.split(",")))))
    if field.long:
        return typed
    if field.name == "name" and not text:
        raise SettingsError("A persona needs a name: {{user}} becomes it.")
    return " ".join(text.split())


def bind(open_persona: OpenPersona, character: str) -> str:
    """Let new chats with a character begin with the persona, or no longer; what to say."""
    field = next(one for one in FIELDS if one.name == "characters")
    bound = open_persona.persona.characters
    there = [name for name in bound if name.casefold() == character.casefold()]
    now = [name for name in bound if name not in there] if there else [*bound, character]
    open_persona.change(field, ", ".join(now))
    if there:
        return f"New chats with {character} begin with the usual persona."
    return f"New chats with {character} begin with {open_persona.name}."


def copy_persona(workspace: Workspace, row: PersonaRow) -> str:
    """A second persona like it; its file's name. The settings' own becomes a file so. Blocks."""
    taken = {one.name.casefold() for one in listed_personas(workspace) if one.path is not None}
    name = next(name for number in count(2) if (name := f"{row.listed.name} {number}").casefold() not in taken)
    if row.listed.path is None:
        values = {"name": row.listed.persona.name, "description": row.listed.persona.description or None}
        return new_persona(workspace, name, values).name
    data = read_bytes(row.listed.path, _MOST_BYTES)
    return personas_shelf(workspace.directories).add(name, data, suffix=row.listed.path.suffix).stem


def make_usual(workspace: Workspace, row: PersonaRow) -> str:
    """Let it be the persona wherever nothing else is said; what to say. Blocks."""
    remember(workspace.directories, "persona.use", row.id)
    return f"{row.listed.name} is the usual one now: new chats begin with it."


def take_persona(session: ChatSession, workspace: Workspace) -> None:
    """Let an open chat read its persona as it is on disk now, from its next prompt on. Blocks."""
    tree = session.tree
    session.persona, _ = persona_for(workspace, "", tree.properties, tree.persona)
