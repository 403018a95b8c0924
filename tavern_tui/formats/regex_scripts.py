"""Regex scripts as SillyTavern writes them, in files of their own and inside cards ⇄ ``RegexScript``.

A file holds one script (as exported), a list of them, or all settings of SillyTavern (``settings.json``). What a card
holds stays in ``Character.source`` as it was read, so writing the card back changes nothing of it. A script that cannot
be read is named and left out; the others of its file stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.regex_script import Placement, RegexScript, SubstituteRegex
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import read_json

MOST_SCRIPTS = 1_000
"""Scripts that are read from one file or card."""

LONGEST_NAME = 100
"""Characters of a script's name that are kept."""

_OLD_DISPLAY, _OLD_SEND_AS = 0, 4
_NUMBERS = {placement.value: placement for placement in Placement}
_OLD_ALL = frozenset(_NUMBERS.values()) - {Placement.REASONING}


@dataclass(frozen=True, slots=True)
class ScriptsRead:
    """What was read, in order, and what could not be, a sentence each."""

    scripts: tuple[RegexScript, ...] = ()
    problems: tuple[str, ...] = ()


def read_scripts(data: bytes, *, where: str = "") -> ScriptsRead:
    """The scripts in a file, ``where`` for messages. Raises ``FormatError`` where there is no script in it at all."""
    value = read_json(data, where=where)
    if isinstance(value, dict) and isinstance(inside := value.get("extension_settings"), dict):
        value = inside.get("regex")
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, dict) for one in listed):
        raise FormatError("There is no regex script inside.", where=where)
    found = _read(listed, where, "" if listed is value else None)
    if not found.scripts and found.problems:
        raise FormatError(found.problems[0], where=where)
    return found


def card_scripts(character: Character) -> ScriptsRead:
    """The scripts that a card brings (``extensions.regex_scripts``). Never raises."""
    return _read(raw_card_scripts(character), "", "extensions.regex_scripts.")


def raw_card_scripts(character: Character) -> list[Any]:
    """The scripts that a card brings, as they stand in it."""
    data = character.source.get("data")
    extensions = data.get("extensions") if isinstance(data, dict) else None
    listed = extensions.get("regex_scripts") if isinstance(extensions, dict) else None
    return listed if isinstance(listed, list) else []


def _read(listed: Sequence[Any], where: str, path: str | None) -> ScriptsRead:
    """Every script of a list; ``path`` stands before a script's number in messages, ``None`` for no number."""
    scripts: list[RegexScript] = []
    problems: list[str] = []
    for place, one in enumerate(listed[:MOST_SCRIPTS]):
        try:
            if not isinstance(one, dict):
                raise FormatError(f"Field {path}{place} should be an object.")
            scripts.append(script_of(Fields(one, path="" if path is None else f"{path}{place}", where=where)))
        except FormatError as error:
            problems.append(error.title)
    if len(listed) > MOST_SCRIPTS:
        problems.append(f"There are {len(listed):,} scripts; the first {MOST_SCRIPTS:,} are read.")
    return ScriptsRead(tuple(scripts), tuple(problems))


def script_of(fields: Fields) -> RegexScript:
    """The script in an object. Raises ``FormatError`` naming the field."""
    if "findRegex" not in fields.value:
        raise FormatError(f"Field {fields.name('findRegex')} is missing: this is no regex script.")
    placement, old_display = _placement(fields)
    return RegexScript(
        name=" ".join(fields.text("scriptName").split())[:LONGEST_NAME] or "unnamed script",
        find=fields.text("findRegex"),
        replace=fields.text("replaceString"),
        id=fields.text("id"),
        trim_strings=fields.texts("trimStrings"),
        placement=placement,
        disabled=fields.flag("disabled"),
        markdown_only=fields.flag("markdownOnly") or old_display,
        prompt_only=fields.flag("promptOnly") or old_display,
        run_on_edit=fields.flag("runOnEdit"),
        substitute=_substitute(fields),
        min_depth=_depth(fields, "minDepth"),
        max_depth=_depth(fields, "maxDepth"),
    )


def _placement(fields: Fields) -> tuple[frozenset[Placement], bool]:
    """The placements, and whether the first version's one for the screen was among them."""
    value = fields.get("placement")
    listed = value if isinstance(value, list) else [] if value is None else [value]
    numbers: set[int] = set()
    for one in listed:
        if isinstance(one, bool) or not isinstance(one, (int, float, str)) or not str(one).strip().isdecimal():
            raise fields.fault("placement", "a list of numbers")
        numbers.add(int(str(one).strip()))
    found = {_NUMBERS[number] for number in numbers if number in _NUMBERS}
    if _OLD_SEND_AS in numbers:
        found.add(Placement.SLASH_COMMAND)
    old = _OLD_DISPLAY in numbers
    return (_OLD_ALL if old and not found else frozenset(found)), old


def _substitute(fields: Fields) -> SubstituteRegex:
    """A number today, true or false in SillyTavern 1.12.6."""
    value = fields.get("substituteRegex")
    number = int(value) if isinstance(value, bool) else fields.integer("substituteRegex", 0)
    return SubstituteRegex(number) if number in (0, 1, 2) else SubstituteRegex.NONE


def _depth(fields: Fields, key: str) -> int | None:
    """A depth; below zero is no limit."""
    depth = fields.maybe_integer(key)
    return depth if depth is not None and depth >= 0 else None
