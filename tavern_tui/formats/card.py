"""Character cards: PNG, JSON and YAML files ⇄ ``Character``, told apart by content, never by name.

Read: V1, V2 and V3 objects, Pygmalion's JSON, text-generation-webui's YAML; in a picture the ``ccv3`` text wins over
``chara``. Written: the hybrid that SillyTavern keeps on disk (V1 keys at the top, everything in ``data``), as JSON or
in a picture's two texts. Whatever a card holds beyond ``Character`` travels in ``Character.source`` and is written
back; so is the written form of every field that nobody changed. Fields: V1, V2 and V3 card specifications, SillyTavern
1.12.6.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping
from typing import Any

from tavern_tui.domain import messages
from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.lorebook import from_character_book, to_character_book
from tavern_tui.formats.png import SIGNATURE, Png, read_png, write_png
from tavern_tui.formats.yaml_text import read_yaml

MAX_DEPTH_OF_NOTE = 10_000
_V2, _V3 = "chara_card_v2", "chara_card_v3"
_NOBODY = Character(name="")

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

# Cards of other families: V2's name → theirs.
_PYGMALION = {
    "name": "char_name",
    "description": "char_persona",
    "first_mes": "char_greeting",
    "mes_example": "example_dialogue",
    "scenario": "world_scenario",
}
_TEXTGEN = {"name": "name", "description": "context", "first_mes": "greeting", "mes_example": "example_dialogue"}

_NOT_CARDS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "No character inside (a plain JPEG picture).", "Cards travel in PNG pictures or JSON."),
    (b"GIF8", "No character inside (a plain GIF picture).", "Cards travel in PNG pictures or JSON."),
    (b"RIFF", "No character inside (a plain WebP picture).", "Ask for the card as PNG: a converted picture loses it."),
    (b"PK\x03\x04", "This is an archive (CHARX or zip), which is not read yet.", "Export the card as PNG or JSON."),
    (b"GGUF", "This is a model, not a character.", "Put it in the models folder."),
    (b"<", "This is a web page, not a character.", "Download the card itself."),
)


def read_card(data: bytes, *, where: str = "", name: str = "") -> Character:
    """The character in a file. ``where`` is the file's name for messages; ``name`` is used where the card has none.

    Raises ``FormatError`` saying what the file is instead, or the line or field that is wrong.
    """
    if data.startswith(SIGNATURE):
        return _from_picture(read_png(data, where=where), where, name)
    if not data.strip(b"\x00 \t\r\n"):
        raise FormatError("The file is empty.", where=where)
    for start, title, hint in _NOT_CARDS:
        if data.lstrip()[:16].startswith(start):
            raise FormatError(title, hint=hint, where=where)
    if data.lstrip(b"\xef\xbb\xbf\x00 \t\r\n")[:1] in (b"{", b"[") or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return from_object(read_json(data, where=where), where=where, name=name)
    value = read_yaml(data, where=where).value
    if not isinstance(value, dict):
        raise FormatError("There is no character inside (plain text).", where=where)
    return from_object(value, where=where, name=name)


def from_object(value: Any, *, where: str = "", name: str = "") -> Character:
    """The character in a card's object, of whichever family. Raises ``FormatError``."""
    if not isinstance(value, dict):
        raise FormatError("There is no character inside.", where=where)
    if "spec" in value or isinstance(value.get("data"), dict):
        outer = Fields(value, where=where)
        inner = outer.inner("data") if "data" in value else outer
        given = {key: part for key, part in inner.value.items() if part is not None}
        return _character({**_v1_of(value), **given}, inner.path, where, name, value)
    if "char_name" in value:
        return _character(_renamed(value, _PYGMALION), "", where, name, value)
    if "context" in value or "greeting" in value:
        return _character(_renamed(value, _TEXTGEN), "", where, name, value)
    if "entries" in value:
        raise FormatError("This is a lorebook, not a character.", hint="Put it with the worlds.", where=where)
    if not any(key in value for key in _V1_KEYS):
        raise FormatError("There is no character inside: none of a card's fields.", where=where)
    return _character({**value, **_v1_of(value)}, "", where, name, value)


def write_card(character: Character) -> bytes:
    """The card as a JSON file. V3 where its source was V3 or a V3 field is in use, else V2.

    Raises ``FormatError`` where ``source`` holds what JSON cannot say.
    """
    return write_json(to_object(character))


