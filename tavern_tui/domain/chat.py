"""``ChatTree``: the state of a chat, folded from its events.

Turns form a tree. Siblings are swipes; a sibling with descendants is a branch; the path from the root to the *tip* is
what the reader sees. Nothing is ever overwritten: texts change by events, and undo is an event (§3.1 of
``docs/architecture.md``). Bytes and files are ``formats.chatlog`` and ``storage.chats``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from tavern_tui.domain.alternatives import TokenChoice
from tavern_tui.domain.events import (
    ChatEvent,
    ChatStarted,
    KeptHead,
    PlacedText,
    PromptKept,
    PropertySet,
    Receipt,
    Roll,
    SourceTold,
    Speaker,
    TextEdited,
    TextExtended,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    TurnMoved,
    TurnTokens,
    Undone,
)
from tavern_tui.domain.groups import MEMBERS, names_in, rename_member
from tavern_tui.domain.renaming import RENAMED, apply_renaming

ROOT = ""
PIECE = "@"
"""Stands in the id of a piece of a turn, as a prompt reads one, between the turn's id and where the piece begins."""

_ORDER = attrgetter("lamport", "id")  # ``ChatEvent.order``, for sorting ten thousand
_MOST_CUTS = 16  # that are looked at again: for branches that were left long ago the history is cut anew


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn as it reads now. ``text`` may differ from what the model wrote: see ``raw`` and ``edited``.

    ``source`` is as in ``TurnAdded``. ``tokens`` is dropped by any later change of the text. ``lost`` marks a stand-in
    without text: its event is missing from the log (damaged, or not here yet from another device), but turns after it
    are there.
    """

    id: str
    parent: str
    speaker: Speaker
    name: str
    text: str
    at: float = 0.0
    raw: str | None = None
    reasoning: str = ""
    hidden: bool = False
    edited: bool = False
    interrupted: bool = False
    receipt: Receipt | None = None
    tokens: TurnTokens | None = None
    lore: tuple[str, ...] = ()
    roll: Roll | None = None
    lost: bool = False
    alternatives: tuple[TokenChoice, ...] = ()
    source: Any = None

    @property
    def source_text(self) -> str:
        """What Continue goes on from: the raw text of an untouched reply, else the text."""
        return self.text if self.raw is None or self.edited else self.raw


@dataclass(slots=True)
class ChatTree:
    """The fold of a chat's events as one device sees it. Changed only by ``apply``; build one with ``fold``.

    What prompts left for later ones: ``cuts`` are the oldest turns of histories that were cut, the last cut last;
    ``heads`` the beginnings that were made, by their keys; ``placed`` the texts put into the history, by the newest
    turn of the prompt that did so.
    """

    device: str = ""
    title: str = ""
    characters: tuple[str, ...] = ()
    persona: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    cuts: list[str] = field(default_factory=list)
    heads: dict[str, KeptHead] = field(default_factory=dict)
    placed: dict[str, list[PlacedText]] = field(default_factory=dict)
    _removed: set[str] = field(default_factory=set)
    _own_tip: str | None = None
    _any_tip: str = ROOT

    def apply(self, event: ChatEvent) -> None:
        """Take in the next event in order. ``Undone`` has no effect here: ``fold`` leaves undone events out."""
        body = event.body
        match body:
            case ChatStarted():
                self.title, self.characters, self.persona = body.title, body.characters, body.persona
            case TurnAdded():
                self._add(event, body)
            case TextExtended() | TextEdited():
                self._change_text(body)
            case TurnHidden(turn, hidden) if turn in self.turns:
                self.turns[turn] = replace(self.turns[turn], hidden=hidden)
            case TurnDeleted(turn):
                self._delete(turn)
            case TurnMoved(turn, parent) if turn in self.turns and (parent in self.turns or parent == ROOT):
                self._move(turn, parent)
            case TipMoved(turn) if turn in self.turns or turn == ROOT:
                self._move_tip(event.writer, turn)
            case PropertySet(key, value):
                self._set_property(key, value)
            case SourceTold(turn, source) if turn in self.turns:
                self.turns[turn] = replace(self.turns[turn], source=source)
            case PromptKept():
                self._keep(body)
            case _:
                pass

    @property
    def tip(self) -> str:
        """Id of the turn the reader is at: this device's last move, else anybody's; empty before the first turn."""
        return self._any_tip if self._own_tip is None else self._own_tip

    def path(self, turn: str | None = None) -> list[Turn]:
        """Turns from the first to ``turn`` (the tip by default), oldest first."""
        turns = list(self.walk_back(turn))
        turns.reverse()
        return turns

    def walk_back(self, turn: str | None = None) -> Iterator[Turn]:
        """Turns from ``turn`` (the tip by default) to the first, newest first, one at a time."""
        current = self.tip if turn is None else turn
        while current in self.turns:
            found = self.turns[current]
            yield found
            current = found.parent

    def siblings(self, turn: str) -> list[str]:
        """Ids of the swipes of ``turn``, itself included, oldest first."""
        return list(self.children.get(self.turns[turn].parent, ()))

    def made_with(self, turn: str, within: int = 0) -> tuple[str, str]:
        """Template and policy of the nearest reply that names them, from ``turn`` upwards; empty where none does.

        ``within`` is how many turns are looked at, 0 for all.
        """
        for place, found in enumerate(self.walk_back(turn), 1):
            if found.receipt is not None and found.receipt.template:
                return found.receipt.template, found.receipt.policy
            if place == within:
                break
        return "", ""

    def leaf_below(self, turn: str) -> str:
        """The end of the newest line of turns below ``turn``; ``turn`` itself where nothing follows."""
        while below := self.children.get(turn):
            turn = below[-1]
        return turn

    def _add(self, event: ChatEvent, body: TurnAdded) -> None:
        if body.parent in self._removed or event.id in self._removed:
            self._removed.add(event.id)
            return
        if body.parent != ROOT and body.parent not in self.turns:
            self._stand_in(body.parent)
        known = self.turns.get(event.id)
        if known is None:
            self.children.setdefault(body.parent, []).append(event.id)
        self.turns[event.id] = Turn(
            id=event.id,
            parent=body.parent if known is None else known.parent,
            speaker=body.speaker,
            name=body.name,
            text=body.text,
            at=event.at,
            raw=body.raw,
            reasoning=body.reasoning,
            hidden=body.hidden,
            interrupted=body.interrupted,
            receipt=body.receipt,
            tokens=body.tokens,
            lore=body.lore,
            roll=body.roll,
            alternatives=body.alternatives,
            source=body.source,
        )
        self._move_tip(event.writer, event.id)

    def _keep(self, kept: PromptKept) -> None:
        if kept.first_turn:
            if kept.first_turn in self.cuts:
                self.cuts.remove(kept.first_turn)
            self.cuts.append(kept.first_turn)
            del self.cuts[:-_MOST_CUTS]
        if kept.placed:
            self.placed.setdefault(kept.turn, []).extend(kept.placed)
        if kept.head is not None and kept.head.key:
            self.heads[kept.head.key] = kept.head
        elif kept.head is not None:
            self.heads.clear()

    def _stand_in(self, turn: str) -> None:
        """Keep what follows a turn readable whose own event is missing.

        It goes where the reader was: in a chat without branches that is the lost turn's own place. There it stays, so
        that no event can make a circle.
        """
        place = self._any_tip
        self.turns[turn] = Turn(turn, place, Speaker.NARRATOR, name="", text="", hidden=True, lost=True)
        self.children.setdefault(place, []).append(turn)

    def _change_text(self, body: TextExtended | TextEdited) -> None:
        turn = self.turns.get(body.turn)
        if turn is None:
            return
        if isinstance(body, TextEdited):
            self.turns[turn.id] = replace(turn, text=body.text, edited=True, tokens=None)
        else:
            self.turns[turn.id] = replace(
                turn,
                text=body.text,
                raw=body.raw,
                interrupted=body.interrupted,
                receipt=body.receipt or turn.receipt,
                tokens=body.tokens,
                edited=False,
            )

    def _delete(self, turn: str) -> None:
        if turn not in self.turns:
            self._removed.add(turn)
            return
        parent = self.turns[turn].parent
        siblings = self.children[parent]
        place = siblings.index(turn)
        siblings.remove(turn)
        gone, queue = set(), [turn]
        while queue:
            current = queue.pop()
            gone.add(current)
            queue.extend(self.children.pop(current, ()))
            del self.turns[current]
        self._removed |= gone
        refuge = self.leaf_below(siblings[max(0, place - 1)]) if siblings else parent
        if self._any_tip in gone:
            self._any_tip = refuge
        if self._own_tip in gone:
            self._own_tip = refuge

    def _move(self, turn: str, parent: str) -> None:
        """Hang ``turn`` under ``parent``, unless it is there or ``parent`` is below it."""
        moved = self.turns[turn]
        if parent == moved.parent or self._is_below(parent, moved):
            return
        self.children[moved.parent].remove(turn)
        self.children.setdefault(parent, []).append(turn)
        self.turns[turn] = replace(moved, parent=parent)

    def _is_below(self, place: str, turn: Turn) -> bool:
        """Whether ``place`` is ``turn`` or below it. Looks no farther up than where the ways of both meet."""
        above = {turn.parent}
        further = turn.parent
        while place in self.turns and place not in above:
            if place == turn.id:
                return True
            place = self.turns[place].parent
            if further in self.turns:
                further = self.turns[further].parent
                above.add(further)
        return False

    def _move_tip(self, writer: str, turn: str) -> None:
        self._any_tip = turn
        if writer == self.device:
            self._own_tip = turn

    def _set_property(self, key: str, value: Any) -> None:
        if key == "title" and isinstance(value, str):
            self.title = value
        elif key == RENAMED:
            self.characters = apply_renaming(self.characters, self.turns, value)
            rename_member(self.properties, value)
        elif value is None:
            self.properties.pop(key, None)
        else:
            self.properties[key] = value
            if key == MEMBERS:
                self.characters = names_in(value)


def turn_of(piece: str) -> str:
    """The id of the turn that a text of this id in a prompt is, or is a piece of."""
    turn, mark, offset = piece.rpartition(PIECE)
    return turn if mark and offset.isdecimal() else piece


def undone_ids(events: Iterable[ChatEvent]) -> set[str]:
    """Ids of the events that no longer count. An ``Undone`` that is itself undone has no effect (redo)."""
    undone: set[str] = set()
    for event in sorted((e for e in events if isinstance(e.body, Undone)), key=lambda e: e.order, reverse=True):
        if event.id not in undone and isinstance(event.body, Undone):
            undone.add(event.body.event)
    return undone


def union(*logs: Iterable[ChatEvent]) -> list[ChatEvent]:
    """The events of several copies of a chat, each once, in the order that every copy agrees on.

    Commutative, associative and idempotent. Two different events with one id (a reply that was recovered while its
    writer still lived, or a file changed by hand) count as one: the greater by Lamport number, then by content.
    """
    chosen: dict[str, ChatEvent] = {}
    for log in logs:
        for event in log:
            known = chosen.get(event.id)
            chosen[event.id] = event if known is None else preferred(known, event)
    return sorted(chosen.values(), key=_ORDER)


def preferred(one: ChatEvent, other: ChatEvent) -> ChatEvent:
    """Which of two events with the same id counts, whatever order they are met in."""
    if one is other or one == other:
        return one
    return max(one, other, key=lambda event: (event.lamport, event.writer, event.at, repr(event)))


def fold(events: Iterable[ChatEvent], device: str = "") -> ChatTree:
    """The chat that these events tell, seen from ``device``.

    The order and the repetition of the events given do not matter. Turns below a deleted or undone one are left out;
    turns below a missing one hang on a stand-in (``Turn.lost``).
    """
    ordered = union(events)
    skipped = undone_ids(ordered)
    tree = ChatTree(device=device, _removed=set(skipped))
    for event in ordered:
        if event.id not in skipped:
            tree.apply(event)
    return tree
