"""Lorebooks: SillyTavern's world files and the ``character_book`` of V2 and V3 cards, both ⇄ ``Lorebook``.

An entry's ``extra`` speaks one vocabulary, the world file's (``groupWeight``, ``excludeRecursion`` …), whichever file
it came from; fields that only a card's book has (``id``, ``name``, ``priority``, ``use_regex``, ``extensions``) stay
there under their own names. So a book crosses from card to world file and back without loss. Some values say more than
the type can hold: an unknown position, a switched-off probability, and the fields of groups, recursion and time, which
a file may leave out, empty or set to null with one meaning. They are kept in ``extra`` too, and written again as long
as nobody changed what they were read as. Fields: SillyTavern 1.12.6 world info; V2 and V3 card
specifications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import IntEnum
from itertools import count
from types import MappingProxyType
from typing import Any, TypeVar

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import InjectionRole, Lorebook, LoreEntry, LorePosition, SelectiveLogic
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import read_json, write_json

MAX_ENTRIES = 50_000
_Number = TypeVar("_Number", bound=IntEnum)

# A card book's extension ⇄ the world file's field.
_EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "position": "position",
        "exclude_recursion": "excludeRecursion",
        "prevent_recursion": "preventRecursion",
        "delay_until_recursion": "delayUntilRecursion",
        "display_index": "displayIndex",
        "probability": "probability",
        "useProbability": "useProbability",
        "depth": "depth",
        "selectiveLogic": "selectiveLogic",
        "group": "group",
        "group_override": "groupOverride",
        "group_weight": "groupWeight",
        "use_group_scoring": "useGroupScoring",
        "scan_depth": "scanDepth",
        "match_whole_words": "matchWholeWords",
        "case_sensitive": "caseSensitive",
        "automation_id": "automationId",
        "role": "role",
        "vectorized": "vectorized",
        "sticky": "sticky",
        "cooldown": "cooldown",
        "delay": "delay",
        "outlet_name": "outletName",
        "ignore_budget": "ignoreBudget",
        "triggers": "triggers",
        "match_persona_description": "matchPersonaDescription",
        "match_character_description": "matchCharacterDescription",
        "match_character_personality": "matchCharacterPersonality",
        "match_character_depth_prompt": "matchCharacterDepthPrompt",
        "match_scenario": "matchScenario",
        "match_creator_notes": "matchCreatorNotes",
    }
)
_TO_EXTENSION = {world: extension for extension, world in _EXTENSIONS.items()}

# A card book's own field ⇄ the world file's field.
_BOOK_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "keys": "key",
        "secondary_keys": "keysecondary",
        "comment": "comment",
        "content": "content",
        "constant": "constant",
        "selective": "selective",
        "insertion_order": "order",
    }
)
_TO_BOOK_FIELD = {world: book for book, world in _BOOK_FIELDS.items()}
_ROLES = (InjectionRole.SYSTEM, InjectionRole.USER, InjectionRole.ASSISTANT)
# The world file's fields that ``LoreEntry`` models, and those that a card's book says in another way.
_MODELLED = frozenset(
    (*_TO_BOOK_FIELD, "uid", "disable", "position", "probability", "useProbability", "depth", "role", "selectiveLogic")
) | {"scanDepth", "caseSensitive", "matchWholeWords"}


def _level(raw: Fields, key: str) -> int:
    """A recursion level; true is the first."""
    return int(raw.flag(key)) if isinstance(raw.get(key), (bool, str)) else raw.integer(key, 0)


# The world file's fields of groups, recursion and time ⇄ ``LoreEntry``'s, with how they are read.
_CONTROLS: Mapping[str, tuple[str, Callable[[Fields, str], Any]]] = MappingProxyType(
    {
        "group": ("group", Fields.text),
        "groupOverride": ("group_override", Fields.flag),
        "groupWeight": ("group_weight", lambda raw, key: raw.number(key, 100.0)),
        "useGroupScoring": ("use_group_scoring", Fields.maybe_flag),
        "excludeRecursion": ("exclude_recursion", Fields.flag),
        "preventRecursion": ("prevent_recursion", Fields.flag),
        "delayUntilRecursion": ("delay_until_recursion", _level),
        "sticky": ("sticky", lambda raw, key: raw.integer(key, 0)),
        "cooldown": ("cooldown", lambda raw, key: raw.integer(key, 0)),
        "delay": ("delay", lambda raw, key: raw.integer(key, 0)),
    }
)
_NOT_IN_BOOK = frozenset(("uid", "id", "disable", "extensions"))
_BOOK_LEVEL = ("name", "description", "scan_depth", "token_budget", "recursive_scanning", "entries")
_FOREIGN = (
    ("lorebookVersion", None, "NovelAI"),
    ("kind", "memory", "Agnai"),
    ("type", "risu", "RisuAI"),
)


def read_lorebook(data: bytes, *, name: str = "", where: str = "") -> Lorebook:
    """The lorebook in a JSON file: a world file, a bare ``character_book``, or V3's standalone form.

    ``name`` is used where the file has none: a world file's name is its identity. Raises ``FormatError``.
    """
    value = read_json(data, where=where)
    if not isinstance(value, dict):
        raise FormatError("There is no lorebook inside.", where=where)
    if value.get("spec") == "lorebook_v3" and isinstance(value.get("data"), dict):
        return from_character_book(value["data"], name=name, where=where)
    for key, expected, program in _FOREIGN:
        if key in value and expected in (None, value[key]):
            raise FormatError(f"This is a lorebook of {program}, which is not read yet.", where=where)
    if isinstance(value.get("entries"), list):
        return from_character_book(value, name=name, where=where)
    if not isinstance(value.get("entries"), dict):
        hint = "It is a character card: put it with the characters." if "spec" in value or "name" in value else ""
        raise FormatError("There is no lorebook inside: it has no entries.", hint=hint, where=where)
    fields = Fields(value, where=where)
    entries = [
        (item if "uid" in item or not uid.isdecimal() else {**item, "uid": int(uid)})
        if isinstance(item, dict)
        else item
        for uid, item in value["entries"].items()
    ]
    return _book(fields, entries, name)


def write_lorebook(book: Lorebook) -> bytes:
    """``book`` as a SillyTavern world file. Raises ``FormatError`` where ``extra`` holds what JSON cannot say."""
    entries = {str(entry.uid): to_world_entry(entry) for entry in book.entries}
    return write_json({**_book_level(book), "entries": entries})


def from_character_book(
    value: Mapping[str, Any], *, name: str = "", path: str = "character_book", where: str = ""
) -> Lorebook:
    """A card's embedded book. ``name`` is used where it has none. Raises ``FormatError`` naming the field."""
    fields = Fields(value, path=path, where=where)
    raw = value.get("entries")
    if isinstance(raw, dict):
        raw = list(raw.values())
    if raw is not None and not isinstance(raw, list):
        raise fields.fault("entries", "a list")
    entries = [
        _world_from_book(Fields(item, path=f"{fields.name('entries')}.{index}", where=where), index)
        if isinstance(item, dict)
        else item
        for index, item in enumerate(raw or [])
    ]
    return _book(fields, entries, name)


