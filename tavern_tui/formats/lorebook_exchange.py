"""Lorebooks between programs: which format a file has, and writing one for another program with what it cannot say.

A target is a row of ``TARGETS``: what writes it, and the rows of what it does not look at. What our own files keep for
the way back but the target passes over is told as well: a book must not seem to work where it does not. Sources:
``docs/spec/sillytavern-prompts.md`` §1.2, §1.3, §2.1, §2.2; ``docs/spec/kobold-lite.md`` §5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.lorebook import (
    InjectionRole,
    KeyMatching,
    Lorebook,
    LoreEntry,
    LorePosition,
    SelectiveLogic,
)
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.lorebook import lorebook_in, to_character_book, write_lorebook
from tavern_tui.formats.lorebook_foreign import foreign_remarks, program_of
from tavern_tui.formats.lorebook_kobold import KEY as KOBOLD_KEY
from tavern_tui.formats.lorebook_kobold import kobold_entries

_PATTERN_START = "/"


def lorebook_format(value: Any) -> str:
    """Whose lorebook a parsed JSON file is, as people call it; empty where it is none. Cheap: looks at one entry."""
    if (program := program_of(value)) is not None:
        return program.name
    if not isinstance(value, dict):
        return ""
    if value.get("spec") == "lorebook_v3":
        return "V3 lorebook" if isinstance(value.get("data"), dict) else ""
    if "spec" in value or "chat_metadata" in value:
        return ""
    entries = value.get("entries")
    if isinstance(entries, list):
        return "character book" if not entries or _is_entry(entries[0], "keys") else ""
    if isinstance(entries, dict):
        first = next(iter(entries.values()), None)
        return "SillyTavern" if first is None or _is_entry(first, "key") else ""
    return ""


def _is_entry(value: Any, key: str) -> bool:
    return isinstance(value, dict) and (key in value or "content" in value)


def is_lorebook(value: Any) -> bool:
    """Whether a parsed JSON file is a lorebook of any program, by its content. A save with a story in it is none."""
    story = isinstance(value, dict) and any(key in value for key in ("prompt", "actions", "savedsettings"))
    return not story and bool(lorebook_format(value))


def read_any_lorebook(data: bytes, name: str, *, where: str = "") -> tuple[Lorebook, tuple[Remark, ...]]:
    """The lorebook in a file, and what of it does nothing here. ``name`` is used where the file has none.

    Raises ``FormatError``.
    """
    value = read_json(data, where=where or name)
    program = program_of(value)
    book = lorebook_in(value, name=name, where=where or name)
    return book, foreign_remarks(program, value, where=where or name) if program else ()


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What a target does not say of an entry, or of a book: where, when, and in which words."""

    field: str
    tells: Callable[[Any], bool]
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """A format that books are written in. ``ending`` of a file."""

    name: str
    title: str
    write: Callable[[Lorebook], bytes]
    entry: tuple[Unsaid, ...] = ()
    book: tuple[Unsaid, ...] = ()
    ending: str = ".json"


def write_lorebook_as(book: Lorebook, target: str) -> tuple[bytes, tuple[Remark, ...]]:
    """``book`` as a file of ``target`` (a name of ``TARGETS``), and what is lost or passed over there.

    Raises ``FormatError`` for a target that is none, or for what JSON cannot say.
    """
    chosen = TARGETS.get(target)
    if chosen is None:
        raise FormatError(f"A lorebook is not written as “{target}”.", hint=f"There are: {', '.join(TARGETS)}.")
    return chosen.write(book), (*_remarks(chosen.book, [("", book)]), *_remarks(chosen.entry, _placed(book)))


def with_original(book: Lorebook) -> Lorebook:
    """The book with the copy of a card's book that SillyTavern keeps beside the entries (``originalData``) brought up
    to what the entries say: SillyTavern exports that copy with the card.
    """
    original = book.extra.get("originalData")
    if not isinstance(original, dict) or not isinstance(original.get("entries"), list):
        return book
    before = {_id(one): one for one in original["entries"] if isinstance(one, dict)}
    entries = []
    for now in to_character_book(book)["entries"]:
        was = before.get(_id(now), {})
        own = was.get("extensions")
        extensions = {**(own if isinstance(own, dict) else {}), **now["extensions"]}
        entries.append({**was, **now, "extensions": extensions})
    return replace(book, extra={**book.extra, "originalData": {**original, "entries": entries}})


