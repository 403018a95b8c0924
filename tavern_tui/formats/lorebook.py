"""Lorebooks: SillyTavern's world files and the ``character_book`` of V2 and V3 cards, both ⇄ ``Lorebook``.

An entry's ``extra`` speaks one vocabulary, the world file's (``groupWeight``, ``excludeRecursion`` …), whichever file
it came from; fields that only a card's book has (``id``, ``name``, ``priority``, ``use_regex``, ``extensions``) stay
there under their own names. So a book crosses from card to world file and back without loss. Some values say more than
the type can hold: an unknown position, a switched-off probability, empty keys among others, a null, and the fields of
groups, recursion and time, which a file may leave out, empty or set to null with one meaning. They are kept in
``extra`` too, and written again as long as nobody changed what they were read as. Fields: SillyTavern 1.12.6 world
info; V2 and V3 card specifications. Other programs' books: ``formats.lorebook_foreign``; what a target cannot say:
``formats.lorebook_exchange``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import IntEnum
from itertools import count
from typing import Any, TypeVar

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import (
    InjectionRole,
    KeyMatching,
    Lorebook,
    LoreEntry,
    LorePosition,
    SelectiveLogic,
)
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.lorebook_fields import (
    BOOK_FIELDS,
    CONTROLS,
    EXTENSIONS,
    MODELLED,
    ROLES,
    SOURCES,
    TO_BOOK_FIELD,
    TO_EXTENSION,
    any_pattern,
    written,
)

MAX_ENTRIES = 50_000
_Number = TypeVar("_Number", bound=IntEnum)

_NOT_IN_BOOK = frozenset(("uid", "id", "disable", "extensions"))
_BOOK_LEVEL = ("name", "description", "scan_depth", "token_budget", "recursive_scanning", "entries")
_MATCHING = {KeyMatching.KOBOLD.value: KeyMatching.KOBOLD}
_FOREIGN = frozenset(("lorebookVersion", "kind", "type", "worldinfo", "worldinfo_v2", "folders"))
"""One of these is in every book of another program that is an object."""

_TOGETHER = (frozenset(("position", "disable")), frozenset(("probability", "useProbability")))
"""Fields that are written as they were found together or not at all."""


def read_lorebook(data: bytes, *, name: str = "", where: str = "") -> Lorebook:
    """The lorebook in a JSON file: a world file, a bare ``character_book``, V3's standalone form, another program's.

    ``name`` is used where the file has none: a world file's name is its identity. Raises ``FormatError``.
    """
    return lorebook_in(read_json(data, where=where), name=name, where=where)


def lorebook_in(value: Any, *, name: str = "", where: str = "") -> Lorebook:
    """The lorebook in a parsed JSON file, as ``read_lorebook`` reads it."""
    if not isinstance(value, dict) or _FOREIGN & value.keys():
        from tavern_tui.formats.lorebook_foreign import program_of, world_book

        if (program := program_of(value)) is not None:
            about, entries = world_book(program, value, where=where)
            return _book(Fields(about, where=where), entries, name)
    if not isinstance(value, dict):
        raise FormatError("There is no lorebook inside.", where=where)
    if value.get("spec") == "lorebook_v3" and isinstance(value.get("data"), dict):
        return from_character_book(value["data"], name=name, where=where)
    fields = Fields(value, where=where)
    if isinstance(value.get("entries"), list):
        return from_character_book(value, name=name, where=where)
    if not isinstance(value.get("entries"), dict):
        hint = "It is a character card: put it with the characters." if "spec" in value or "name" in value else ""
        raise FormatError("There is no lorebook inside: it has no entries.", hint=hint, where=where)
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
    said = _said(entry)
    found = {key: value for key, value in entry.extra.items() if key in said}
    kept = _unchanged(found, said, entry.uid) if found else frozenset()
    said |= _changed_controls(entry)
    said |= {key: True for key, source in SOURCES.items() if source in entry.also_scans}
    if (entry.characters, entry.tags, entry.except_characters) != _characters(Fields(entry.extra)):
        names, tags = list(entry.characters), list(entry.tags)
        said["characterFilter"] = {"isExclude": entry.except_characters, "names": names, "tags": tags}
    return {**said, **{key: value for key, value in entry.extra.items() if key not in said or key in kept}}


def _said(entry: LoreEntry) -> dict[str, Any]:
    """The fields that every entry of a world file has."""
    return {
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
        "role": ROLES.index(entry.role),
        "scanDepth": entry.scan_depth,
        "caseSensitive": entry.case_sensitive,
        "matchWholeWords": entry.match_whole_words,
    }


def _unchanged(found: dict[str, Any], said: dict[str, Any], uid: int) -> frozenset[str]:
    """Those of the values ``found`` in a file that still mean what an entry says now."""
    again = _said(_entry(Fields(found), uid))
    same = {key for key in found if repr(again[key]) == repr(said[key])}
    for pair in _TOGETHER:
        if pair & found.keys() - same:
            same -= pair
    return frozenset(same)


def _changed_controls(entry: LoreEntry) -> dict[str, Any]:
    """Those of ``CONTROLS`` that mean something else than ``extra`` says, or than nothing said."""
    raw = Fields(entry.extra)
    values = {key: (getattr(entry, name), read) for key, (name, read) in CONTROLS.items()}
    return {key: written(value) for key, (value, read) in values.items() if value != read(raw, key)}


def _characters(raw: Fields) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """For whom an entry is, by name and by tag, and whether it is for all but them. The filter stays in ``extra``."""
    names = raw.inner("characterFilter")
    return names.texts("names"), names.texts("tags"), names.flag("isExclude")


def _book_level(book: Lorebook) -> dict[str, Any]:
    known: dict[str, Any] = {
        "name": book.name,
        "description": book.description,
        "scan_depth": book.scan_depth,
        "token_budget": book.token_budget,
        "recursive_scanning": book.recursive_scanning,
    }
    if book.matching is not KeyMatching.SILLYTAVERN:
        known |= {"key_matching": book.matching.value, "search_characters": book.search_characters or None}
    return {**book.extra, **{key: value for key, value in known.items() if value not in (None, "")}}


def _beyond(fields: Fields, own: frozenset[str]) -> dict[str, Any]:
    """The fields of a book that ``own`` does not name, and those that say nothing, but say it."""
    empty = {key: value for key, value in fields.value.items() if key in own and value in (None, "")}
    rest = {key: value for key, value in fields.value.items() if key not in own}
    if rest.get("extensions") == {}:  # every card's book has them
        del rest["extensions"]
    return empty | rest


def _book(fields: Fields, entries: list[Any], name: str) -> Lorebook:
    if len(entries) > MAX_ENTRIES:
        raise FormatError(f"The book has more than {MAX_ENTRIES:,} entries.", where=fields.where)
    numbered = {str(index): item for index, item in enumerate(entries)}
    for index, item in numbered.items():
        if not isinstance(item, dict):
            raise Fields(numbered, path=fields.name("entries"), where=fields.where).fault(index, "an object")
    uids = _unique(item.get("uid") for item in entries)
    said = fields.get("key_matching")
    matching = _MATCHING.get(said) if isinstance(said, str) else None
    own = frozenset((*_BOOK_LEVEL, *(("key_matching", "search_characters") if matching else ())))
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
        extra=_beyond(fields, own),
        matching=matching or KeyMatching.SILLYTAVERN,
        search_characters=fields.integer("search_characters", 0) if matching else 0,
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
    no_depth = "depth" in raw.value and raw.get("depth") is None  # SillyTavern takes it for 0
    controls = {key: read(raw, key) for key, (_, read) in CONTROLS.items()}
    unsaid = Fields({})
    for key, (_, read) in CONTROLS.items():  # repr, for True and 1 are equal but not written alike
        unlike = repr(written(controls[key])) != repr(raw.get(key))
        if key in raw.value and (unlike or controls[key] == read(unsaid, key)):
            kept[key] = raw.get(key)
    characters, tags, excluded = _characters(raw)
    scanned = tuple(source for key, source in SOURCES.items() if raw.get(key) is True)
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
        depth=0 if no_depth else raw.integer("depth", 4),
        role=ROLES[role] if 0 <= role < len(ROLES) else InjectionRole.SYSTEM,
        scan_depth=raw.maybe_integer("scanDepth"),
        case_sensitive=raw.maybe_flag("caseSensitive"),
        match_whole_words=raw.maybe_flag("matchWholeWords"),
        probability=raw.number("probability", 100.0) if rolled else 100.0,
        characters=characters,
        tags=tags,
        except_characters=excluded,
        also_scans=scanned,
        **{name: controls[key] for key, (name, _) in CONTROLS.items()},
    )
    unmodelled = {key: value for key, value in raw.value.items() if key not in MODELLED and key not in CONTROLS}
    unmodelled = {key: value for key, value in unmodelled.items() if key not in SOURCES or value is not True}
    return replace(entry, extra=unmodelled | _otherwise(entry, raw) | kept)


def _otherwise(entry: LoreEntry, raw: Fields) -> dict[str, Any]:
    """The fields of an entry that it would write in another way than they stand in the file."""
    said = _said(entry)
    return {
        key: raw.get(key)
        for key, value in said.items()
        if key != "uid"
        and key in raw.value
        and not _alike(raw.get(key), value)
        and (not isinstance(value, list) or isinstance(raw.get(key), list))
    }


def _alike(found: Any, said: Any) -> bool:
    """Whether two values are written alike: true and 1 are not, 100 and 100.0 are."""
    return found == said and (isinstance(found, bool) is isinstance(said, bool))


def _number_of(kind: type[_Number], raw: Fields, key: str) -> _Number | None:
    number = raw.integer(key, 0)
    return kind(number) if number in kind.__members__.values() else None


def _world_from_book(raw: Fields, index: int) -> dict[str, Any]:
    """A card book's entry under the world file's names; what has none keeps its own."""
    extensions = raw.inner("extensions").value
    world: dict[str, Any] = {"uid": raw.get("id") if raw.get("id") is not None else index}
    for key, value in raw.value.items():
        if key in BOOK_FIELDS:
            world[BOOK_FIELDS[key]] = value
        elif key not in ("enabled", "position", "extensions", "case_sensitive", "id"):
            world[key] = value
    if not isinstance(world["uid"], int):
        world["id"] = raw.get("id")
    meant = extensions.get("use_regex") is True or not any(key in EXTENSIONS for key in extensions)
    if world.get("use_regex") is True and meant:  # SillyTavern says so of every key, and means none
        world["useRegex"] = world.pop("use_regex")
    elif world.get("use_regex") is any_pattern(raw.texts("keys", split=",")):
        del world["use_regex"]
    world |= {EXTENSIONS[key]: value for key, value in extensions.items() if key in EXTENSIONS}
    if world.get("caseSensitive") is None:  # the specification's own field
        world["caseSensitive"] = raw.get("case_sensitive")
    if unknown := {key: value for key, value in extensions.items() if key not in EXTENSIONS}:
        world["extensions"] = unknown
    world.setdefault("position", int(raw.get("position") != "before_char"))
    world.setdefault("selective", False)
    world["disable"] = not raw.flag("enabled", True)
    return world


def _book_from_world(world: dict[str, Any]) -> dict[str, Any]:
    """The way back of ``_world_from_book``, with the fields that V2 and V3 require."""
    own = world.keys() - TO_EXTENSION.keys() - TO_BOOK_FIELD.keys() - _NOT_IN_BOOK
    extensions = world.get("extensions")
    entry = {
        **{key: value for key, value in world.items() if key in own},
        "id": world.get("id", world["uid"]),
        **{book: world[key] for book, key in BOOK_FIELDS.items()},
        "enabled": not world["disable"],
        "position": "before_char" if world["position"] == LorePosition.BEFORE_CHARACTER else "after_char",
        "extensions": {
            **(extensions if isinstance(extensions, dict) else {}),
            **{TO_EXTENSION[key]: value for key, value in world.items() if key in TO_EXTENSION},
        },
    }
    if world.get("useRegex"):
        entry["use_regex"] = True
    entry.setdefault("use_regex", any_pattern(world["key"]))
    if world["caseSensitive"] is not None:
        entry["case_sensitive"] = world["caseSensitive"]
    return entry
