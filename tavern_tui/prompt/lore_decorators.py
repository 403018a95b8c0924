"""Decorators: lines like ``@@depth 4`` at the start of an entry's text that say more than its fields.

What a field of ``LoreEntry`` can say is written into the entry; the rest is a ``Conditions``. A decorator that is not
known here, or whose value means nothing, does nothing, and the ``@@@`` lines after it are tried in its place. The
entry in its book keeps its text as it is. Under ``exact`` only SillyTavern's two are known.
Source: character card V3 specification, Lorebook; SillyTavern 1.12.6 ``parseDecorators``; of RisuAI's own those for
what a field can say, too (``end``, ``match_full_word``, ``probability`` …), and those that put a text into another
entry's, into a prompt's field or to a place of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tavern_tui.domain.lorebook import InjectionRole, LoreEntry, LorePosition

FOREVER = 1_000_000_000
"""Turns that no chat has: the length of an effect without an end."""

UI_PROMPTS = ("system_prompt", "post_history_instructions")
"""The user's own prompts that an entry can switch off."""

SLOTS: Mapping[str, str] = MappingProxyType(
    {
        "main": "system",
        "system_prompt": "system",
        "description": "description",
        "personality": "personality",
        "scenario": "scenario",
        "persona": "persona",
        "jailbreak": "post_history",
        "globalnote": "post_history",
        "post_history_instructions": "post_history",
    }
)
"""The fields of a prompt that a text may join, by what ``@@inject_at`` calls them."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What an entry's decorators ask for that no field of it can say.

    ``after`` and ``every`` count the character's turns. ``greeting`` is the number of the greeting that opened the
    chat, ``user_icon`` the persona's name. Of each list in ``additional`` one key must stand in the text, too; none of
    ``excluded`` may, and not all of a list in ``excluded_together``. ``yields``: the first to go where room is short.
    ``slot`` is one of ``SLOTS``, the field that the text joins. ``from_start``: the depth counts from the chat's first
    turn. ``silences`` are the ``UI_PROMPTS`` that are left out while the entry is in. ``into`` is the title of an entry
    that the text joins: in the place of ``replaces`` where that stands in it, else below it, above it where ``on_top``;
    so it joins a slot. ``tokens_deep`` and ``tokens_from_start`` are depths and ``tokens_seen`` a scan depth in tokens.
    """

    after: int = 0
    every: int = 0
    greeting: int | None = None
    user_icon: str = ""
    additional: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[str, ...] = ()
    excluded_together: tuple[tuple[str, ...], ...] = ()
    yields: bool = False
    slot: str = ""
    from_start: int | None = None
    silences: tuple[str, ...] = ()
    into: str = ""
    replaces: str = ""
    on_top: bool = False
    tokens_deep: int | None = None
    tokens_from_start: int | None = None
    tokens_seen: int | None = None


NO_CONDITIONS = Conditions()
"""The conditions of an entry without decorators."""


@dataclass(frozen=True, slots=True)
class Decorated:
    """An entry with its decorators read: what is left of its text, and what they said."""

    entry: LoreEntry
    content: str
    forced: bool = False
    silenced: bool = False
    conditions: Conditions = NO_CONDITIONS


def decorated(entry: LoreEntry, *, exact: bool) -> Decorated:
    """``entry`` with the decorators at the start of its text taken at their word."""
    if not entry.content.startswith("@@"):
        return Decorated(entry, entry.content)
    said: dict[str, Any] = {}
    instead = False
    at, content = 0, entry.content
    read = _read_exactly if exact else _read
    while content.startswith("@@", at):
        end = content.find("\n", at)
        line = content[at : end if end >= 0 else len(content)]
        if instead or not line.startswith("@@@"):
            instead = not read(line, said)
        if end < 0:
            # A text of nothing but decorators stays as it is in SillyTavern.
            return _applied(entry, content if exact else "", said)
        at = end + 1
    rest = content[at:]
    return _applied(entry, rest if exact else rest.strip("\n"), said)


def _read_exactly(line: str, said: dict[str, Any]) -> bool:
    """SillyTavern knows a decorator by its beginning, and heeds it where that is all of the line."""
    name = line.removeprefix("@@@").removeprefix("@@")
    if name in _EXACT:
        said[_EXACT[name]] = True
    return name.startswith(tuple(_EXACT))


def _read(line: str, said: dict[str, Any]) -> bool:
    """Take one decorator to ``said``; whether it is known and means something. The first of its kind counts."""
    name, _, value = line.lstrip("@").partition(" ")
    found = _KNOWN.get(name.strip())
    if found is None:
        return False
    field, parse = found
    parsed = parse(value.strip())
    if parsed is None:
        return False
    if field in _LISTS:
        said.setdefault(field, []).append(parsed)
    else:
        said.setdefault(field, parsed)
    return True


