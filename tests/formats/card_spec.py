"""The V2 and V3 card specifications as checks: what of a card's object breaks them. Knows nothing of our writer.

Rules: character card V2 (``spec_v2.md``) and V3 (``SPEC_V3.md``), their type definitions line by line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], bool]


def text(value: Any) -> bool:
    """A string."""
    return isinstance(value, str)


def number(value: Any) -> bool:
    """A number that is not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def obj(value: Any) -> bool:
    """An object."""
    return isinstance(value, dict)


def texts(value: Any) -> bool:
    """A list of strings."""
    return isinstance(value, list) and all(map(text, value))


def objects(value: Any) -> bool:
    """A list of objects."""
    return isinstance(value, list) and all(map(obj, value))


def side(value: Any) -> bool:
    """Where V2 places an entry."""
    return value in ("before_char", "after_char")


def table(value: Any) -> bool:
    """Texts by language."""
    return isinstance(value, dict) and all(map(text, value.values())) and all(len(key) == 2 for key in value)


DATA: dict[str, Check] = {
    **dict.fromkeys(
        [
            "name",
            "description",
            "personality",
            "scenario",
            "first_mes",
            "mes_example",
            "creator_notes",
            "system_prompt",
        ],
        text,
    ),
    **dict.fromkeys(["post_history_instructions", "creator", "character_version"], text),
    **dict.fromkeys(["alternate_greetings", "tags"], texts),
    "extensions": obj,
}
BOOK: dict[str, Check] = {"extensions": obj, "entries": objects}
BOOK_MAY: dict[str, Check] = {
    "name": text,
    "description": text,
    "scan_depth": number,
    "token_budget": number,
    "recursive_scanning": flag,
}
ENTRY: dict[str, Check] = {
    "keys": texts,
    "content": text,
    "extensions": obj,
    "enabled": flag,
    "insertion_order": number,
}
ENTRY_MAY: dict[str, Check] = {
    **dict.fromkeys(["case_sensitive", "selective", "constant"], flag),
    **dict.fromkeys(["name", "comment"], text),
    "priority": number,
    "id": number,
    "secondary_keys": texts,
    "position": side,
}
DATA_V3: dict[str, Check] = {**DATA, "group_only_greetings": texts}
DATA_V3_MAY: dict[str, Check] = {
    "assets": lambda value: objects(value) and all(not broken(one, ASSET, {}, "") for one in value),
    "nickname": text,
    "creator_notes_multilingual": table,
    "source": texts,
    "creation_date": number,
    "modification_date": number,
}
ASSET: dict[str, Check] = dict.fromkeys(["type", "uri", "name", "ext"], text)
ENTRY_V3: dict[str, Check] = {**ENTRY, "use_regex": flag}
ENTRY_V3_MAY: dict[str, Check] = {**ENTRY_MAY, "id": lambda value: number(value) or text(value)}


def broken(value: Any, required: dict[str, Check], optional: dict[str, Check], path: str) -> list[str]:
    """The fields of ``value`` that are missing or of the wrong kind."""
    missing = [f"{path}{key} is missing" for key in required if key not in value]
    checks = {**optional, **required}
    return missing + [f"{path}{key}: {value[key]!r}" for key in checks if key in value and not checks[key](value[key])]


def v2_faults(card: Any) -> list[str]:
    """What breaks V2's rules."""
    head = [] if (card.get("spec"), card.get("spec_version")) == ("chara_card_v2", "2.0") else ["spec"]
    return head + _faults(card["data"], (DATA, {}), (ENTRY, ENTRY_MAY))


def v3_faults(card: Any) -> list[str]:
    """What breaks V3's rules."""
    head = [] if card.get("spec") == "chara_card_v3" and 3.0 <= float(card["spec_version"]) < 4.0 else ["spec"]
    found = head + _faults(card["data"], (DATA_V3, DATA_V3_MAY), (ENTRY_V3, ENTRY_V3_MAY))
    icons = [one for one in card["data"].get("assets", ()) if one["type"] == "icon"]
    if len(icons) > 1 and sum(one["name"] == "main" for one in icons) != 1:
        found.append("several icons, and not exactly one is main")
    return found


def _faults(
    data: Any, fields: tuple[dict[str, Check], dict[str, Check]], entry: tuple[dict[str, Check], dict[str, Check]]
) -> list[str]:
    found = broken(data, *fields, "data.")
    if "character_book" in data:
        book = data["character_book"]
        found += broken(book, BOOK, BOOK_MAY, "character_book.")
        for place, one in enumerate(book["entries"]):
            found += broken(one, *entry, f"entries.{place}.")
    return found
