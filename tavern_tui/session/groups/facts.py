"""``GroupFacts``: what a chat's log says of its group. Each fact is a property of its own, so that undo takes back one
change and two devices may change different ones. Who is away, and who knows of a turn: ``presence``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tavern_tui.domain import groups
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.groups import is_group, names_in

ORDERS: Final = ("natural", "list", "pooled", "manual")
"""The kinds of order in which members speak, as ``group.order`` has them."""

CARDS: Final = ("join", "swap", "join_muted")
"""Whose cards a prompt tells of, as ``group.cards`` has them."""

TOLD_ORDERS: Final = {
    "natural": "Who is named answers, then who feels like it by their talkativeness",
    "list": "Everybody answers, in the order of the list",
    "pooled": "One answers who has not spoken since you did",
    "manual": "Nobody answers unless asked to: @ in the chat, or /next",
}
TOLD_CARDS: Final = {
    "join": "Prompts tell of all who may speak: read once for everybody",
    "swap": "Prompts tell only of who speaks",
    "join_muted": "Prompts tell of all, muted ones too",
}


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group as its chat's log has it. ``members`` are names, in their order.

    ``order`` is one of ``ORDERS``, ``cards`` one of ``CARDS``. ``self_responses``: who spoke last may speak again.
    ``scenario`` takes the place of the cards'. ``join_prefix`` and ``join_suffix`` stand round each member's text where
    cards are joined.
    """

    members: tuple[str, ...]
    muted: frozenset[str] = frozenset()
    order: str = ORDERS[0]
    cards: str = CARDS[0]
    self_responses: bool = False
    scenario: str = ""
    join_prefix: str = ""
    join_suffix: str = ""


def facts_of(tree: ChatTree) -> GroupFacts | None:
    """The group of a chat; ``None`` where it is none. What makes no sense counts as not said."""
    if not is_group(tree):
        return None
    said = tree.properties
    return GroupFacts(
        members=tree.characters,
        muted=frozenset(names_in(said.get(groups.MUTED))) & frozenset(tree.characters),
        order=_one_of(said.get(groups.ORDER), ORDERS),
        cards=_one_of(said.get(groups.CARDS), CARDS),
        self_responses=said.get(groups.SELF_RESPONSES) is True,
        scenario=_text(said.get(groups.SCENARIO)),
        join_prefix=_text(said.get(groups.JOIN_PREFIX)),
        join_suffix=_text(said.get(groups.JOIN_SUFFIX)),
    )


def _one_of(value: Any, choices: tuple[str, ...]) -> str:
    return value if value in choices else choices[0]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