def to_character_book(book: Lorebook) -> dict[str, Any]:
    """``book`` as the ``character_book`` of a card."""
    entries = [_book_from_world(to_world_entry(entry)) for entry in book.entries]
    return {"extensions": {}, **_book_level(book), "entries": entries}


def to_world_entry(entry: LoreEntry) -> dict[str, Any]:
    """One entry with the world file's field names, unmodelled fields included."""
    said: dict[str, Any] = {
        "uid": entry.uid,
        "key": list(entry.keys),
        "keysecondary": list(entry.secondary_keys),
        "comment": entry.comment,
        "content": entry.content,
        "constant": entry.constant,
        "selective": entry.selective,
        "selectiveLogic": int(entry.selective_logic),
        "order": entry.order,
        "position": int(entry.position),
        "disable": not entry.enabled,
        "probability": int(entry.probability) if entry.probability.is_integer() else entry.probability,
        "useProbability": True,
        "depth": entry.depth,
        "role": _ROLES.index(entry.role),
        "scanDepth": entry.scan_depth,
        "caseSensitive": entry.case_sensitive,
        "matchWholeWords": entry.match_whole_words,
    }
    kept: set[str] = set()
    if not entry.enabled and entry.position is LorePosition.BEFORE_CHARACTER:
        kept |= {"position", "disable"}
    if entry.probability == 100:
        kept |= {"probability", "useProbability"}
    said |= _changed_controls(entry)
    if (entry.characters, entry.except_characters) != _characters(Fields(entry.extra)):
        names = list(entry.characters)
        said["characterFilter"] = {"isExclude": entry.except_characters, "names": names, "tags": []}
    return {**said, **{key: value for key, value in entry.extra.items() if key not in said or key in kept}}


