"""Lorebooks of other programs, read as entries of SillyTavern's world file: NovelAI, Agnai, RisuAI.

One row of ``PROGRAMS`` each: how the file is told, where its entries are, and what an entry becomes. Only reading:
what a program says in a way of its own (NovelAI's search ranges and categories, RisuAI's folders) is left behind.
Field names: the three programs' exports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.formats.fields import Fields

_FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Program:
    """How to read one program's lorebook. ``entries`` names the list; ``read`` gives ``None`` for what is no entry."""

    name: str
    entries: str
    tells: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Fields], dict[str, Any] | None]


def program_of(value: Mapping[str, Any]) -> Program | None:
    """Whose lorebook ``value`` is; ``None`` for SillyTavern's and those of cards."""
    return next((program for program in PROGRAMS if program.tells(value)), None)


def world_entries(program: Program, fields: Fields) -> list[dict[str, Any]]:
    """The entries of a foreign lorebook under the world file's names. Raises ``FormatError`` naming the field."""
    listed = fields.get(program.entries)
    if not isinstance(listed, list):
        raise fields.fault(program.entries, "a list")
    found: list[dict[str, Any]] = []
    for at, item in enumerate(listed):
        if not isinstance(item, dict):
            place = Fields({str(at): item}, path=fields.name(program.entries), where=fields.where)
            raise place.fault(str(at), "an object")
        entry = program.read(Fields(item, path=f"{fields.name(program.entries)}.{at}", where=fields.where))
        if entry is not None:
            found.append({"position": 0, **entry})
    return found


def _novelai(raw: Fields) -> dict[str, Any]:
    return {
        "key": list(raw.texts("keys", split=",")),
        "comment": raw.text("displayName"),
        "content": raw.text("text"),
        "order": raw.inner("contextConfig").integer("budgetPriority", 0),
        "disable": not raw.flag("enabled", True),
        "constant": raw.flag("forceActivation"),
        "selective": False,
    }


def _agnai(raw: Fields) -> dict[str, Any]:
    return {
        "key": list(raw.texts("keywords", split=",")),
        "comment": raw.text("name"),
        "content": raw.text("entry"),
        "order": raw.integer("weight", 0),
        "disable": not raw.flag("enabled", True),
        "selective": False,
    }


def _risu(raw: Fields) -> dict[str, Any] | None:
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


PROGRAMS = (
    Program("NovelAI", "entries", lambda value: "lorebookVersion" in value, _novelai),
    Program("Agnai", "entries", lambda value: value.get("kind") == "memory", _agnai),
    Program("RisuAI", "data", lambda value: value.get("type") == "risu", _risu),
)
