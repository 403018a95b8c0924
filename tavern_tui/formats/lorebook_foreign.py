"""Lorebooks of other programs, read as entries of SillyTavern's world file.

One row of ``PROGRAMS`` each: how the file is told, where its entries are, and what an entry becomes. What a program
says in a way of its own (NovelAI's search ranges and categories, RisuAI's folders) stays in the entry and in the book
under that program's key, so that it crosses into a world file and back; ``foreign_remarks`` tells what of it does
nothing here. Kobold's world info has a way back: ``formats.lorebook_kobold``. Field names: the programs' exports
(``docs/spec/sillytavern-prompts.md`` §2.3, ``docs/spec/kobold-lite.md`` §5, §10–11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats import lorebook_kobold as kobold
from tavern_tui.formats.fields import Fields

_FOLDER = "folder"
_Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Left:
    """A field of a program's entry that does nothing here. ``usual`` are the values that are not worth a word."""

    field: str
    usual: tuple[Any, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Program:
    """How to read one program's lorebook.

    ``entries`` gives the list and its path in the file; ``read`` gives ``None`` for what is no entry. ``fields`` are
    those that ``read`` takes whole: the others are kept under ``key``. ``about`` gives the book's own fields, and
    ``finish`` looks at all entries together (each with the raw one that it was read from).
    """

    name: str
    key: str
    tells: Callable[[Any], bool]
    entries: Callable[[Any], tuple[Any, str]]
    read: Callable[[Fields, int], _Entry | None]
    fields: frozenset[str]
    left: tuple[Left, ...] = ()
    about: Callable[[Any], dict[str, Any]] = lambda _value: {}
    finish: Callable[[Any, list[tuple[_Entry, Mapping[str, Any]]]], None] = lambda _value, _read: None


def program_of(value: Any) -> Program | None:
    """Whose lorebook ``value`` is; ``None`` for SillyTavern's and those of cards, and for what is no lorebook."""
    return next((program for program in PROGRAMS if program.tells(value)), None)


def world_book(program: Program, value: Any, *, where: str = "") -> tuple[dict[str, Any], list[_Entry]]:
    """A foreign lorebook's own fields, and its entries under the world file's names.

    Raises ``FormatError`` naming the field.
    """
    read: list[tuple[_Entry, Mapping[str, Any]]] = []
    for raw, at in _raw_entries(program, value, where):
        entry = program.read(raw, at)
        if entry is not None:
            rest = {key: item for key, item in raw.value.items() if key not in program.fields}
            read.append(({"position": 0, **entry, **({program.key: rest} if rest else {})}, raw.value))
    program.finish(value, read)
    return program.about(value), [entry for entry, _ in read]


def foreign_remarks(program: Program, value: Any, *, where: str = "") -> tuple[Remark, ...]:
    """What of a foreign lorebook does nothing here, a remark for each kind of thing, at the first place it stands."""
    entries = list(_raw_entries(program, value, where))
    found = []
    for left in program.left:
        places = [raw.name(left.field) for raw, _ in entries if _says(raw.value, left)]
        if places:
            more = f" So it is in {len(places)} entries." if len(places) > 1 else ""
            found.append(Remark(places[0], f"{left.text}{more}"))
    return tuple(found)


def _says(value: Mapping[str, Any], left: Left) -> bool:
    item: Any = value
    for part in left.field.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item is not None and item not in left.usual


def _raw_entries(program: Program, value: Any, where: str) -> Iterator[tuple[Fields, int]]:
    listed, path = program.entries(value)
    if isinstance(listed, dict):
        listed = list(listed.values())
    if not isinstance(listed, list):
        raise FormatError(f"Field {path} should be a list.", where=where)
    for at, item in enumerate(listed):
        named = f"{path}.{at}" if path else str(at)
        if not isinstance(item, dict):
            raise FormatError(f"Field {named} should be an object.", where=where)
        yield Fields(item, path=named, where=where), at


def _named(key: str, left_out: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    """A book's name and description, and what else the file says, under the program's key."""

    def about(value: Any) -> dict[str, Any]:
        taken = ("name", "description", *left_out)
        rest = {name: item for name, item in value.items() if name not in taken}
        named = {name: value.get(name) for name in ("name", "description") if isinstance(value.get(name), str)}
        return named | ({key: rest} if rest else {})

    return about


def _novelai(raw: Fields, _at: int) -> _Entry:
    return {
        "key": list(raw.texts("keys", split=",")),
        "comment": raw.text("displayName"),
        "content": raw.text("text"),
        "order": raw.inner("contextConfig").integer("budgetPriority", 0),
        "disable": not raw.flag("enabled", True),
        "constant": raw.flag("forceActivation"),
        "selective": False,
    }


def _novelai_categories(value: Any, read: list[tuple[_Entry, Mapping[str, Any]]]) -> None:
    """An entry of a category that is off is off."""
    listed = value.get("categories")
    off = {
        one.get("id") for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict) and _is_off(one)
    }
    for entry, raw in read:
        if isinstance(raw.get("category"), str) and raw["category"] in off:
            entry["disable"] = True


def _is_off(one: Mapping[str, Any]) -> bool:
    return one.get("enabled") is False and isinstance(one.get("id"), str)


def _agnai(raw: Fields, _at: int) -> _Entry:
    return {
        "key": list(raw.texts("keywords", split=",")),
        "comment": raw.text("name"),
        "content": raw.text("entry"),
        "order": raw.integer("weight", 0),
        "disable": not raw.flag("enabled", True),
        "selective": False,
        **({} if raw.get("priority") is None else {"priority": raw.get("priority")}),
    }


def _risu(raw: Fields, _at: int) -> _Entry | None:
    if raw.get("mode") == _FOLDER:
        return None
    return {
        "key": list(raw.texts("key", split=",")),
        "keysecondary": list(raw.texts("secondkey", split=",")),
        "comment": raw.text("comment"),
        "content": raw.text("content"),
        "constant": raw.flag("alwaysActive"),
        "selective": raw.flag("selective"),
        "order": raw.integer("insertorder", 100),
        "probability": raw.number("activationPercent", 100.0),
        **({"useRegex": True} if raw.flag("useRegex") else {}),
    }


def _risu_about(value: Any) -> dict[str, Any]:
    listed = value.get("data")
    folders = [one for one in listed if isinstance(one, dict) and one.get("mode") == _FOLDER]
    about = _named("risuai", ("type", "data"))(value)
    if folders:
        about["risuai"] = {**about.get("risuai", {}), "folders": folders}
    return about


def _story_card(raw: Fields, at: int) -> _Entry:
    """AI Dungeon looks for its triggers as substrings, in any case of letters."""
    return {
        "key": list(raw.texts("keys", split=",")),
        "comment": raw.text("title"),
        "content": raw.text("value") or raw.text("entry"),
        "order": 100 + at,
        "caseSensitive": False,
        "matchWholeWords": False,
        "selective": False,
    }


def _are_story_cards(value: Any) -> bool:
    return _is_list_of(value, "keys") and any(key in value[0] for key in ("value", "entry"))


def _is_list_of(value: Any, key: str) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and key in value[0]


def _has(key: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and key in value


def _says_so(key: str, word: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and value.get(key) == word


_KEPT = "It is kept in the file and does nothing here"
_NOVELAI_LEFT = (
    Left("searchRange", (1000,), f"{_KEPT}: keys are looked for in turns, not in characters."),
    Left("contextConfig.prefix", ("",), f"{_KEPT}: put it into the text."),
    Left("contextConfig.suffix", ("\n", ""), f"{_KEPT}: put it into the text."),
    Left("contextConfig.insertionPosition", (-1, 0), f"{_KEPT}: the entry stands before the character."),
    Left("contextConfig.reservedTokens", (0,), f"{_KEPT}: no room is reserved for single entries."),
    Left("keyRelative", (False,), f"{_KEPT}: the entry stands before the character, not at its key."),
    Left("nonStoryActivatable", (False,), f"{_KEPT}."),
    Left("category", ("",), f"{_KEPT}, but that entries of a category that is off are off."),
)
_RISU_LEFT = (
    Left("mode", ("normal", "constant", _FOLDER, ""), f"{_KEPT}: the entry is read as a usual one."),
    Left("folder", ("",), f"{_KEPT}: there are no folders."),
)
_CARD_LEFT = (
    Left("type", ("",), f"{_KEPT}: story cards have no types here."),
    Left("description", ("",), f"{_KEPT}: the notes of a story card are never sent."),
    Left("useForCharacterCreation", (False,), f"{_KEPT}."),
)

PROGRAMS = (
    Program(
        "NovelAI",
        "novelai",
        _has("lorebookVersion"),
        lambda value: (value.get("entries"), "entries"),
        _novelai,
        frozenset(("keys", "displayName", "text", "enabled", "forceActivation")),
        _NOVELAI_LEFT,
        _named("novelai", ("entries",)),
        _novelai_categories,
    ),
    Program(
        "Agnai",
        "agnai",
        _says_so("kind", "memory"),
        lambda value: (value.get("entries"), "entries"),
        _agnai,
        frozenset(("keywords", "name", "entry", "weight", "enabled", "priority")),
        (),
        _named("agnai", ("entries",)),
    ),
    Program(
        "RisuAI",
        "risuai",
        _says_so("type", "risu"),
        lambda value: (value.get("data"), "data"),
        _risu,
        frozenset(("key", "secondkey", "comment", "content", "alwaysActive", "selective", "insertorder", "useRegex"))
        | {"activationPercent"},
        _RISU_LEFT,
        _risu_about,
    ),
    Program(
        "AI Dungeon",
        "aidungeon",
        _are_story_cards,
        lambda value: (value, ""),
        _story_card,
        frozenset(("keys", "title", "value")),
        _CARD_LEFT,
    ),
    Program(
        "Kobold",
        "kobold",
        kobold.is_world_info,
        kobold.raw_entries,
        kobold.world_entry,
        kobold.READ,
        (),
        kobold.about,
    ),
)
