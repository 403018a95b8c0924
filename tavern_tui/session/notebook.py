"""A chat's notebook: what its reader wants to remember. It belongs to the chat and is never part of a prompt.

It is a property of the chat that nothing but this module and those who show it read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tavern_tui.domain.events import PropertySet

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree

NOTEBOOK: Final = "notebook"
"""The chat's property that holds the text."""
MOST_CHARACTERS: Final = 200_000
"""What is written beyond that is left out: each change keeps the whole text in the chat's log."""


def notebook_of(tree: ChatTree) -> str:
    """What is written in it; empty where nothing is."""
    text = tree.properties.get(NOTEBOOK)
    return text if isinstance(text, str) else ""


def notebook_set(tree: ChatTree, text: str) -> PropertySet | None:
    """The event that keeps ``text``, blanks at its end aside; ``None`` where nothing changes."""
    text = text.rstrip()[:MOST_CHARACTERS]
    return PropertySet(NOTEBOOK, text or None) if text != notebook_of(tree) else None


def with_line(text: str, added: str) -> str:
    """``text`` with a paragraph more."""
    return f"{text.rstrip()}\n{added.strip()}".strip()
