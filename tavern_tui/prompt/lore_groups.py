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
_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class GroupRules:
    """What the choice depends on beside the entries.

    ``found`` says whether a key of an entry stands in what the entry sees; ``draw`` gives a group's number from 0 up
    to 1; ``exact`` is SillyTavern with its oversights: a group's name is compared with the whole list of groups of an
    entry that fired, an entry that loses in two groups takes another with it, and one that still stands goes where its
    cooldown has begun, too (``cooling``).
    """

    scoring: bool
    exact: bool
    sticky: Callable[[Listed], bool]
    found: Callable[[Listed, str], bool]
    draw: Callable[[str], float]
    cooling: Callable[[Listed], bool]


def names(entry: LoreEntry) -> list[str]:
    """The groups that an entry is in."""
    return [name for name in _BETWEEN.split(entry.group) if name]


class _Removal:
    """The candidates that have to go, each with the reason.

    ``exact``: one that is removed again takes the last candidate with it, as in SillyTavern, whatever that is.
    """

    def __init__(self, candidates: Sequence[Listed], *, exact: bool) -> None:
        self.lost: dict[Listed, str] = {}
        self._left = list(candidates) if exact else None

    def remove(self, one: Listed, reason: str) -> None:
        """Let ``one`` go."""
        if self._left is not None and one in self.lost:
            if not self._left:
                return
            one, reason = self._left[-1], "another entry was taken out of two groups, as SillyTavern does it"
        if self._left is not None:
            self._left.remove(one)
        self.lost.setdefault(one, reason)


def losers(candidates: Sequence[Listed], fired: Collection[Listed], rules: GroupRules) -> dict[Listed, str]:
    """The candidates that do not fire because of a group, each with the reason."""
    groups = _groups(candidates, rules)
    removal = _Removal(candidates, exact=rules.exact)
    if not groups:
        return removal.lost
    settled = set()
    for name, members in groups.items():
        if any(map(rules.sticky, members)):
            settled.add(name)
            for one in members:
                if not rules.sticky(one):
                    removal.remove(one, f"group {name}: another entry still stands")
        for one in filter(rules.cooling, members) if rules.exact else ():
            removal.remove(one, f"group {name}: on cooldown, as SillyTavern sees it")
    for name, members in groups.items():
        if name not in settled:
            outscored = _outscored(members, rules)
            for one in outscored:
                removal.remove(one, f"group {name}: another entry fits better")
            gone = outscored if rules.exact else removal.lost
            groups[name] = [one for one in members if one not in gone]
    taken = {name for one in fired for name in ([one.entry.group] if rules.exact else names(one.entry))}
    for name, members in groups.items():
        if name in settled:
            continue
        if name in taken:
            for one in members:
                removal.remove(one, f"group {name}: another entry fired before")
            continue
        winner = _winner(name, [one for one in members if rules.exact or one not in removal.lost], rules)
        for one in members if winner is not None else ():
            if one is not winner:
                removal.remove(one, f"group {name}: another entry was chosen")
    return removal.lost


def _groups(candidates: Sequence[Listed], rules: GroupRules) -> dict[str, list[Listed]]:
    """The members of each group; under ``exact`` names that are numbers come first, as in a JavaScript object."""
    groups: dict[str, list[Listed]] = {}
    for one in candidates:
        if one.entry.group:
            for name in names(one.entry):
                groups.setdefault(name, []).append(one)
    if not rules.exact:
        return groups
    numbers = sorted((name for name in groups if _ARRAY_INDEX.fullmatch(name)), key=int)
    return {name: groups[name] for name in dict.fromkeys((*numbers, *groups))}


def _winner(name: str, members: Sequence[Listed], rules: GroupRules) -> Listed | None:
    """The entry that stays; ``None`` where nobody has to go."""
    if len(members) <= 1:
        return None
    first = [one for one in members if one.entry.group_override]
    if first:
        return max(first, key=lambda one: one.entry.order)
    weights = [one.entry.group_weight if rules.exact else max(0.0, one.entry.group_weight) for one in members]
    roll = rules.draw(name) * sum(weights)
    reached = 0.0
    for one, weight in zip(members, weights, strict=True):
        reached += weight
        if roll <= reached:
            return one
    return None if rules.exact else members[-1]


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
