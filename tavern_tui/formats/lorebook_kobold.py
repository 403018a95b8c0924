"""Kobold's world info ⇄ the world file's entries: a list of entries, or what a story's save holds of it.

Keys are texts between commas; ``keyanti`` are keys that may not be there; the entries stand in the order of the list.
``wigroup`` and ``folder`` are drawers for the eye, no inclusion groups. KoboldAI United's saves have an object of
entries by number (``worldinfo_v2``), with lists of keys. Fields: ``docs/spec/kobold-lite.md`` §5, §10.
"""

from __future__ import annotations

from typing import Any

from tavern_tui.domain.lorebook import KeyMatching, Lorebook, LoreEntry, SelectiveLogic
from tavern_tui.formats.fields import Fields

KEY = "kobold"
"""Where an entry and a book keep what only Kobold says."""

READ = frozenset(
    ("uid", "key", "keysecondary", "keyanti", "content", "comment", "selective", "constant", "probability")
) | {"widisabled"}
_SAVED = ("worldinfo", "wisearchdepth", "wiinsertlocation", "wifolders_d", "wifolders_l", "worldinfo_v2")
_ORDER = 100


def is_world_info(value: Any) -> bool:
    """Whether a file holds Kobold's world info: the list, a save with one, or KoboldAI United's object."""
    if isinstance(value, list):
        return bool(value) and _is_entry(value[0])
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("worldinfo"), list) or _united(value.get("worldinfo_v2")):
        return True
    return _united(value) and isinstance(value.get("folders"), dict)


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("key"), str) and "content" in value and "uid" not in value


def _united(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("entries"), dict) and "spec" not in value


def raw_entries(value: Any) -> tuple[Any, str]:
    """The entries as they stand in the file, and their path."""
    if isinstance(value, list):
        return value, ""
    if isinstance(value.get("worldinfo"), list):
        return value["worldinfo"], "worldinfo"
    if "worldinfo_v2" in value:
        return value["worldinfo_v2"]["entries"], "worldinfo_v2.entries"
    return value["entries"], "entries"


def world_entry(raw: Fields, at: int) -> dict[str, Any]:
    """An entry under the world file's names; ``at`` is its place, which later ones stand below."""
    disabled = raw.flag("widisabled") or _is_nobody(raw)
    return {
        **({} if raw.get("uid") is None else {"uid": raw.get("uid")}),
        "key": list(raw.texts("key", split=",")),
        "keysecondary": list(raw.texts("keysecondary", split=",")),
        **({"keyanti": anti} if (anti := list(raw.texts("keyanti", split=","))) else {}),
        "content": raw.text("content"),
        "comment": raw.text("comment"),
        "selective": raw.flag("selective"),
        "constant": raw.flag("constant"),
        "probability": raw.number("probability", 100.0),
        "order": _ORDER + at,
        "disable": disabled,
    }


def _is_nobody(raw: Fields) -> bool:
    """KoboldAI's lists end with an entry that is only the place of the next one."""
    return raw.get("init") is False


def about(value: Any) -> dict[str, Any]:
    """How the book is looked for, and what else the world info says of itself."""
    known: dict[str, Any] = {"key_matching": KeyMatching.KOBOLD.value}
    if not isinstance(value, dict):
        return known
    depth = value.get("wisearchdepth")
    if isinstance(depth, int) and not isinstance(depth, bool) and depth > 0:
        known["search_characters"] = depth
    rest = {key: value[key] for key in _SAVED[2:5] if value.get(key)}
    return known | ({KEY: rest} if rest else {})


def kobold_entries(book: Lorebook) -> list[dict[str, Any]]:
    """The book as Kobold's list: from the one that stands highest down, with Kobold's own fields as they came."""
    listed = sorted(book.entries, key=lambda entry: (int(entry.position) != 0, entry.order))
    return [_kobold_entry(entry) for entry in listed]


def _kobold_entry(entry: LoreEntry) -> dict[str, Any]:
    against = entry.selective and entry.selective_logic is SelectiveLogic.NOT_ANY
    beside = () if against else entry.secondary_keys
    anti = (*entry.exclude_keys, *(entry.secondary_keys if against else ()))
    own = entry.extra.get(KEY)
    number = entry.probability
    return {
        "key": _joined(entry.keys),
        "keysecondary": _joined(beside),
        "keyanti": _joined(anti),
        "content": entry.content,
        "comment": entry.comment,
        "folder": None,
        "selective": entry.selective,
        "constant": entry.constant,
        "probability": int(number) if float(number).is_integer() else number,
        "wigroup": "",
        "widisabled": not entry.enabled,
        **(own if isinstance(own, dict) else {}),
    }


def _joined(keys: tuple[str, ...]) -> str:
    return ",".join(key for key in keys if key.strip())
