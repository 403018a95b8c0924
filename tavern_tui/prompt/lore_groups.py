"""Inclusion groups: of the entries of one group that would fire in one pass, which do.

In this order: entries that still stand, the best score, nobody where another member already fired, priority, and a
draw by weight.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``filterByInclusionGroups``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tavern_tui.domain.lorebook import LoreEntry, SelectiveLogic
from tavern_tui.prompt.lore_books import Listed

_BETWEEN = re.compile(r",\s*")


@dataclass(frozen=True, slots=True)
class GroupRules:
    """What the choice depends on beside the entries.

    ``found`` says whether a key of an entry stands in what the entry sees; ``draw`` gives a group's number from 0 up
    to 1; ``exact`` compares a group's name with the whole list of groups of an entry that fired, as SillyTavern does.
    """

    scoring: bool
    exact: bool
    sticky: Callable[[Listed], bool]
    found: Callable[[Listed, str], bool]
    draw: Callable[[str], float]


def names(entry: LoreEntry) -> list[str]:
    """The groups that an entry is in."""
    return [name for name in _BETWEEN.split(entry.group) if name]


def losers(candidates: Sequence[Listed], fired: Collection[Listed], rules: GroupRules) -> dict[Listed, str]:
    """The candidates that do not fire because of a group, each with the reason."""
    groups: dict[str, list[Listed]] = {}
    for one in candidates:
        if one.entry.group:
            for name in names(one.entry):
                groups.setdefault(name, []).append(one)
    lost: dict[Listed, str] = {}
    if not groups:
        return lost
    settled = set()
    for name, members in groups.items():
        if any(map(rules.sticky, members)):
            settled.add(name)
            lost |= {one: f"group {name}: another entry still stands" for one in members if not rules.sticky(one)}
    for name, members in groups.items():
        if name not in settled:
            lost |= dict.fromkeys(_outscored(members, rules), f"group {name}: another entry fits better")
            groups[name] = [one for one in members if one not in lost]
    taken = {name for one in fired for name in ([one.entry.group] if rules.exact else names(one.entry))}
    for name, members in groups.items():
        if name in settled:
            continue
        if name in taken:
            lost |= dict.fromkeys(members, f"group {name}: another entry fired before")
            continue
        winner = _winner(name, [one for one in members if rules.exact or one not in lost], rules)
        lost |= {one: f"group {name}: another entry was chosen" for one in members if winner not in (None, one)}
    return lost


def _winner(name: str, members: Sequence[Listed], rules: GroupRules) -> Listed | None:
    """The entry that stays; ``None`` where nobody has to go."""
    if len(members) <= 1:
        return None
    first = [one for one in members if one.entry.group_override]
    if first:
        return max(first, key=lambda one: one.entry.order)
    roll = rules.draw(name) * sum(max(0.0, one.entry.group_weight) for one in members)
    reached = 0.0
    for one in members:
        reached += max(0.0, one.entry.group_weight)
        if roll <= reached:
            return one
    return members[-1]


def _outscored(members: Sequence[Listed], rules: GroupRules) -> list[Listed]:
    if not (rules.scoring or any(one.entry.use_group_scoring for one in members)):
        return []
    scores = [_score(one, rules) for one in members]
    best = max(scores)
    return [
        one
        for one, score in zip(members, scores, strict=True)
        if score < best and (rules.scoring if one.entry.use_group_scoring is None else one.entry.use_group_scoring)
    ]


def _score(one: Listed, rules: GroupRules) -> int:
    """How many keys are found; secondary ones count where they were wanted."""
    entry = one.entry
    if not entry.keys:
        return 0
    score = sum(rules.found(one, key) for key in entry.keys)
    second = sum(rules.found(one, key) for key in entry.secondary_keys)
    if entry.selective_logic is SelectiveLogic.AND_ANY:
        return score + second
    if entry.selective_logic is SelectiveLogic.AND_ALL and second == len(entry.secondary_keys):
        return score + second
    return score
