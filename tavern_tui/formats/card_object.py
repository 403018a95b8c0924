"""A character card's object, of whichever family, ⇄ ``Character``.

Read: V1, V2 and V3 objects, Pygmalion's and text-generation-webui's. Written: the hybrid that SillyTavern keeps on disk
(V1 keys at the top, everything in ``data``). Whatever a card holds beyond ``Character`` travels in
``Character.source`` and is written back; so is the written form of every field that nobody changed and that V2 and V3
allow. Fields: V1, V2 and V3 card specifications, SillyTavern 1.12.6. The files they come in: ``formats.card``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tavern_tui.domain.character import Asset, Character, CharacterNote
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.formats.card_rules import V2, V3, as_v3, is_sound_book, is_v2_book, sound_book, sound_texts
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import clean_text
from tavern_tui.formats.lorebook import from_character_book, to_character_book

MAX_DEPTH_OF_NOTE = 10_000
MAX_ASSETS = 10_000
_NOBODY = Character(name="")
_NO_BOOK: Mapping[str, Any] = {"entries": ()}

# Field of ``Character`` → its name in ``data``, and at the top level where V1 or SillyTavern has it there.
_TEXTS: tuple[tuple[str, str, str], ...] = (
    ("name", "name", "name"),
    ("description", "description", "description"),
    ("personality", "personality", "personality"),
    ("scenario", "scenario", "scenario"),
    ("greeting", "first_mes", "first_mes"),
    ("example_dialogue", "mes_example", "mes_example"),
    ("creator_notes", "creator_notes", "creatorcomment"),
    ("system_prompt", "system_prompt", ""),
    ("post_history_instructions", "post_history_instructions", ""),
    ("creator", "creator", ""),
    ("version", "character_version", ""),
)
_V1_KEYS = ("name", "description", "personality", "scenario", "first_mes", "mes_example")

# V3's fields that a card may leave out: field of ``Character`` → its name in ``data``.
_V3_FIELDS = {
    "group_only_greetings": "group_only_greetings",
    "notes_by_language": "creator_notes_multilingual",
    "assets": "assets",
    "origins": "source",
    "created": "creation_date",
    "modified": "modification_date",
    "nickname": "nickname",
}

# Cards of other families: V2's name → theirs, the first that is there.
_PYGMALION = {
    "name": ("char_name",),
    "description": ("char_persona",),
    "first_mes": ("char_greeting",),
    "mes_example": ("example_dialogue",),
    "scenario": ("world_scenario",),
}
_TEXTGEN = {
    "name": ("name", "bot", "<|bot|>", "char_name"),
    "description": ("context",),
    "first_mes": ("greeting",),
    "mes_example": ("example_dialogue",),
}


def is_card(value: object) -> bool:
    """Whether a file's value is a character card of any family that is read here. Looks at names of fields only."""
    if not isinstance(value, dict) or value.get("spec") == "lorebook_v3":
        return False
    if isinstance(value.get("data"), dict) and "name" in value["data"] and not isinstance(value.get("entries"), dict):
        return "type" not in value or "spec" in value
    if "char_name" in value or str(value.get("spec", "")).startswith("chara_card"):
        return True
    if not any(key in value for key in _TEXTGEN["name"]):
        return False
    if "greeting" in value or any(key in value for key in _V1_KEYS[2:]):
        return True
    # A lorebook has a name and a description too, an instruction template a context and a "bot".
    return ("description" in value and "entries" not in value) or ("context" in value and "turn_template" not in value)


def from_object(value: Any, *, where: str = "", name: str = "") -> Character:
    """The character in a card's object, of whichever family. Raises ``FormatError``."""
    if not isinstance(value, dict):
        raise FormatError("There is no character inside.", where=where)
    if "spec" in value or isinstance(value.get("data"), dict):
        outer = Fields(value, where=where)
        inner = outer.inner("data") if "data" in value else outer
        given = {key: part for key, part in inner.value.items() if part is not None}
        return _character({**_v1_of(value), **given}, inner.path, where, name, value)
    if "char_name" in value and "context" not in value:
        return _character(_renamed(value, _PYGMALION), "", where, name, value)
    if "context" in value or "greeting" in value:
        return _character(_renamed(value, _TEXTGEN), "", where, name, value)
    if "entries" in value:
        raise FormatError("This is a lorebook, not a character.", hint="Put it with the worlds.", where=where)
    if not any(key in value for key in _V1_KEYS):
        raise FormatError("There is no character inside: none of a card's fields.", where=where)
    return _character({**value, **_v1_of(value)}, "", where, name, value)