def _applied(entry: LoreEntry, content: str, said: Mapping[str, Any]) -> Decorated:
    changes = {field: value for field, value in said.items() if field in _ENTRY_FIELDS}
    place = said.get("place")
    slot = said.get("at", "")
    if isinstance(place, LorePosition):
        changes["position"] = place
    elif isinstance(place, str) and place.startswith(_OWN_PLACE):
        changes |= {"position": LorePosition.OUTLET, "outlet": place.removeprefix(_OWN_PLACE)}
    elif isinstance(place, str):
        slot = place
    elif place is None and said.keys() & _DEPTHS:
        changes["position"] = LorePosition.AT_DEPTH
    if place is not None:
        changes.pop("depth", None)
    conditions = NO_CONDITIONS
    if said:
        conditions = Conditions(
            after=said.get("after", 0),
            every=said.get("every", 0),
            greeting=said.get("greeting"),
            user_icon=said.get("user_icon", ""),
            additional=tuple(said.get("additional", ())),
            excluded=tuple(key for keys in said.get("excluded", ()) for key in keys),
            excluded_together=tuple(said.get("excluded_together", ())),
            yields="yields" in said,
            slot=slot,
            from_start=said.get("from_start") if place is None else None,
            silences=tuple(said.get("silences", ())),
            into=said.get("into", ""),
            replaces=said.get("replaces", ""),
            on_top="on_top" in said,
            tokens_deep=said.get("tokens_deep") if place is None else None,
            tokens_from_start=said.get("tokens_from_start") if place is None else None,
            tokens_seen=said.get("tokens_seen"),
        )
    forced = said.get("forced", False)
    return Decorated(replace(entry, **changes), content, forced, "silenced" in said and not forced, conditions)


def _yes(_value: str) -> bool:
    return True


def _always(value: Any) -> Callable[[str], Any]:
    return lambda _: value


def _count(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _whole(value: str) -> int | None:
    number = _count(value.removeprefix("-"))
    return -number if number is not None and value.startswith("-") else number


def _depth(value: str) -> int | None:
    number = _whole(value)
    return None if number is None else max(0, number)


def _percentage(value: str) -> float | None:
    number = _count(value.removesuffix("%").strip())
    return None if number is None else float(min(number, 100))


def _text(value: str) -> str | None:
    return value or None


def _keys(value: str) -> tuple[str, ...] | None:
    return tuple(key for part in value.split(",") if (key := part.strip())) or None


def _role(value: str) -> InjectionRole | None:
    return next((role for role in InjectionRole if role.value == value), None)


def _place(value: str) -> LorePosition | str | None:
    own = value.startswith(_OWN_PLACE) and value.removeprefix(_OWN_PLACE).strip()
    return f"{_OWN_PLACE}{own}" if own else _PLACES.get(value)


def _slot(value: str) -> str | None:
    return SLOTS.get(value.casefold())


def _ui_prompt(value: str) -> str | None:
    return value if value in UI_PROMPTS else None


_PLACES: Mapping[str, LorePosition | str] = MappingProxyType(
    {
        "before_desc": LorePosition.BEFORE_CHARACTER,
        "after_desc": LorePosition.AFTER_CHARACTER,
        "personality": "personality",
        "scenario": "scenario",
    }
)
_OWN_PLACE = "pt_"  # what the names of RisuAI's places in a template begin with
_DEPTHS = frozenset(("depth", "from_start", "tokens_deep", "tokens_from_start"))
_LISTS = frozenset(("additional", "excluded", "excluded_together", "silences"))
_ENTRY_FIELDS = frozenset(
    (
        "depth",
        "role",
        "scan_depth",
        "sticky",
        "cooldown",
        "match_whole_words",
        "probability",
        "priority",
        "prevent_recursion",
        "exclude_recursion",
    )
)
# A decorator's name: where its value is kept, and how it is read; a value of None means nothing.
_KNOWN: Mapping[str, tuple[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "activate": ("forced", _yes),
        "dont_activate": ("silenced", _yes),
        "activate_only_after": ("after", _count),
        "activate_only_every": ("every", _count),
        "keep_activate_after_match": ("sticky", _always(FOREVER)),
        "dont_activate_after_match": ("cooldown", _always(FOREVER)),
        "depth": ("depth", _depth),
        "end": ("depth", _always(0)),
        "reverse_depth": ("from_start", _count),
        "role": ("role", _role),
        "scan_depth": ("scan_depth", _count),
        "is_greeting": ("greeting", _count),
        "position": ("place", _place),
        "ignore_on_max_context": ("yields", _yes),
        "additional_keys": ("additional", _keys),
        "exclude_keys": ("excluded", _keys),
        "exclude_keys_all": ("excluded_together", _keys),
        "is_user_icon": ("user_icon", _text),
        "disable_ui_prompt": ("silences", _ui_prompt),
        "match_full_word": ("match_whole_words", _always(True)),
        "match_partial_word": ("match_whole_words", _always(False)),
        "probability": ("probability", _percentage),
        "priority": ("priority", _whole),
        "recursive": ("prevent_recursion", _always(False)),
        "unrecursive": ("prevent_recursion", _always(True)),
        "no_recursive_search": ("exclude_recursion", _always(True)),
        "instruct_depth": ("tokens_deep", _count),
        "reverse_instruct_depth": ("tokens_from_start", _count),
        "instruct_scan_depth": ("tokens_seen", _count),
        "inject_at": ("at", _slot),
        "inject_lore": ("into", _text),
        "inject_replace": ("replaces", _text),
        "inject_prepend": ("on_top", _yes),
    }
)
_EXACT: Mapping[str, str] = MappingProxyType({"activate": "forced", "dont_activate": "silenced"})
