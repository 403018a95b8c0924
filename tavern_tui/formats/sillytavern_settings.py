"""SillyTavern's ``settings.json`` and group files: what of them can move here, and the names of what cannot.

Half of what a person set up there stands in the settings: personas, tags, which lorebooks are on, regex scripts,
servers, chosen presets. Fields: ``docs/spec/sillytavern-prompts.md`` §8, §10–12; SillyTavern 1.12.6 ``settings.json``.
Keys of ``secrets.json`` are read by ``read_secrets``, and only where somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tavern_tui.domain.beside_card import BesideCard, NoteUse
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.formats.json_text import cleaned, read_json
from tavern_tui.formats.personas import PersonaBackup, is_persona_backup, read_backup

MAX_BYTES = 64 * 1024 * 1024

LORE_SETTINGS = {
    "world_info_depth": "scan_depth",
    "world_info_budget": "budget_percent",
    "world_info_budget_cap": "budget_cap",
    "world_info_include_names": "include_names",
    "world_info_recursive": "recursive",
    "world_info_case_sensitive": "case_sensitive",
    "world_info_match_whole_words": "match_whole_words",
    "world_info_min_activations": "min_activations",
    "world_info_min_activations_depth_max": "min_activations_depth",
    "world_info_max_recursion_steps": "max_recursion_steps",
    "world_info_use_group_scoring": "use_group_scoring",
}
"""SillyTavern's names of what lorebooks are scanned with, and ours (settings ``lore.…``)."""

_TAKEN = frozenset(
    [
        "firstRun",
        "username",
        "user_avatar",
        "amount_gen",
        "max_context",
        "world_info_settings",
        "world_info",
        "tags",
        "tag_map",
        "power_user",
        "textgenerationwebui_settings",
        "extension_settings",
        "main_api",
        "oai_settings",
    ]
)
_TAKEN_POWER = frozenset(
    [
        "personas",
        "default_persona",
        "persona_descriptions",
        "instruct",
        "context",
        "sysprompt",
        "custom_stopping_strings",
        "custom_stopping_strings_macro",
    ]
)
_TAKEN_EXTENSIONS = frozenset(["note", "regex", "connectionManager", "disabledExtensions", "autoConnect", "apiUrl"])


NO_PERSONAS = PersonaBackup(())


@dataclass(frozen=True, slots=True)
class Profile:
    """A connection profile, or a server that was in use: ``address`` and the names of what is chosen with it."""

    name: str
    address: str
    model: str = ""
    preset: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class MovedSettings:
    """What can move. ``tags`` are those of each avatar file; ``lore`` has our names; ``not_taken`` names the rest.

    ``character_books`` and ``character_notes`` are by the avatar's name without its ending, ``notes_off`` names those
    that are switched off there.
    """

    user: str = ""
    personas: PersonaBackup = NO_PERSONAS
    tags: Mapping[str, tuple[str, ...]] = field(default=EMPTY)
    global_books: tuple[str, ...] = ()
    character_books: Mapping[str, tuple[str, ...]] = field(default=EMPTY)
    lore: Mapping[str, object] = field(default=EMPTY)
    regex_scripts: tuple[Mapping[str, Any], ...] = ()
    profiles: tuple[Profile, ...] = ()
    response_tokens: int | None = None
    context_tokens: int | None = None
    not_taken: tuple[str, ...] = ()
    character_notes: Mapping[str, BesideCard] = field(default=EMPTY)
    notes_off: tuple[str, ...] = ()
    stop_strings: tuple[str, ...] = ()
    stop_strings_macro: bool = True


def is_settings(value: object) -> bool:
    """Whether parsed JSON is SillyTavern's ``settings.json``."""
    return isinstance(value, Mapping) and isinstance(value.get("power_user"), Mapping) and "username" in value


def is_group(value: object) -> bool:
    """Whether parsed JSON is a group of SillyTavern's: who is in it, and its chats."""
    return isinstance(value, Mapping) and isinstance(value.get("members"), list) and "chat_id" in value