def _id(entry: dict[str, Any]) -> str:
    return str(entry.get("id"))


def _placed(book: Lorebook) -> list[tuple[str, LoreEntry]]:
    return [(f"entries.{entry.uid}", entry) for entry in book.entries]


def _remarks(rows: Iterable[Unsaid], things: list[tuple[str, Any]]) -> list[Remark]:
    """A remark for each row that tells something: the first place, and how many there are."""
    found = []
    for row in rows:
        places = [place for place, thing in things if row.tells(thing)]
        if places:
            more = f" So it is in {len(places)} entries." if len(places) > 1 else ""
            found.append(Remark(".".join(filter(None, (places[0], row.field))), f"{row.text}{more}"))
    return found


def _differs(name: str, *usual: Any) -> Callable[[Any], bool]:
    return lambda thing: getattr(thing, name) not in usual


def _has_pattern(entry: LoreEntry) -> bool:
    return any(key.startswith(_PATTERN_START) and key.count("/") > 1 for key in (*entry.keys, *entry.secondary_keys))


def _has_comma(entry: LoreEntry) -> bool:
    return any("," in key for key in (*entry.keys, *entry.secondary_keys, *entry.exclude_keys))


def _unknown(entry: LoreEntry) -> bool:
    return any(key != KOBOLD_KEY for key in entry.extra)


def _v3(book: Lorebook) -> bytes:
    return write_json({"spec": "lorebook_v3", "data": to_character_book(book)})


