"""What a person does to a group: who is in it, who is muted or away, who knows of a turn, how it speaks.

Each function gives the events that make the change, for a session or for a chat that nobody talks in; what it cannot
do it says. Every change is undone like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tavern_tui.domain import groups
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.errors import ContradictionError, NotFoundError
from tavern_tui.domain.events import Body, PropertySet
from tavern_tui.session.groups.facts import CARDS, ORDERS, GroupFacts, facts_of
from tavern_tui.session.groups.presence import away_set, limit_set

LEAST_MEMBERS: Final = 1
MOST_MEMBERS: Final = 32
"""Members of a group: more make no sense in one prompt."""


def group_in(tree: ChatTree) -> GroupFacts:
    """The group of a chat. Raises ``NotFoundError`` where it is none."""
    facts = facts_of(tree)
    if facts is None:
        who = tree.characters[0] if tree.characters else "nobody"
        raise NotFoundError(
            f"This chat is with {who} alone.", hint="Add another character first: a in /group, or group add."
        )
    return facts


def member_called(tree: ChatTree, typed: str) -> str:
    """The member that ``typed`` means: a number of the list, a name, or how one alone begins.

    Raises ``NotFoundError``.
    """
    members = group_in(tree).members
    wanted = typed.strip().removeprefix("@").strip()
    if wanted.isdecimal() and len(wanted) < 4 and 1 <= int(wanted) <= len(members):
        return members[int(wanted) - 1]
    folded = wanted.casefold()
    for same in (
        [name for name in members if name.casefold() == folded],
        [name for name in members if folded and name.casefold().startswith(folded)],
        [name for name in members if folded and any(word.startswith(folded) for word in name.casefold().split())],
    ):
        if len(same) == 1:
            return same[0]
        if same:
            raise NotFoundError(f"{wanted} may be {' or '.join(same)}.", hint="Type more of the name.")
    raise NotFoundError(f"Nobody here is called “{wanted}”.", hint=f"In the group are {', '.join(members)}.")


def added(tree: ChatTree, name: str) -> list[Body]:
    """``name`` joins, at the end of the list. Raises ``ContradictionError`` where it is there, or the group is full."""
    members = tree.characters
    if name in members:
        raise ContradictionError(f"{name} is in the group already.")
    if len(members) >= MOST_MEMBERS:
        raise ContradictionError(f"A group has at most {MOST_MEMBERS} members.")
    return [PropertySet(groups.MEMBERS, [*members, name])]


def removed(tree: ChatTree, name: str) -> list[Body]:
    """``name`` leaves for good; what it said stays. Raises ``ContradictionError`` for the last member."""
    members = group_in(tree).members
    if len(members) <= LEAST_MEMBERS:
        raise ContradictionError(f"{name} is the last one here.", hint="Add somebody first, or delete the chat.")
    return [PropertySet(groups.MEMBERS, [one for one in members if one != name])]


def moved(tree: ChatTree, name: str, steps: int) -> list[Body]:
    """``name`` stands ``steps`` places further down the list, or up; nothing at its ends."""
    members = list(group_in(tree).members)
    place = members.index(name)
    to = min(max(0, place + steps), len(members) - 1)
    if to == place:
        return []
    members.insert(to, members.pop(place))
    return [PropertySet(groups.MEMBERS, members)]


def muted(tree: ChatTree, name: str, quiet: bool = True) -> list[Body]:
    """``name`` does not speak unless asked to, or does again; nothing where that is so."""
    now = group_in(tree).muted
    if (name in now) is quiet:
        return []
    return [PropertySet(groups.MUTED, sorted(now | {name} if quiet else now - {name}))]


def away(tree: ChatTree, name: str, gone: bool = True) -> list[Body]:
    """``name`` leaves the scene from the next turn on, or comes back to it; nothing where that is so."""
    group_in(tree)
    event = away_set(tree, name, gone)
    return [] if event is None else [event]


def limited(tree: ChatTree, turn: str, names: Iterable[str]) -> list[Body]:
    """Only ``names`` know of ``turn``; of nobody: everybody who was there does. Raises ``NotFoundError``."""
    if turn not in tree.turns:
        raise NotFoundError("That turn is no longer in this chat.")
    known = [member_called(tree, name) for name in names]
    return [limit_set(turn, known or None)]


def ordered(tree: ChatTree, order: str) -> list[Body]:
    """Members speak in that kind of order. Raises ``NotFoundError`` for an unknown one."""
    return _chosen(tree, groups.ORDER, order, ORDERS, "order")


def carded(tree: ChatTree, cards: str) -> list[Body]:
    """Prompts tell of those cards. Raises ``NotFoundError`` for an unknown way."""
    return _chosen(tree, groups.CARDS, cards, CARDS, "way with cards")


def answering_themselves(tree: ChatTree, wanted: bool) -> list[Body]:
    """Whether who spoke last may speak again."""
    group_in(tree)
    return [PropertySet(groups.SELF_RESPONSES, wanted)]


def staged(tree: ChatTree, scenario: str) -> list[Body]:
    """The group has that scenario instead of the cards'; empty: theirs."""
    if group_in(tree).scenario == scenario.strip():
        return []
    return [PropertySet(groups.SCENARIO, scenario.strip() or None)]


def _chosen(tree: ChatTree, key: str, word: str, choices: tuple[str, ...], what: str) -> list[Body]:
    group_in(tree)
    found = [choice for choice in choices if choice == word.strip().casefold().replace("-", "_").replace(" ", "_")]
    if not found:
        raise NotFoundError(f"There is no {what} “{word}”.", hint=f"There are {', '.join(choices)}.")
    return [PropertySet(key, found[0])]
