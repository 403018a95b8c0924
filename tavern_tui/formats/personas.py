"""Personas: files of one each ⇄ ``Persona``, and SillyTavern's backup of all of them.

Ours are YAML, one field a line; a change rewrites that field's lines alone, so that comments and unknown fields stay.
SillyTavern's numbers are understood for words, as is text-generation-webui's ``user_bio``. Fields:
``docs/spec/sillytavern-prompts.md`` §10.1, ``docs/spec/webui-features.md`` §6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.persona import Persona, PersonaPosition
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import clean_text, read_json, write_json
from tavern_tui.formats.presets import changed_text, write_entries
from tavern_tui.formats.yaml_text import read_json_or_yaml

MAX_BYTES = 1024 * 1024
MOST = 10_000

POSITIONS = {
    "in_prompt": PersonaPosition.IN_PROMPT,
    "note_top": PersonaPosition.NOTE_TOP,
    "note_bottom": PersonaPosition.NOTE_BOTTOM,
    "at_depth": PersonaPosition.AT_DEPTH,
    "none": PersonaPosition.NONE,
}
ROLES = tuple(InjectionRole)
FIELDS = ("name", "description", "position", "depth", "role", "lorebook", "title", "avatar", "characters")
"""A persona's fields, in the order in which they are written and shown."""
_AFTER_CHARACTER = 1


@dataclass(frozen=True, slots=True)
class PersonaBackup:
    """SillyTavern's backup: its personas, the avatar of the default one, and the object that it was read from."""

    personas: tuple[Persona, ...]
    default: str = ""
    source: Mapping[str, Any] | None = None


def is_persona(value: object) -> bool:
    """Whether a parsed YAML or JSON file is a persona of ours or of text-generation-webui's."""
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return False
    ours = value.keys() <= {*FIELDS, "user_bio"} and len(value) > 1
    return isinstance(value.get("user_bio"), str) or (ours and "description" in value)


def is_persona_backup(value: object) -> bool:
    """Whether a parsed JSON file is SillyTavern's backup of personas."""
    return isinstance(value, Mapping) and isinstance(value.get("personas"), Mapping) and "persona_descriptions" in value


def read_persona(data: bytes, name: str, *, where: str = "") -> tuple[Persona, tuple[Remark, ...]]:
    """The persona in a YAML or JSON file, called ``name`` where that does not say. Raises ``FormatError``."""
    where = where or name
    value = read_json_or_yaml(data, where=where, max_bytes=MAX_BYTES)
    if not isinstance(value, dict) or not any(key in value for key in (*FIELDS, "user_bio")):
        raise FormatError(
            "There is no persona inside.", where=where, hint="A persona is a table with a name and a description."
        )
    raw = Fields(value, where=where)
    told = "description" if "description" in value or "user_bio" not in value else "user_bio"
    unknown = [key for key in value if key not in FIELDS and key not in (told, "connections", "format")]
    remarks = tuple(Remark(key, "It is kept in the file and does nothing here.") for key in unknown)
    return _persona(raw, name, raw.text(told)), remarks


def changed_persona(data: bytes, changes: Mapping[str, object | None], *, where: str = "") -> bytes:
    """The file with other values for some fields, ``None`` to take one out; the rest stays as it was written.

    Raises ``FormatError`` for a file that is no persona, or none any more with the changes.
    """
    text = data.decode("utf-8-sig", "replace")
    if data.lstrip()[:1] == b"{":
        value = {**read_json(data, where=where), **changes}
        written = write_json({key: item for key, item in value.items() if item is not None})
    else:
        written = changed_text(text, changes, where=where).encode()
    read_persona(written, "x", where=where)
    return written


def write_persona(persona: Persona) -> tuple[bytes, tuple[Remark, ...]]:
    """A new file for a persona: what is not as usual."""
    usual = told(Persona(""))
    fields = {key: value for key, value in told(persona).items() if key == "name" or value != usual[key]}
    return write_entries(fields).encode(), ()


def told(persona: Persona) -> dict[str, Any]:
    """A persona's fields in words."""
    return {
        "name": persona.name,
        "description": persona.description,
        "position": next(word for word, position in POSITIONS.items() if position is persona.position),
        "depth": persona.depth,
        "role": persona.role.value,
        "lorebook": persona.lorebook,
        "title": persona.title,
        "avatar": persona.avatar,
        "characters": list(persona.characters),
    }