_PASSED = "SillyTavern passes over it; it is kept in the file"
_SILLYTAVERN_ENTRY = (
    Unsaid("use_regex", lambda entry: bool(entry.use_regex), f"{_PASSED}: keys are patterns only as /pattern/flags."),
    Unsaid("priority", _differs("priority", None), f"{_PASSED}: the order decides who gets the budget."),
    Unsaid("keyanti", _differs("exclude_keys", ()), f"{_PASSED}: keys that may not be there are not looked for."),
)
_SILLYTAVERN_BOOK = (
    Unsaid("scan_depth", _differs("scan_depth", None), f"{_PASSED}: its settings have one scan depth for all books."),
    Unsaid("token_budget", _differs("token_budget", None), f"{_PASSED}: its settings have one budget for all books."),
    Unsaid("recursive_scanning", _differs("recursive_scanning", None), f"{_PASSED}: its settings decide."),
    Unsaid("description", _differs("description", ""), f"{_PASSED}."),
    Unsaid(
        "key_matching",
        _differs("matching", KeyMatching.SILLYTAVERN),
        f"{_PASSED}: keys are looked for as whole words in turns, not as parts of words in the story's end.",
    ),
)
_SPEC = "Only SillyTavern and its like read it, among the extensions; it is kept in the file"
_BOOK_ENTRY = (
    Unsaid(
        "position",
        lambda entry: entry.position > LorePosition.AFTER_CHARACTER,
        f"{_SPEC}. Others place the entry after the character.",
    ),
    Unsaid("probability", _differs("probability", 100.0), f"{_SPEC}. With others the entry always fires."),
    Unsaid("selectiveLogic", _differs("selective_logic", SelectiveLogic.AND_ANY), f"{_SPEC}."),
    Unsaid("group", _differs("group", ""), f"{_SPEC}."),
    Unsaid("sticky", lambda entry: bool(entry.sticky or entry.cooldown or entry.delay), f"{_SPEC}."),
    Unsaid("characterFilter", lambda entry: bool(entry.characters or entry.tags), f"{_SPEC}."),
    Unsaid("keyanti", _differs("exclude_keys", ()), "Only this program reads it; it is kept in the file."),
)
_BOOK_BOOK = (
    Unsaid(
        "key_matching",
        _differs("matching", KeyMatching.SILLYTAVERN),
        "Only this program reads it; it is kept in the file. Others look for keys in turns.",
    ),
)
_V2_ENTRY = (
    Unsaid("use_regex", lambda entry: bool(entry.use_regex), "V2 has no such keys: they are looked for as texts."),
    Unsaid("content", lambda entry: entry.content.startswith("@@"), "V2 has no decorators: the lines are sent."),
)
_NO = "Kobold has no"
_KOBOLD_ENTRY = (
    Unsaid("key", _has_comma, "Kobold ends a key at a comma: it becomes several."),
    Unsaid("key", _has_pattern, f"{_NO} regular expressions: the key is looked for as it is written."),
    Unsaid("use_regex", lambda entry: bool(entry.use_regex), f"{_NO} regular expressions."),
    Unsaid(
        "position",
        lambda entry: entry.position not in (LorePosition.BEFORE_CHARACTER, LorePosition.AFTER_CHARACTER),
        f"{_NO} places: the entry stands with the others, above the story.",
    ),
    Unsaid(
        "position",
        lambda entry: entry.position is LorePosition.AFTER_CHARACTER,
        f"{_NO} places: the entry stands below those before the character.",
    ),
    Unsaid("role", _differs("role", InjectionRole.SYSTEM), f"{_NO} roles."),
    Unsaid(
        "selectiveLogic",
        lambda entry: (
            bool(entry.secondary_keys) and entry.selective_logic in (SelectiveLogic.NOT_ALL, SelectiveLogic.AND_ALL)
        ),
        "Kobold asks for any of the secondary keys, never for all.",
    ),
    Unsaid("scanDepth", _differs("scan_depth", None), f"{_NO} scan depth of single entries."),
    Unsaid("caseSensitive", _differs("case_sensitive", None), f"{_NO} such choice for single entries."),
    Unsaid("matchWholeWords", _differs("match_whole_words", None, False), "Kobold finds keys inside of words, too."),
    Unsaid("group", _differs("group", ""), f"{_NO} inclusion groups: all of them fire."),
    Unsaid(
        "sticky",
        lambda entry: bool(entry.sticky or entry.cooldown or entry.delay),
        f"{_NO} sticky entries, cooldown or delay.",
    ),
    Unsaid(
        "excludeRecursion",
        lambda entry: bool(entry.exclude_recursion or entry.prevent_recursion or entry.delay_until_recursion),
        f"{_NO} recursion.",
    ),
    Unsaid("characterFilter", lambda entry: bool(entry.characters or entry.tags), f"{_NO} filter by characters."),
    Unsaid("triggers", _differs("triggers", ()), f"{_NO} triggers."),
    Unsaid("ignoreBudget", lambda entry: bool(entry.ignore_budget), f"{_NO} budget for lore."),
    Unsaid("priority", _differs("priority", None), f"{_NO} priorities."),
    Unsaid("matchScenario", _differs("also_scans", ()), "Kobold looks for keys in the story alone."),
    Unsaid("content", lambda entry: entry.content.startswith("@@"), f"{_NO} decorators: the lines are sent."),
    Unsaid("", _unknown, "What other programs say of the entry in words of their own is left out."),
)
_KOBOLD_BOOK = (
    Unsaid("name", _differs("name", ""), "A list of world info has no name: it is the file's."),
    Unsaid("description", _differs("description", ""), f"{_NO} description of the book."),
    Unsaid("scan_depth", _differs("scan_depth", None), f"{_NO} scan depth in turns."),
    Unsaid("token_budget", _differs("token_budget", None), f"{_NO} budget for lore."),
    Unsaid("recursive_scanning", _differs("recursive_scanning", None, False), f"{_NO} recursion."),
    Unsaid("wisearchdepth", _differs("search_characters", 0), "It is in Kobold's settings, not in the list."),
    Unsaid("", lambda book: any(key != KOBOLD_KEY for key in book.extra), "Fields of other programs are left out."),
)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("sillytavern", "SillyTavern world file", write_lorebook, _SILLYTAVERN_ENTRY, _SILLYTAVERN_BOOK),
        Target("v3", "V3 lorebook", _v3, _BOOK_ENTRY, _BOOK_BOOK),
        Target(
            "v2",
            "V2 character book",
            lambda book: write_json(to_character_book(book)),
            (*_V2_ENTRY, *_BOOK_ENTRY),
            _BOOK_BOOK,
        ),
        Target(
            "kobold", "Kobold world info", lambda book: write_json(kobold_entries(book)), _KOBOLD_ENTRY, _KOBOLD_BOOK
        ),
    )
}
"""What a lorebook can be written as, by the name that is typed."""