def read_settings(data: bytes, name: str) -> tuple[MovedSettings, tuple[Remark, ...]]:
    """What can move out of ``settings.json``. Raises ``FormatError`` where it is not that."""
    value = cleaned(read_json(data, where=name, max_bytes=MAX_BYTES))
    if not is_settings(value):
        raise FormatError("These are not SillyTavern's settings.", where=name)
    power, extensions = _table(value, "power_user"), _table(value, "extension_settings")
    world = _table(value, "world_info_settings") or value
    books = _table(world, "world_info")
    notes = [
        one for one in _tables(_table(extensions, "note").get("chara")) if _text(one, "name") and _text(one, "prompt")
    ]
    personas, remarks = read_backup(data, name) if is_persona_backup(power) else (NO_PERSONAS, ())
    moved = MovedSettings(
        user=_text(value, "username"),
        personas=personas,
        tags=_tags(value),
        global_books=_texts(books.get("globalSelect")),
        character_books={
            _text(one, "name"): _texts(one.get("extraBooks")) for one in _tables(books.get("charLore")) if "name" in one
        },
        lore={ours: world[theirs] for theirs, ours in LORE_SETTINGS.items() if _is_plain(world.get(theirs))},
        regex_scripts=tuple(_tables(extensions.get("regex"))),
        profiles=(*_profiles(extensions), *_servers(_table(value, "textgenerationwebui_settings"))),
        response_tokens=_count(value, "amount_gen"),
        context_tokens=_count(value, "max_context"),
        not_taken=_not_taken(value, power, extensions),
        character_notes={_text(one, "name"): _note(one) for one in notes if one.get("useChara")},
        notes_off=tuple(_text(one, "name") for one in notes if not one.get("useChara")),
        stop_strings=_stop_strings(power),
        stop_strings_macro=power.get("custom_stopping_strings_macro") is not False,
    )
    return moved, remarks


def read_group(data: bytes, name: str) -> Mapping[str, Any]:
    """A group's file as it is. Raises ``FormatError`` where it is none."""
    value = read_json(data, where=name, max_bytes=MAX_BYTES)
    if not is_group(value):
        raise FormatError("This is not a group of SillyTavern's.", where=name)
    found: Mapping[str, Any] = value
    return found


def read_secrets(data: bytes, name: str) -> dict[str, str]:
    """The keys of ``secrets.json`` by SillyTavern's names; of several under one name the active one.

    Raises ``FormatError``.
    """
    value = cleaned(read_json(data, where=name, max_bytes=MAX_BYTES))
    if not isinstance(value, Mapping):
        raise FormatError("There are no keys inside.", where=name)
    found = {}
    for key, said in value.items():
        several = _tables(said)
        chosen = next((one for one in several if one.get("active")), several[0] if several else {})
        secret = said if isinstance(said, str) else _text(chosen, "value")
        if secret:
            found[str(key)] = secret
    return found


def _note(said: Mapping[str, Any]) -> BesideCard:
    """A character's author's note; SillyTavern counts ways of using it from 0 (``authors-note.js``)."""
    ways, place = tuple(NoteUse), said.get("position")
    return BesideCard(str(said["prompt"]), ways[place] if place in (1, 2) else NoteUse.REPLACE)


def _stop_strings(power: Mapping[str, Any]) -> tuple[str, ...]:
    """The stop strings of one's own, a list as JSON in a text; what is none is passed over (``power-user.js``)."""
    try:
        return _texts(cleaned(read_json(_text(power, "custom_stopping_strings"))))
    except FormatError:
        return ()


def _tags(value: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    names = {_text(tag, "id"): _text(tag, "name") for tag in _tables(value.get("tags"))}
    found = {}
    for avatar, ids in _table(value, "tag_map").items():
        tags = tuple(names[one] for one in _texts(ids) if names.get(one))
        if tags:
            found[str(avatar)] = tags
    return found


def _profiles(extensions: Mapping[str, Any]) -> list[Profile]:
    listed = _tables(_table(extensions, "connectionManager").get("profiles"))
    return [
        Profile(
            _text(one, "name"), _text(one, "api-url"), _text(one, "model"), _text(one, "preset"), _text(one, "instruct")
        )
        for one in listed
        if _text(one, "name") and _text(one, "api-url")
    ]


def _servers(text_completion: Mapping[str, Any]) -> list[Profile]:
    """The servers that were typed in, one of each kind."""
    addresses = _table(text_completion, "server_urls")
    return [Profile(str(kind), url) for kind, url in addresses.items() if isinstance(url, str) and url.strip()]


def _not_taken(value: Mapping[str, Any], power: Mapping[str, Any], extensions: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of what has no place here; what says nothing is passed over."""
    parts = (("", value, _TAKEN), ("power_user.", power, _TAKEN_POWER), ("extensions: ", extensions, _TAKEN_EXTENSIONS))
    return tuple(f"{before}{key}" for before, table, taken in parts for key in table if key not in taken and table[key])


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _tables(value: object) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found.strip() if isinstance(found, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, list) else ()


def _count(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float)
