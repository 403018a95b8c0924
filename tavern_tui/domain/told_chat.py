"""``ToldChat``: a chat as another program's file tells it, between the codecs (``formats``) and our logs (``session``).

The same shape serves both directions. What a file says beyond what every chat has stays in ``source``, so that it can
be said again to the program that it came from. What our own chats are made of is ``domain.events``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tavern_tui.domain.events import Receipt, Speaker
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.domain.note import NO_NOTE, ChatNote

NOWHERE = -1
"""The place of no turn: the parent of a first one, the tip of an empty chat."""


@dataclass(frozen=True, slots=True)
class ToldTurn:
    """One turn. ``parent`` is the place of the turn that it follows, in ``ToldChat.turns``; siblings are swipes.

    ``at`` is Unix time in seconds, 0 where the file does not say. ``source`` holds what else the file says of it.
    ``edited`` and ``receipt`` are told of our own turns on their way out.
    """

    parent: int
    speaker: Speaker
    name: str
    text: str
    at: float = 0.0
    reasoning: str = ""
    hidden: bool = False
    source: Mapping[str, Any] = EMPTY
    edited: bool = False
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class ToldChat:
    """A chat. ``turns`` are ordered so that a parent comes first; ``tip`` is the place of the last turn shown.

    ``origin`` is the same for a file, its later states and its branches: what tells whose chat this is. ``lore`` are
    the lasting effects of lore entries, as the chat's property ``lore`` has them. ``source`` is what else the file
    says of the chat, for a file of the same ``format``. ``parent`` is the title of the file that this one was branched
    from, empty for a chat's own.
    """

    format: str
    title: str
    turns: tuple[ToldTurn, ...] = ()
    tip: int = NOWHERE
    characters: tuple[str, ...] = ()
    persona: str = ""
    origin: str = ""
    note: ChatNote = NO_NOTE
    variables: Mapping[str, str | int | float] = EMPTY
    lore: tuple[Mapping[str, Any], ...] = ()
    source: Mapping[str, Any] = EMPTY
    parent: str = ""

    def path(self) -> list[int]:
        """The places of the turns that are shown, oldest first."""
        places: list[int] = []
        place = self.tip
        while place != NOWHERE:
            places.append(place)
            place = self.turns[place].parent
        places.reverse()
        return places

    def shown(self) -> list[ToldTurn]:
        """The turns that are shown, oldest first."""
        return [self.turns[place] for place in self.path()]

    def children(self) -> dict[int, list[int]]:
        """The places of the turns below each place, in their order."""
        below: dict[int, list[int]] = {}
        for place, turn in enumerate(self.turns):
            below.setdefault(turn.parent, []).append(place)
        return below


def one_after_another(turns: Sequence[ToldTurn]) -> tuple[tuple[ToldTurn, ...], int]:
    """``turns`` each under the one before, whatever their parents say; and the tip."""
    line = tuple(replace(turn, parent=place - 1) for place, turn in enumerate(turns))
    return line, len(line) - 1