def read_backup(data: bytes, name: str, *, where: str = "") -> tuple[PersonaBackup, tuple[Remark, ...]]:
    """The personas in SillyTavern's backup (or in its settings, which have the same three fields).

    Raises ``FormatError``.
    """
    where = where or name
    value = read_json(data, where=where)
    if isinstance(value, dict) and isinstance(value.get("power_user"), dict):
        value = value["power_user"]
    if not is_persona_backup(value):
        raise FormatError("There are no personas inside.", where=where)
    raw = Fields(value, where=where)
    names, about = raw.inner("personas"), raw.inner("persona_descriptions")
    if len(names.value) > MOST:
        raise FormatError(f"There are {len(names.value):,} personas; {MOST:,} are read at most.", where=where)
    found = []
    for avatar in names.value:
        said = about.inner(avatar)
        read = _persona(said, names.text(avatar) or clean_text(avatar), said.text("description"))
        found.append(_with_avatar(read, clean_text(avatar), names.text(avatar)))
    default = raw.get("default_persona")
    return PersonaBackup(tuple(found), default if isinstance(default, str) else "", value), ()


def write_backup(backup: PersonaBackup) -> tuple[bytes, tuple[Remark, ...]]:
    """The personas as SillyTavern's backup: what it was read from, with what was changed. Raises ``FormatError``."""
    source = backup.source or {}
    about = source.get("persona_descriptions")
    about = about if isinstance(about, Mapping) else {}
    names: dict[str, str] = {}
    said: dict[str, Any] = {}
    remarks = []
    for number, persona in enumerate(backup.personas, 1):
        avatar = persona.avatar or f"persona-{number}.png"
        if not persona.avatar:
            remarks.append(Remark(persona.name, f"SillyTavern knows personas by pictures: put one in as {avatar}."))
        names[avatar] = persona.name
        before = about.get(avatar)
        said[avatar] = {**(before if isinstance(before, Mapping) else {}), **_said(persona, before)}
    written = {
        **source,
        "personas": names,
        "persona_descriptions": said,
        "default_persona": backup.default or None,
    }
    return write_json(written), tuple(remarks)


def _said(persona: Persona, before: Any) -> dict[str, Any]:
    """A description as SillyTavern writes it; what means the same as the file did is left as it was."""
    fields: dict[str, Any] = {
        "description": persona.description,
        "position": persona.position.value,
        "depth": persona.depth,
        "role": ROLES.index(persona.role),
    }
    later = {"lorebook": persona.lorebook, "title": persona.title}
    fields |= {key: value for key, value in later.items() if value}
    if isinstance(before, Mapping):
        read = _persona(Fields(before), persona.name, Fields(before).text("description"))
        if told(_with_avatar(read, persona.avatar, persona.name)) == told(persona):
            return {}
    return fields


def _with_avatar(persona: Persona, avatar: str, name: str) -> Persona:
    return replace(persona, name=name or avatar, avatar=avatar)


def _persona(raw: Fields, name: str, description: str) -> Persona:
    return Persona(
        name=" ".join(raw.text("name").split()) or name,
        description=description,
        position=_position(raw),
        depth=raw.integer("depth", 2),
        role=_role(raw),
        lorebook=raw.text("lorebook"),
        title=raw.text("title"),
        avatar=raw.text("avatar"),
        characters=raw.texts("characters", split=","),
    )


def _position(raw: Fields) -> PersonaPosition:
    said = raw.get("position")
    if said is None:
        return PersonaPosition.IN_PROMPT
    if isinstance(said, str) and said.strip().lower() in POSITIONS:
        return POSITIONS[said.strip().lower()]
    numbers = {position.value: position for position in PersonaPosition}
    numbers[_AFTER_CHARACTER] = PersonaPosition.IN_PROMPT  # an older place, which SillyTavern takes for the usual one
    if not isinstance(said, bool) and said in numbers:
        return numbers[said]
    raise raw.fault("position", f"one of {', '.join(POSITIONS)}")


def _role(raw: Fields) -> InjectionRole:
    said = raw.get("role")
    if said is None:
        return InjectionRole.SYSTEM
    if isinstance(said, str) and said.strip().lower() in {role.value for role in ROLES}:
        return InjectionRole(said.strip().lower())
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said < len(ROLES):
        return ROLES[said]
    raise raw.fault("role", "system, user or assistant")