def to_object(character: Character) -> dict[str, Any]:
    """The card's object: V1 keys, ``spec`` and ``data``, with everything that ``source`` holds beyond them.

    A field that still reads as it did in ``source`` keeps its written form there, where V2 and V3 allow that form. V3
    where ``source`` was V3 or a V3 field is in use, else V2.
    """
    card = copy.deepcopy(dict(character.source))
    was_top = from_object(card, name=character.name) if card else _NOBODY
    shaped = isinstance(card.get("data"), dict)
    was = was_top if shaped else _NOBODY
    data: dict[str, Any] = card["data"] if shaped else {}
    for field, key, top in _TEXTS:
        text = getattr(character, field)
        if text != getattr(was, field) or data.get(key) is None:
            data[key] = text
        if top and (text != getattr(was_top, field) or card.get(top) is None):
            card[top] = text
    for key in ("alternate_greetings", "tags"):
        if getattr(character, key) != getattr(was, key) or data.get(key) is None:
            data[key] = list(getattr(character, key))
    if character.tags != was_top.tags or "tags" not in card:
        card["tags"] = list(character.tags)
    for field, key in _V3_FIELDS.items():
        if getattr(character, field) != getattr(was, field):
            _put_v3(key, getattr(character, field), data)
    if character.note != was.note or not isinstance(data.get("extensions"), dict):
        _put_note(character.note, data)
    if character.favourite != was.favourite:
        data["extensions"]["fav"] = card["fav"] = character.favourite
    sound_texts(data)
    if character.lorebook is None:
        data.pop("character_book", None)
    elif character.lorebook != was.lorebook or not is_sound_book(data.get("character_book")):
        data["character_book"] = sound_book(to_character_book(character.lorebook))
    card["data"] = data
    if _is_newer(card.get("spec")):
        return card
    of_v2 = card.get("spec") != V3 and not _needs_v3(character) and is_v2_book(data.get("character_book", _NO_BOOK))
    return card | {"spec": V2, "spec_version": "2.0"} if of_v2 else as_v3(card)


def _is_newer(spec: Any) -> bool:
    """Whether a card says that it is of a family that comes after V3."""
    number = str(spec).removeprefix("chara_card_v")
    return number.isascii() and number.isdecimal() and number != str(spec) and int(number[:9]) > 3


def _needs_v3(character: Character) -> bool:
    return any(getattr(character, field) != getattr(_NOBODY, field) for field in _V3_FIELDS)


