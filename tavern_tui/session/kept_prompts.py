"""What the prompts of a chat leave for later ones: read from its log for a prompt, written to it once one is sent.

They are facts of the chat, in its log: after a restart, on a branch or in another program they make the same prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.events import KeptHead, PlacedText, PromptKept, PropertySet

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.engines.base import EngineInfo
    from tavern_tui.prompt.inputs import NotesStay
    from tavern_tui.session.session import ChatSession

WITHOUT_SHIFT: Final = 0.5
"""The share of the history's room that a cut frees where an engine reads all again that follows it."""


NOTES_STAY: Final = "notes_stay"
"""The chat's property that says how long notes stay: ``turns``, and whether they are then ``restated``."""

MOST_TURNS: Final = 1_000
"""Turns that a note may stay at most."""


@dataclass(frozen=True, slots=True)
class KeptPrompts:
    """What a prompt goes on from, as ``PromptInput`` takes it."""

    cuts: tuple[str, ...]
    heads: Mapping[str, KeptHead]
    placed: Callable[[str], Sequence[PlacedText]]


def kept_prompts(tree: ChatTree) -> KeptPrompts:
    """What earlier prompts of the chat left."""
    return KeptPrompts(tuple(reversed(tree.cuts)), tree.heads, lambda turn: tree.placed.get(turn, ()))


def step_for(info: EngineInfo, usual: float) -> float:
    """The share of the history's room that a cut frees with this engine."""
    return usual if info.capabilities.shifts else WITHOUT_SHIFT


def notes_stay(tree: ChatTree) -> NotesStay:
    """How long notes stay where they are in a chat; they move with every turn unless it says otherwise."""
    from tavern_tui.prompt.inputs import NotesStay

    match tree.properties.get(NOTES_STAY):
        case {"turns": int(turns), **rest} if 0 < turns <= MOST_TURNS:
            return NotesStay(turns, rest.get("restated") is True)
        case _:
            return NotesStay()


async def set_notes_stay(session: ChatSession, turns: int, *, restated: bool) -> None:
    """Let notes stay for so many turns in this chat, for good; 0: they move with every turn.

    Raises ``StorageError``.
    """
    turns = max(0, min(turns, MOST_TURNS))
    value = {"turns": turns, "restated": restated} if turns else None
    await session.changes.write(PropertySet(NOTES_STAY, value))


async def keep(session: ChatSession, kept: PromptKept | None) -> None:
    """Write down what a prompt that is sent leaves for later ones. Raises ``StorageError``."""
    if kept is not None:
        await session.changes.write(kept)


async def build_head_anew(session: ChatSession) -> None:
    """Let the chat's next prompt make its head anew, with the lore that is active then. Raises ``StorageError``."""
    await session.changes.write(PromptKept(session.tree.tip, head=KeptHead("")))
