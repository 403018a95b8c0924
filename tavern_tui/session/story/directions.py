"""Directions: what a passage is to bring, told to the model in one line and never part of the text. Pure.

That of the next passage is a property of the chat; once the passage is there it is kept under the passage's name.
"""

from __future__ import annotations

from typing import Final

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import Body, PropertySet

DIRECTION: Final = "story direction"
"""The property that holds the direction for the next passage; with a turn's id behind it, that of a passage."""


def direction_of(tree: ChatTree) -> str:
    """What the next passage is to bring; "" for nothing."""
    return _text(tree, DIRECTION)


def kept_with(tree: ChatTree, turn: str) -> str:
    """What the passage ``turn`` was to bring; "" for nothing."""
    return _text(tree, f"{DIRECTION} {turn}")


def used_by(turn: str, line: str) -> tuple[Body, ...]:
    """The events that keep ``line`` with the passage ``turn``, so that the next has none."""
    return (PropertySet(f"{DIRECTION} {turn}", line), PropertySet(DIRECTION, None))


def _text(tree: ChatTree, key: str) -> str:
    value = tree.properties.get(key)
    return value if isinstance(value, str) else ""