def _changed_controls(entry: LoreEntry) -> dict[str, Any]:
    """Those of ``_CONTROLS`` that mean something else than ``extra`` says, or than nothing said."""
    raw = Fields(entry.extra)
    values = {key: (getattr(entry, name), read) for key, (name, read) in _CONTROLS.items()}
    return {key: _plain(value) for key, (value, read) in values.items() if value != read(raw, key)}


def _characters(raw: Fields) -> tuple[tuple[str, ...], bool]:
    """For whom an entry is, and whether it is for all but them. The filter itself stays in ``extra``, for its tags."""
    names = raw.inner("characterFilter")
    return names.texts("names"), names.flag("isExclude")


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _book_level(book: Lorebook) -> dict[str, Any]:
    known = {
        "name": book.name,
        "description": book.description,
        "scan_depth": book.scan_depth,
        "token_budget": book.token_budget,
        "recursive_scanning": book.recursive_scanning,
    }
    return {**book.extra, **{key: value for key, value in known.items() if value not in (None, "")}}


def _book(fields: Fields, entries: list[Any], name: str) -> Lorebook:
    if len(entries) > MAX_ENTRIES:
        raise FormatError(f"The book has more than {MAX_ENTRIES:,} entries.", where=fields.where)
    numbered = {str(index): item for index, item in enumerate(entries)}
    for index, item in numbered.items():
        if not isinstance(item, dict):
            raise Fields(numbered, path=fields.name("entries"), where=fields.where).fault(index, "an object")
    uids = _unique(item.get("uid") for item in entries)
    return Lorebook(
        name=fields.text("name") or name,
        entries=tuple(
            _entry(Fields(item, path=f"{fields.name('entries')}.{index}", where=fields.where), uid)
            for index, (item, uid) in enumerate(zip(entries, uids, strict=True))
        ),
        description=fields.text("description"),
        scan_depth=fields.maybe_integer("scan_depth"),
        token_budget=fields.maybe_integer("token_budget"),
        recursive_scanning=fields.maybe_flag("recursive_scanning"),
        extra={key: value for key, value in fields.value.items() if key not in _BOOK_LEVEL and value != {}},
    )


def _unique(wanted: Iterable[Any]) -> list[int]:
    """Each wanted number where it is a whole one and still free, else the smallest that nobody wants."""
    listed = [uid if type(uid) is int and uid >= 0 else None for uid in wanted]
    taken = {uid for uid in listed if uid is not None}
    spare = (uid for uid in count() if uid not in taken)
    given: set[int] = set()
    result = []
    for uid in listed:
        own = next(spare) if uid is None or uid in given else uid
        given.add(own)
        result.append(own)
    return result


