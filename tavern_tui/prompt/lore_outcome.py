"""What a scan of the lorebooks finds: entries that fire, entries that nearly did, and what lasts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tavern_tui.prompt.lore_books import Listed
from tavern_tui.prompt.plan import NO_LORE_STATE, LoreState

MOST_TOLD = 20
"""Entries that did not fire and are named in a plan."""


class Pass(Enum):
    """What made a pass over the entries necessary."""

    FIRST = "first"
    RECURSION = "recursion"
    WIDER = "wider"


@dataclass(frozen=True, slots=True)
class Fired:
    """An entry that fires: its text, macros expanded, the tokens it was charged with, and the reason.

    ``depth`` is where its text goes if it goes into the chat, in turns above the newest.
    """

    one: Listed
    text: str
    tokens: int
    reason: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """An entry that nearly fired, and what kept it from it. ``cut``: the budget did."""

    one: Listed
    reason: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Lore:
    """The result of a scan: what fires in the order of firing, what nearly did, and what lasts.

    ``unknown`` are texts whose tokens were only estimated. The tokens charged are
    below ``budget``; ``cut`` says that it, or a book's own, kept something out. ``held`` are as many as a plan tells,
    ``all_held`` all of them.
    """

    fired: tuple[Fired, ...] = ()
    held: tuple[Held, ...] = ()
    state: LoreState = NO_LORE_STATE
    unknown: tuple[str, ...] = ()
    budget: int = 0
    cut: bool = False
    all_held: tuple[Held, ...] = ()