def _put_v3(key: str, value: Any, data: dict[str, Any]) -> None:
    """Write one of V3's optional fields; what an asset has beyond V3's names stays with it."""
    if key == "assets":
        kept = {asset["uri"]: asset for asset in _objects(data.get("assets")) if isinstance(asset.get("uri"), str)}
        value = [
            {**kept.get(asset.uri, {}), "type": asset.kind, "uri": asset.uri, "name": asset.name, "ext": asset.ext}
            for asset in value
        ]
    elif isinstance(value, tuple):
        value = list(value)
    elif isinstance(value, Mapping):
        value = dict(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None:
        data.pop(key, None)
    else:
        data[key] = value


def _put_note(note: CharacterNote, data: dict[str, Any]) -> None:
    extensions = data.get("extensions")
    extensions = data["extensions"] = extensions if isinstance(extensions, dict) else {}
    if note != CharacterNote() or "depth_prompt" in extensions:
        written = extensions.get("depth_prompt")
        kept = written if isinstance(written, dict) else {}
        extensions["depth_prompt"] = {**kept, "prompt": note.text, "depth": note.depth, "role": note.role.value}


def _character(value: dict[str, Any], path: str, where: str, name: str, source: Mapping[str, Any]) -> Character:
    """The character that V2's field names describe; ``path`` is where they stand in the file."""
    fields = Fields(value, path=path, where=where)
    own_name = fields.text("name").strip() or name.strip()
    if not own_name:
        raise FormatError(f"The character has no name (field {fields.name('name')}).", where=where)
    extensions = fields.inner("extensions")
    book = fields.inner("character_book")
    return Character(
        name=own_name,
        **{field: fields.text(key) for field, key, _ in _TEXTS if field != "name"},
        alternate_greetings=fields.texts("alternate_greetings"),
        nickname=fields.text("nickname"),
        tags=tuple(dict.fromkeys(fields.texts("tags", split=","))),
        note=_note(extensions.inner("depth_prompt")),
        lorebook=from_character_book(book.value, name=f"{own_name}'s lorebook", path=book.path, where=where)
        if book.value
        else None,
        source=source,
        group_only_greetings=fields.texts("group_only_greetings"),
        notes_by_language=_by_language(fields.get("creator_notes_multilingual")),
        assets=_assets(fields.get("assets")),
        origins=_origins(fields.get("source")),
        created=_time(fields.get("creation_date")),
        modified=_time(fields.get("modification_date")),
        favourite=str(extensions.get("fav") if "fav" in extensions.value else source.get("fav")).lower() == "true",
    )


def _note(fields: Fields) -> CharacterNote:
    role = fields.get("role")
    by_number = dict(enumerate(InjectionRole))
    by_name = {role.value: role for role in InjectionRole}
    return CharacterNote(
        text=fields.text("prompt"),
        depth=min(max(fields.integer("depth", 4), 0), MAX_DEPTH_OF_NOTE),
        role=by_name.get(str(role).lower())
        or by_number.get(role if isinstance(role, int) else 0, InjectionRole.SYSTEM),
    )


# What V3 added is for display: a form that is not V3's is passed over here and stays in ``source``.


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:MAX_ASSETS] if isinstance(item, dict)] if isinstance(value, list) else []


def _assets(value: Any) -> tuple[Asset, ...]:
    found = [[item.get(key) for key in ("type", "uri", "name", "ext")] for item in _objects(value)]
    texts = [[clean_text(part) if isinstance(part, str) else "" for part in parts] for parts in found]
    return tuple(Asset(kind, uri, name, ext) for kind, uri, name, ext in texts)


def _by_language(value: Any) -> Mapping[str, str]:
    listed = value if isinstance(value, dict) else {}
    return {clean_text(key): clean_text(text) for key, text in listed.items() if isinstance(text, str)}


def _origins(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(clean_text(item) for item in listed if isinstance(item, str) and item)


def _time(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 else None


def _v1_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """What stands at a card's top level, by V2's names."""
    found = {key: value[key] for key in (*_V1_KEYS, "tags") if value.get(key) is not None}
    notes = value.get("creatorcomment") or value.get("creator_notes")
    return {**found, "creator_notes": notes} if notes else found


def _renamed(value: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    found = {ours: [value[key] for key in theirs if value.get(key) is not None] for ours, theirs in names.items()}
    return {ours: values[0] for ours, values in found.items() if values}


def with_data(character: Character, data: Mapping[str, Any], *, where: str = "") -> Character:
    """``character`` with another ``data`` object: every field in it counts, and one that is not there is gone.

    What V1 keeps at the top follows where it changed. Raises ``FormatError`` naming the field that is wrong.
    """
    card = to_object(character)
    if data == card["data"]:
        return character
    card["data"] = copy.deepcopy(dict(data))
    changed = from_object({"spec": card["spec"], "data": card["data"]}, where=where)
    for field, _, top in _TEXTS:
        if top and getattr(changed, field) != getattr(character, field):
            card[top] = getattr(changed, field)
    if changed.tags != character.tags:
        card["tags"] = list(changed.tags)
    if changed.favourite != character.favourite:
        card["fav"] = changed.favourite
    return replace(changed, source=card)
