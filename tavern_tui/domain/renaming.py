"""A character's new name in a chat: a property of it that changes who talks there, and whose turns are whose.

The log keeps what it said; only what is read from it has the new name. ``domain.chat`` folds it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.events import PropertySet, Speaker

if TYPE_CHECKING:
    from tavern_tui.domain.chat import Turn

RENAMED = "renamed"
"""The property's key; its value is ``{"from": name, "to": name}``."""


def renaming(old: str, new: str) -> PropertySet:
    """What a chat is told when its character ``old`` is called ``new``."""
    return PropertySet(RENAMED, {"from": old, "to": new})


def apply_renaming(characters: tuple[str, ...], turns: MutableMapping[str, Turn], value: Any) -> tuple[str, ...]:
    """The characters of a chat after ``value``, and its turns changed in their place; nothing for another value."""
    old, new = (value.get("from"), value.get("to")) if isinstance(value, dict) else (None, None)
    if not isinstance(old, str) or not isinstance(new, str) or not old or not new:
        return characters
    for turn in [turn for turn in turns.values() if turn.name == old and turn.speaker is Speaker.CHARACTER]:
        turns[turn.id] = replace(turn, name=new)
    return tuple(new if name == old else name for name in characters)
