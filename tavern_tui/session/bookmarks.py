"""Bookmarks: turns of a chat that somebody wants to find again.

Each is a property of the chat of its own, so that bookmarks set on two devices are both there when their logs meet,
and undo takes back one of them like anything else that was done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import PropertySet

BOOKMARK: Final = "bookmark "
"""How the keys of these properties begin; the id of the turn follows."""


def bookmark_set(turn: str, on: bool) -> PropertySet:
    """The event that sets a bookmark at ``turn``, or takes it away."""
    return PropertySet(BOOKMARK + turn, True if on else None)


def is_bookmarked(tree: ChatTree, turn: str) -> bool:
    """Whether there is a bookmark at ``turn``."""
    return BOOKMARK + turn in tree.properties


def bookmarked(tree: ChatTree) -> list[str]:
    """The turns with a bookmark, in the order in which they were written; turns that are gone are left out."""
    marked = turns_of(tree.properties) & tree.turns.keys()
    return sorted(marked, key=lambda turn: (tree.turns[turn].at, turn))


def turns_of(properties: Iterable[str]) -> set[str]:
    """The turns whose bookmarks are among these keys of properties, set or taken away."""
    return {key.removeprefix(BOOKMARK) for key in properties if key.startswith(BOOKMARK)}
