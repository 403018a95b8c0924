"""What the V2 and V3 card specifications require of a card's object, and making one that was read keep to it.

Other programs leave fields out, write numbers for texts and one text for a list. Such a field is written again as it
was understood; every other stays as it was read. Rules: character card V2 and V3 specifications.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.fields import Fields

V2, V3 = "chara_card_v2", "chara_card_v3"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a field may hold, and how another form is understood; ``empty`` stands where nothing can be."""

    fits: Callable[[Any], bool]
    read: Callable[[Fields, str], Any]
    empty: Any = None


_TEXT = _Kind(lambda value: isinstance(value, str), lambda fields, key: fields.text(key), "")
_NUMBER = _Kind(
    lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    lambda fields, key: _whole(fields.number(key, 100.0)),
    100,
)
_FLAG = _Kind(lambda value: isinstance(value, bool), lambda fields, key: fields.flag(key), True)
_OBJECT = _Kind(lambda value: isinstance(value, dict), lambda fields, key: dict(fields.inner(key).value), {})
_LIST = _Kind(
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    lambda fields, key: list(fields.texts(key, split=",")),
    [],
)
_PLACE = _Kind(lambda value: value in ("before_char", "after_char"), lambda _fields, _key: None)
_ID = _Kind(lambda value: _NUMBER.fits(value) or _TEXT.fits(value), lambda _fields, _key: None)

TEXTS = (
    *("name", "description", "personality", "scenario", "first_mes", "mes_example", "creator_notes"),
    *("system_prompt", "post_history_instructions", "creator", "character_version"),
)
"""The texts that V2's ``data`` must have."""

LISTS = ("alternate_greetings", "tags")
"""The lists of texts that V2's ``data`` must have."""

_ENTRY = {"keys": _LIST, "content": _TEXT, "extensions": _OBJECT, "enabled": _FLAG, "insertion_order": _NUMBER}
_ENTRY_MAY = {
    **dict.fromkeys(("name", "comment"), _TEXT),
    **dict.fromkeys(("case_sensitive", "selective", "constant", "use_regex"), _FLAG),
    "priority": _NUMBER,
    "secondary_keys": _LIST,
    "position": _PLACE,
    "id": _ID,
}
_BOOK_MAY = {
    **dict.fromkeys(("name", "description"), _TEXT),
    "scan_depth": _NUMBER,
    "token_budget": _NUMBER,
    "recursive_scanning": _FLAG,
}
_DECORATORS = re.compile(r"\A\s*(?:@@[^\n]*(?:\n|\Z))+\s*")


def sound_texts(data: dict[str, Any]) -> None:
    """Make the texts and lists of texts in ``data`` what V2 requires, in their places."""
    fields = Fields(data)
    for key in TEXTS:
        if not _TEXT.fits(data.get(key)):
            data[key] = fields.text(key)
    for key in LISTS:
        if not _LIST.fits(data.get(key)):
            data[key] = list(fields.texts(key, split="," if key == "tags" else ""))
    if not _OBJECT.fits(data.get("extensions")):
        data["extensions"] = {}
    if "nickname" in data and not _TEXT.fits(data["nickname"]):
        data["nickname"] = fields.text("nickname")


def is_sound_book(book: Any) -> bool:
    """Whether a ``character_book`` has all that V2 requires, and nothing of the wrong kind."""
    if (
        not isinstance(book, dict)
        or not _OBJECT.fits(book.get("extensions"))
        or not isinstance(book.get("entries"), list)
    ):
        return False
    if any(key in book and not kind.fits(book[key]) for key, kind in _BOOK_MAY.items()):
        return False
    return all(_is_sound_entry(entry) for entry in book["entries"])


def sound_book(book: dict[str, Any]) -> dict[str, Any]:
    """A ``character_book`` as V2 requires it. A value that cannot mean what its field says moves to ``extensions``."""
    entries = [_mended(entry, {**_ENTRY_MAY, **_ENTRY}) for entry in book["entries"]]
    return {**_mended(book, {"extensions": _OBJECT, **_BOOK_MAY}), "entries": entries}


def _mended(value: dict[str, Any], kinds: Mapping[str, _Kind]) -> dict[str, Any]:
    required = _ENTRY if "keys" in kinds else {"extensions": _OBJECT}
    fields, found = Fields(value), dict(value)
    odd: dict[str, Any] = {}
    for key, kind in kinds.items():
        if key not in value and key in required:
            found[key] = copy(kind.empty)
        elif key in value and not kind.fits(value[key]):
            try:
                understood = kind.read(fields, key) if value[key] is not None else None
            except FormatError:
                understood = None
            odd |= {key: value[key]} if understood is None and value[key] is not None else {}
            found.pop(key)
            if understood is not None or key in required:
                found[key] = copy(kind.empty) if understood is None else understood
    if odd:
        found["extensions"] = {**odd, **found["extensions"]}
    return found


def as_v2(card: Mapping[str, Any]) -> dict[str, Any]:
    """``card`` under V2's name, for programs that know no V3.

    Lore entries lose their decorators, as V3 asks for, and ids that are texts, which V2 does not know.
    """
    data = dict(card["data"])
    book = data.get("character_book")
    if isinstance(book, dict) and isinstance(book.get("entries"), list):
        data["character_book"] = {**book, "entries": [_entry_of_v2(entry) for entry in book["entries"]]}
    return {**card, "spec": V2, "spec_version": "2.0", "data": data}


def is_v2_book(book: Any) -> bool:
    """Whether V2 can say what a sound ``character_book`` says: it knows ids that are numbers, not texts."""
    return not any(_TEXT.fits(entry.get("id")) for entry in book["entries"])


def as_v3(card: Mapping[str, Any]) -> dict[str, Any]:
    """``card`` under V3's name, with the fields that V3 requires; a newer version of it stays."""
    version = card.get("spec_version") if card.get("spec") == V3 else None
    data: dict[str, Any] = {"group_only_greetings": [], **card["data"]}
    if not _LIST.fits(data.get("group_only_greetings")):
        data["group_only_greetings"] = list(Fields(data).texts("group_only_greetings"))
    book = data.get("character_book")
    if isinstance(book, dict) and isinstance(book.get("entries"), list):
        entries = [{"use_regex": False, **entry} if isinstance(entry, dict) else entry for entry in book["entries"]]
        data["character_book"] = {"extensions": {}, **book, "entries": entries}
    return {**card, "spec": V3, "spec_version": version if _is_v3(version) else "3.0", "data": data}


def _is_sound_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and all(kind.fits(entry.get(key)) for key, kind in _ENTRY.items())
        and all(kind.fits(entry[key]) for key, kind in _ENTRY_MAY.items() if key in entry)
    )


def _whole(number: float) -> float:
    return int(number) if number.is_integer() else number


def _entry_of_v2(entry: Any) -> Any:
    if not isinstance(entry, dict) or not isinstance(content := entry.get("content"), str):
        return entry
    entry = {key: value for key, value in entry.items() if key != "id" or not _TEXT.fits(value)}
    return {**entry, "content": _DECORATORS.sub("", content)} if content.lstrip().startswith("@@") else entry


def _is_v3(version: Any) -> bool:
    try:
        return isinstance(version, str) and 3.0 <= float(version) < 4.0
    except ValueError:
        return False
