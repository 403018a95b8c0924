"""Passages that are written into the middle of a story: where they go, and how the story is closed round them. Pure.

The reply is made as any other, a turn under the one it follows. Once it is there the rest of that turn becomes a turn
of its own under it, and what followed is moved there; so the document is at every moment the turns of the path. What is
going on is a property of the chat (``GAP``), so that a story that a crash left open is closed at the next start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tavern_tui.domain.chat import ROOT, ChatTree
from tavern_tui.domain.events import Body, PropertySet, Speaker, TextEdited, TipMoved, TurnAdded, TurnMoved

GAP: Final = "story gap"
"""The property that says where a passage is being written into a story."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Behind the first ``at`` characters of ``turn`` (empty: above the first). ``rest`` is the turn that follows it on
    the path, ``tip`` the path's end, ``known`` the turns that were below ``turn`` before.
    """

    turn: str
    at: int
    rest: str
    tip: str
    known: tuple[str, ...] = ()

    def as_property(self) -> PropertySet:
        """The event that says so."""
        return PropertySet(GAP, {**asdict(self), "known": list(self.known)})


def gap_at(tree: ChatTree, turn: str, at: int) -> Gap:
    """The gap behind ``at`` characters of ``turn``, which is on the path (empty: at the very beginning)."""
    below = [one.id for one in tree.walk_back() if one.parent == turn]
    return Gap(turn, at, below[0] if below else "", tree.tip, tuple(tree.children.get(turn, ())))


def gap_beside(tree: ChatTree, passage: str) -> Gap:
    """The gap in which another version of ``passage`` goes, which is on the path."""
    parent = tree.turns[passage].parent
    below = [one.id for one in tree.walk_back() if one.parent == passage]
    whole = len(tree.turns[parent].text) if parent in tree.turns else 0
    return Gap(parent, whole, below[0] if below else "", tree.tip, tuple(tree.children.get(parent, ())))


def open_gap(tree: ChatTree) -> Gap | None:
    """Where a passage is being written into the story, as the chat's property says."""
    value: Any = tree.properties.get(GAP)
    match value:
        case {"turn": str(turn), "at": int(at), "rest": str(rest), "tip": str(tip), "known": list(known)}:
            return Gap(turn, at, rest, tip, tuple(one for one in known if isinstance(one, str)))
    return None


def new_in(tree: ChatTree, gap: Gap) -> str:
    """The passage that came into ``gap``, the one that is shown of several; empty where none did."""
    came = [one for one in tree.children.get(gap.turn, ()) if one not in gap.known]
    if tree.tip in came:
        return tree.tip
    tip = tree.turns.get(tree.tip)
    # A reply that a crash cut off is put behind the last turn where it is found again.
    if not came and tip is not None and tip.parent == gap.tip and tip.interrupted and tip.id != gap.rest:
        return tip.id
    return came[-1] if came else ""


def closing(tree: ChatTree, gap: Gap, passage: str, rest_id: str) -> list[Body]:
    """The events that close the story round ``passage``; the first, where it adds a turn, is to have ``rest_id``."""
    bodies: list[Body] = []
    turn = tree.turns.get(gap.turn)
    cut = turn is not None and 0 < gap.at < len(turn.text)
    end = passage
    if turn is not None and cut:
        bodies.append(TurnAdded(passage, turn.speaker, turn.name, turn.text[gap.at :]))
        bodies.append(TextEdited(turn.id, turn.text[: gap.at]))
        end = rest_id
    if tree.turns[passage].parent != gap.turn:
        bodies.append(TurnMoved(passage, gap.turn))
    if gap.rest in tree.turns:
        bodies.append(TurnMoved(gap.rest, end))
        end = gap.tip if gap.tip in tree.turns else tree.leaf_below(gap.rest)
    if end != passage:
        bodies.append(TipMoved(end))
    bodies.append(PropertySet(GAP, None))
    return bodies


def divided(tree: ChatTree, turn: str, at: int, rest_id: str) -> list[Body]:
    """The events that make two turns of ``turn``, which is on the path: the first ``at`` characters, and the rest.

    The first event is to have ``rest_id``. The text stays as it was.
    """
    found = tree.turns.get(turn)
    if found is None or not 0 < at < len(found.text):
        return []
    bodies: list[Body] = [
        TurnAdded(turn, found.speaker, found.name, found.text[at:]),
        TextEdited(turn, found.text[:at]),
    ]
    below = [one.id for one in tree.walk_back() if one.parent == turn]
    return [*bodies, TurnMoved(below[0], rest_id), TipMoved(tree.tip)] if below else bodies


def taking(tree: ChatTree, passage: str, version: str) -> list[Body]:
    """The events that put ``version``, a sibling, in the place of ``passage``, which is on the path."""
    below = [one.id for one in tree.walk_back() if one.parent == passage]
    if not below:
        return [TipMoved(version)]
    return [TurnMoved(below[0], version), TipMoved(tree.tip)]


def text_after(tree: ChatTree, gap: Gap, most: int) -> str:
    """Up to ``most`` characters of the story behind ``gap``."""
    turn = tree.turns.get(gap.turn)
    parts = [turn.text[gap.at :]] if turn is not None else []
    found = _below(tree, gap)
    length = len(parts[0]) if parts else 0
    for text in found:
        if length >= most:
            break
        parts.append(text)
        length += len(text)
    return "".join(parts)[:most]


def _below(tree: ChatTree, gap: Gap) -> Sequence[str]:
    """The texts of the turns that follow the gap on the path."""
    if gap.rest not in tree.turns:
        return ()
    texts = []
    for turn in tree.walk_back(gap.tip if gap.tip in tree.turns else None):
        if not turn.hidden:
            texts.append(turn.text)
        if turn.id == gap.rest:
            return texts[::-1]
    return ()


def last_generated(tree: ChatTree) -> str:
    """The passage of the path that a model wrote last, wherever it stands, unless it is hidden; empty for none."""
    last, at = ROOT, -1.0
    for turn in tree.walk_back():  # from the end: of two in one second the later in the text
        if turn.receipt is not None and turn.speaker is not Speaker.USER and not turn.hidden and turn.at > at:
            last, at = turn.id, turn.at
    return last
