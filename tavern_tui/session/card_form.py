"""A character card as a form: the whole of it as text for an editor, and single fields by their names.

Both speak of the card's ``data`` object with the names of the V2 and V3 specifications, so that fields that this
program does not know can be read and changed like any other. Writing the card is ``session.cards``'s.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import FormatError, SettingsError
from tavern_tui.formats.card_object import to_object, with_data
from tavern_tui.formats.card_rules import LISTS, TEXTS
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.formats.yaml_writing import write_yaml

_MAX_FORM = 32 * 1024 * 1024
_LISTS = (*LISTS, "group_only_greetings", "source")
_OTHERS = (
    *("nickname", "extensions", "character_book", "assets", "creator_notes_multilingual"),
    *("creation_date", "modification_date", *_LISTS),
)
FIELDS = (*TEXTS, *_OTHERS)
"""The fields that the specifications know, by their names in a card."""

WORDS = {
    "greeting": "first_mes",
    "greetings": "alternate_greetings",
    "example_dialogue": "mes_example",
    "version": "character_version",
    "note": "extensions.depth_prompt.prompt",
    "note.text": "extensions.depth_prompt.prompt",
    "note.depth": "extensions.depth_prompt.depth",
    "note.role": "extensions.depth_prompt.role",
    "favourite": "extensions.fav",
    "world": "extensions.world",
    "talkativeness": "extensions.talkativeness",
    "lorebook": "character_book",
}
"""What else a field may be called: our own words → its path in a card."""

_HEAD = """\
# {name}: every field of the card, by its name in the V2 and V3 specifications.
# Long texts stand indented under a |. Save and close to keep the changes; empty the file to keep nothing.
"""


def form_of(character: Character, *, as_json: bool = False) -> str:
    """The card as text to edit: YAML, or JSON where that is wanted or YAML cannot say it."""
    data = _ordered(to_object(character)["data"])
    text = None if as_json else write_yaml(data)
    if text is None:
        return write_json(data).decode()
    return _HEAD.format(name=safe_line(character.name, 60)) + text


def read_form(text: str, character: Character, *, where: str = "") -> Character:
    """``character`` as the edited form says; itself where nothing was changed.

    Raises ``FormatError`` with the line, or the field, that is wrong.
    """
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        value = read_json(text, where=where, max_bytes=_MAX_FORM)
    else:
        value = read_yaml(text, where=where).value
    if not isinstance(value, dict):
        raise FormatError("The form has no fields.", hint="A field is written NAME: VALUE.", where=where)
    return with_data(character, value, where=where)


def with_fields(character: Character, changes: Mapping[str, str]) -> Character:
    """``character`` with fields set to what was typed. A name may be a path (``extensions.world``).

    A text is taken as it is; of a list ``[…]`` is read as YAML, else it is one item (tags: some, between commas), and
    NAME.+ adds one. Anything else is YAML. Nothing empties a text or a list and takes any other field out. Raises
    ``SettingsError`` for a field that cannot be, ``FormatError`` for a value that it cannot have.
    """
    data = copy.deepcopy(to_object(character)["data"])
    for name, text in changes.items():
        path = _path(name, data)
        _set(data, path, name, text)
    return with_data(character, data)


def _path(name: str, data: Mapping[str, Any]) -> list[str]:
    name = name.strip().removeprefix("data.")
    path = WORDS.get(name.lower(), name).split(".")
    path[0] = WORDS.get(path[0], path[0])
    if path[0] not in FIELDS and path[0] not in data:
        near = difflib.get_close_matches(path[0].lower(), [*FIELDS, *WORDS], n=1)
        hint = f"Did you mean {near[0]}?" if near else "Fields of your own go under extensions.NAME."
        raise SettingsError(f"A card has no field “{name}”.", hint=hint)
    if "" in path:
        raise SettingsError(f"“{name}” is no field's name.")
    return path


def _set(data: dict[str, Any], path: list[str], name: str, text: str) -> None:
    holder: Any = data
    for key in path[:-1]:
        if isinstance(holder, dict):
            inner = holder.get(key)
            if inner is None:
                inner = holder[key] = [] if key in _LISTS else {}
            holder = inner
        else:
            holder = _item(holder, key, name)
    key, value = path[-1], _value(path, text)
    if isinstance(holder, list) and key == "+":
        holder.append(value)
    elif isinstance(holder, list):
        _item(holder, key, name)
        if value is None:
            del holder[int(key)]
        else:
            holder[int(key)] = value
    elif not isinstance(holder, dict):
        raise SettingsError(f"“{name}” leads into something that has no fields.")
    elif value is None:
        holder.pop(key, None)
    else:
        holder[key] = value


def _item(holder: Any, key: str, name: str) -> Any:
    if not isinstance(holder, list) or not key.isdecimal() or int(key) >= len(holder):
        raise SettingsError(f"“{name}” leads to nothing in this card.", hint="Items of a list are counted from 0.")
    return holder[int(key)]


def _value(path: list[str], text: str) -> Any:
    """What was typed as the value of the field at ``path``; ``None`` takes it out."""
    if path[0] in (*TEXTS, "nickname") or path[-1] in ("prompt", "content", "comment"):
        return text
    if path[0] in _LISTS and len(path) > 1:
        return text or None
    if path[0] in _LISTS and not text.lstrip().startswith("["):
        parts = text.split(",") if path[0] == "tags" else [text]
        return [part.strip() if path[0] == "tags" else part for part in parts if part.strip()]
    if not text.strip():
        return None
    return read_yaml(text, where=".".join(path)).value


def _ordered(data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` in the order of the specifications, what they do not know behind it."""
    known = [key for key in (*TEXTS, *LISTS, *_OTHERS) if key in data]
    return {key: data[key] for key in dict.fromkeys((*known, *data))}
