"""The branches of a chat: where its turns go on in more than one way, and what each way is called. Pure.

A swipe that nothing follows is no branch; it is counted with the branch that it stands beside. A branch is named by
whoever wants to; else it is known by its first words that the others do not have (``docs/ux.md`` §10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.events import PropertySet

NAME: Final = "branch "
"""How the keys of the properties begin that name branches; the id of the branch's first turn follows."""

_LABEL_CHARACTERS = 80
_READ_CHARACTERS = 2_000
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Branch:
    """Turns that follow each other from ``first`` to where the next branches begin, or to an end.

    ``end`` is the turn that one goes to for reading it. ``depth`` counts the forks above it, ``turns`` its own turns,
    ``place`` is the number of its first turn. ``swipes`` stand beside its turns, other than these. ``at`` is the time
    of its newest turn in Unix seconds, ``here``: it is read. ``label`` is its name or its first words.
    """

    first: str
    end: str
    depth: int
    place: int
    turns: int
    swipes: int
    at: float
    here: bool
    label: str
    named: bool = False


def branches(tree: ChatTree) -> list[Branch]:
    """The branches of a chat, each followed by those that go out from it."""
    here = {turn.id for turn in tree.walk_back()}
    goes_on = {turn.parent for turn in tree.turns.values()} | here
    found: list[Branch] = []
    waiting = [(first, 0, 1, firsts) for firsts in [_going_on(tree, ROOT, goes_on)] for first in reversed(firsts)]
    while waiting:
        first, depth, place, beside = waiting.pop()
        last, turns, swipes = first, 1, _swipes(tree, first, beside)
        while len(below := _going_on(tree, last, goes_on)) == 1:
            last, turns = below[0], turns + 1
            swipes += _swipes(tree, last, below)
        if not below:
            # What follows the last turn that goes on is an end: the newest of its swipes, or none.
            ends = tree.children.get(last, [])
            turns, swipes = turns + bool(ends), swipes + max(0, len(ends) - 1)
        end = tree.tip if first in here else tree.leaf_below(first)
        name = _name(tree, first)
        found.append(
            Branch(
                first=first,
                end=end,
                depth=depth,
                place=place,
                turns=turns,
                swipes=swipes,
                at=tree.turns[tree.leaf_below(last)].at,
                here=first in here,
                label=name or first_words(tree, first, beside),
                named=bool(name),
            )
        )
        waiting += [(child, depth + 1, place + turns, below) for child in reversed(below)]
    return found


def first_words(tree: ChatTree, turn: str, beside: Sequence[str]) -> str:
    """How ``turn`` begins where it differs from the turns ``beside`` it, on one line."""
    texts = [tree.turns[one].text[:_READ_CHARACTERS].split() for one in beside]
    own = tree.turns[turn].text[:_READ_CHARACTERS].split()
    common = 0
    while len(texts) > 1 and common < len(own) and all(text[common : common + 1] == [own[common]] for text in texts):
        common += 1
    # Where one text is the other's beginning, its last words say more than nothing.
    common = min(common, max(0, len(own) - 1))
    words = safe_line(" ".join(own[common:]), _LABEL_CHARACTERS)
    return f"…{words}" if common and words else words or "(no text)"


def name_set(turn: str, name: str) -> PropertySet:
    """The event that names the branch which begins with ``turn``; an empty name takes it away."""
    return PropertySet(NAME + turn, " ".join(name.split())[:_LONGEST_NAME] or None)


def apart(tree: ChatTree, one: str, other: str) -> tuple[list[Turn], list[Turn]]:
    """The turns down to ``one`` and down to ``other`` that they do not have in common, oldest first."""
    first, second = tree.path(one), tree.path(other)
    shared = 0
    while shared < min(len(first), len(second)) and first[shared].id == second[shared].id:
        shared += 1
    return first[shared:], second[shared:]


def _going_on(tree: ChatTree, turn: str, goes_on: set[str]) -> list[str]:
    """The turns directly below ``turn`` that something follows, or that are read; all where there are none such."""
    below = tree.children.get(turn, [])
    return [one for one in below if one in goes_on] or (below[-1:] if turn == ROOT else [])


def _swipes(tree: ChatTree, turn: str, beside: Sequence[str]) -> int:
    """How many swipes of ``turn`` are no branches of their own."""
    return len(tree.children.get(tree.turns[turn].parent, ())) - len(beside)


def _name(tree: ChatTree, turn: str) -> str:
    name = tree.properties.get(NAME + turn)
    return safe_line(name, _LONGEST_NAME) if isinstance(name, str) else ""