def _entry(raw: Fields, uid: int) -> LoreEntry:
    """One entry out of an object with the world file's names."""
    position, enabled = _number_of(LorePosition, raw, "position"), not raw.flag("disable")
    kept: dict[str, Any] = {}
    if position is None:  # nothing here can place it, so it must not appear where it was not meant to
        kept = {"position": raw.get("position"), "disable": not enabled}
        enabled = False
    rolled = raw.flag("useProbability", True)
    if not rolled:
        kept |= {"useProbability": raw.get("useProbability"), "probability": raw.number("probability", 100.0)}
    controls = {key: read(raw, key) for key, (_, read) in _CONTROLS.items()}
    unsaid = Fields({})
    for key, (_, read) in _CONTROLS.items():  # repr, for True and 1 are equal but not written alike
        unlike = repr(_plain(controls[key])) != repr(raw.get(key))
        if key in raw.value and (unlike or controls[key] == read(unsaid, key)):
            kept[key] = raw.get(key)
    characters, excluded = _characters(raw)
    role = raw.integer("role", 0)
    entry = LoreEntry(
        uid=uid,
        keys=raw.texts("key", split=","),
        secondary_keys=raw.texts("keysecondary", split=","),
        content=raw.text("content"),
        comment=raw.text("comment"),
        enabled=enabled,
        constant=raw.flag("constant"),
        selective=raw.flag("selective", True),
        selective_logic=_number_of(SelectiveLogic, raw, "selectiveLogic") or SelectiveLogic.AND_ANY,
        order=raw.integer("order", 100),
        position=position or LorePosition.BEFORE_CHARACTER,
        depth=raw.integer("depth", 4),
        role=_ROLES[role] if 0 <= role < len(_ROLES) else InjectionRole.SYSTEM,
        scan_depth=raw.maybe_integer("scanDepth"),
        case_sensitive=raw.maybe_flag("caseSensitive"),
        match_whole_words=raw.maybe_flag("matchWholeWords"),
        probability=raw.number("probability", 100.0) if rolled else 100.0,
        characters=characters,
        except_characters=excluded,
        **{name: controls[key] for key, (name, _) in _CONTROLS.items()},
    )
    unmodelled = {key: value for key, value in raw.value.items() if key not in _MODELLED and key not in _CONTROLS}
    return replace(entry, extra=unmodelled | kept)


def _number_of(kind: type[_Number], raw: Fields, key: str) -> _Number | None:
    number = raw.integer(key, 0)
    return kind(number) if number in kind.__members__.values() else None


def _world_from_book(raw: Fields, index: int) -> dict[str, Any]:
    """A card book's entry under the world file's names; what has none keeps its own."""
    extensions = raw.inner("extensions").value
    world: dict[str, Any] = {"uid": raw.get("id") if raw.get("id") is not None else index}
    for key, value in raw.value.items():
        if key in _BOOK_FIELDS:
            world[_BOOK_FIELDS[key]] = value
        elif key not in ("enabled", "position", "extensions", "case_sensitive", "id"):
            world[key] = value
    if not isinstance(world["uid"], int):
        world["id"] = raw.get("id")
    if world.get("use_regex") is _any_regex(raw.texts("keys", split=",")):
        del world["use_regex"]
    world |= {_EXTENSIONS[key]: value for key, value in extensions.items() if key in _EXTENSIONS}
    if unknown := {key: value for key, value in extensions.items() if key not in _EXTENSIONS}:
        world["extensions"] = unknown
    world.setdefault("position", int(raw.get("position") != "before_char"))
    world.setdefault("caseSensitive", raw.get("case_sensitive"))
    world.setdefault("selective", False)
    world["disable"] = not raw.flag("enabled", True)
    return world


def _any_regex(keys: Iterable[str]) -> bool:
    """What V3's ``use_regex`` says of a book whose keys mark their regular expressions themselves."""
    return any(key.startswith("/") for key in keys)


def _book_from_world(world: dict[str, Any]) -> dict[str, Any]:
    """The way back of ``_world_from_book``, with the fields that V2 and V3 require."""
    own = world.keys() - _TO_EXTENSION.keys() - _TO_BOOK_FIELD.keys() - _NOT_IN_BOOK
    extensions = world.get("extensions")
    entry = {
        **{key: value for key, value in world.items() if key in own},
        "id": world.get("id", world["uid"]),
        **{book: world[key] for book, key in _BOOK_FIELDS.items()},
        "enabled": not world["disable"],
        "position": "before_char" if world["position"] == LorePosition.BEFORE_CHARACTER else "after_char",
        "extensions": {
            **(extensions if isinstance(extensions, dict) else {}),
            **{_TO_EXTENSION[key]: value for key, value in world.items() if key in _TO_EXTENSION},
        },
    }
    entry.setdefault("use_regex", _any_regex(world["key"]))
    if world["caseSensitive"] is not None:
        entry["case_sensitive"] = world["caseSensitive"]
    return entry