def write_card_png(character: Character, picture: bytes, *, where: str = "") -> bytes:
    """The card in ``picture``, a PNG whose pixels and other chunks stay as they are.

    ``chara`` holds it as V2 and ``ccv3`` as V3. Raises ``FormatError`` where ``picture`` is no PNG.
    """
    card = to_object(character)
    v2 = {**card, "spec": _V2, "spec_version": "2.0"}
    v3 = _as_v3(card)
    png = read_png(picture, where=where)
    texts = {key: base64.b64encode(write_json(value, indent=None)) for key, value in (("chara", v2), ("ccv3", v3))}
    return write_png(png.with_texts(texts))


def to_object(character: Character) -> dict[str, Any]:
    """The card's object: V1 keys, ``spec`` and ``data``, with everything that ``source`` holds beyond them.

    A field that still reads as it did in ``source`` keeps its written form there.
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
    if character.nickname != was.nickname:
        data["nickname"] = character.nickname
    if character.note != was.note or not isinstance(data.get("extensions"), dict):
        _put_note(character.note, data)
    if character.lorebook != was.lorebook:
        _put_book(character, data)
    card["data"] = data
    if not str(card.get("spec", "")).startswith("chara_card_v"):
        card |= {"spec": _V2, "spec_version": "2.0"}
    return _as_v3(card) if character.nickname or card["spec"] == _V3 else card


def _put_note(note: CharacterNote, data: dict[str, Any]) -> None:
    extensions = data.get("extensions")
    extensions = data["extensions"] = extensions if isinstance(extensions, dict) else {}
    if note != CharacterNote() or "depth_prompt" in extensions:
        written = extensions.get("depth_prompt")
        kept = written if isinstance(written, dict) else {}
        extensions["depth_prompt"] = {**kept, "prompt": note.text, "depth": note.depth, "role": note.role.value}


def _put_book(character: Character, data: dict[str, Any]) -> None:
    if character.lorebook is None:
        data.pop("character_book", None)
    else:
        data["character_book"] = to_character_book(character.lorebook)


def _as_v3(card: dict[str, Any]) -> dict[str, Any]:
    """``card`` under V3's name, with the fields that V3 requires."""
    version = card.get("spec_version") if card.get("spec") == _V3 else None
    data: dict[str, Any] = {"group_only_greetings": [], **card["data"]}
    book = data.get("character_book")
    if isinstance(book, dict) and isinstance(book.get("entries"), list):
        entries = [{"use_regex": False, **entry} if isinstance(entry, dict) else entry for entry in book["entries"]]
        data["character_book"] = {"extensions": {}, **book, "entries": entries}
    return {**card, "spec": _V3, "spec_version": version or "3.0", "data": data}


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


def _v1_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """What stands at a card's top level, by V2's names."""
    found = {key: value[key] for key in (*_V1_KEYS, "tags") if value.get(key) is not None}
    notes = value.get("creatorcomment") or value.get("creator_notes")
    return {**found, "creator_notes": notes} if notes else found


def _renamed(value: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: value[theirs] for ours, theirs in names.items() if value.get(theirs) is not None}


def _from_picture(png: Png, where: str, name: str) -> Character:
    """The first readable of a picture's cards, V3's text before V2's."""
    fault: FormatError | None = None
    for keyword in ("ccv3", "chara"):
        try:
            for text in png.texts(keyword, where=where):
                return from_object(_payload(text, keyword, where), where=where, name=name)
        except FormatError as error:
            fault = fault or error
    if fault is not None:
        raise FormatError(fault.title, hint=" ".join((fault.hint, *png.problems)).strip(), where=fault.where)
    if png.cut_short:
        raise FormatError(f"{png.cut_short} No character is in what is left.", hint="Copy it again.", where=where)
    raise FormatError(messages.no_character_inside(where or "The picture").title, where=where)


def _payload(text: str, keyword: str, where: str) -> Any:
    compact = "".join(text.split())
    place = f"{where} ({keyword})" if where else keyword
    if compact.startswith("{"):
        return read_json(text, where=place)
    if compact.startswith("rcc||"):
        raise FormatError(
            "The character inside is encrypted by RisuAI.", hint="Export it there unencrypted.", where=where
        )
    try:
        raw = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:
        raise FormatError(f"The character in this picture ({keyword}) is damaged: not base64.", where=where) from None
    return read_json(raw, where=place)
