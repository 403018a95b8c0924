"""The fields of lorebook entries, file by file: which name stands for which, and how each is read.

A field of groups, recursion, time and place may be left out, empty or null with one meaning; ``CONTROLS`` reads them
all the same way. What reads and writes whole books: ``formats.lorebook``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from tavern_tui.domain.lorebook import InjectionRole, LoreSource
from tavern_tui.formats.fields import Fields

# A card book's extension ⇄ the world file's field.
EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "position": "position",
        "exclude_recursion": "excludeRecursion",
        "prevent_recursion": "preventRecursion",
        "delay_until_recursion": "delayUntilRecursion",
        "display_index": "displayIndex",
        "probability": "probability",
        "useProbability": "useProbability",
        "depth": "depth",
        "selectiveLogic": "selectiveLogic",
        "group": "group",
        "group_override": "groupOverride",
        "group_weight": "groupWeight",
        "use_group_scoring": "useGroupScoring",
        "scan_depth": "scanDepth",
        "match_whole_words": "matchWholeWords",
        "case_sensitive": "caseSensitive",
        "automation_id": "automationId",
        "role": "role",
        "vectorized": "vectorized",
        "sticky": "sticky",
        "cooldown": "cooldown",
        "delay": "delay",
        "outlet_name": "outletName",
        "ignore_budget": "ignoreBudget",
        "triggers": "triggers",
        "match_persona_description": "matchPersonaDescription",
        "match_character_description": "matchCharacterDescription",
        "match_character_personality": "matchCharacterPersonality",
        "match_character_depth_prompt": "matchCharacterDepthPrompt",
        "match_scenario": "matchScenario",
        "match_creator_notes": "matchCreatorNotes",
        "use_regex": "useRegex",
    }
)
TO_EXTENSION = {world: extension for extension, world in EXTENSIONS.items()}

# A card book's own field ⇄ the world file's field.
BOOK_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "keys": "key",
        "secondary_keys": "keysecondary",
        "comment": "comment",
        "content": "content",
        "constant": "constant",
        "selective": "selective",
        "insertion_order": "order",
    }
)
TO_BOOK_FIELD = {world: book for book, world in BOOK_FIELDS.items()}
ROLES = (InjectionRole.SYSTEM, InjectionRole.USER, InjectionRole.ASSISTANT)
# The world file's fields that ``LoreEntry`` models, and those that a card's book says in another way.
MODELLED = frozenset(
    (*TO_BOOK_FIELD, "uid", "disable", "position", "probability", "useProbability", "depth", "role", "selectiveLogic")
) | {"scanDepth", "caseSensitive", "matchWholeWords"}


def _level(raw: Fields, key: str) -> int:
    """A recursion level; true is the first."""
    return int(raw.flag(key)) if isinstance(raw.get(key), (bool, str)) else raw.integer(key, 0)


def _priority(raw: Fields, key: str) -> int | None:
    """A whole number; what else stands there belongs to somebody else."""
    value = raw.get(key)
    return value if type(value) is int else None


def _texts(raw: Fields, key: str) -> tuple[str, ...]:
    return raw.texts(key, split=",")


# The world file's fields of groups, recursion, time and place, Kobold's and V3's ⇄ ``LoreEntry``'s, and how they are
# read.
CONTROLS: Mapping[str, tuple[str, Callable[[Fields, str], Any]]] = MappingProxyType(
    {
        "group": ("group", Fields.text),
        "groupOverride": ("group_override", Fields.flag),
        "groupWeight": ("group_weight", lambda raw, key: raw.number(key, 100.0)),
        "useGroupScoring": ("use_group_scoring", Fields.maybe_flag),
        "excludeRecursion": ("exclude_recursion", Fields.flag),
        "preventRecursion": ("prevent_recursion", Fields.flag),
        "delayUntilRecursion": ("delay_until_recursion", _level),
        "sticky": ("sticky", lambda raw, key: raw.integer(key, 0)),
        "cooldown": ("cooldown", lambda raw, key: raw.integer(key, 0)),
        "delay": ("delay", lambda raw, key: raw.integer(key, 0)),
        "outletName": ("outlet", Fields.text),
        "ignoreBudget": ("ignore_budget", Fields.flag),
        "triggers": ("triggers", _texts),
        "keyanti": ("exclude_keys", _texts),
        "priority": ("priority", _priority),
        "useRegex": ("use_regex", Fields.flag),
    }
)

# The world file's flags for texts beside the turns in which keys are looked for.
SOURCES: Mapping[str, LoreSource] = MappingProxyType(
    {
        "matchPersonaDescription": LoreSource.PERSONA,
        "matchCharacterDescription": LoreSource.DESCRIPTION,
        "matchCharacterPersonality": LoreSource.PERSONALITY,
        "matchCharacterDepthPrompt": LoreSource.CHARACTER_NOTE,
        "matchScenario": LoreSource.SCENARIO,
        "matchCreatorNotes": LoreSource.CREATOR_NOTES,
    }
)


def written(value: Any) -> Any:
    """A value of the domain as JSON says it: whole numbers without a point, lists."""
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def any_pattern(keys: Iterable[Any]) -> bool:
    """What V3's ``use_regex`` says of a book whose keys mark their regular expressions themselves."""
    return any(isinstance(key, str) and key.startswith("/") for key in keys)
