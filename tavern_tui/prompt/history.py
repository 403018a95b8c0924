"""The history: turns as items, and the walk from the newest backwards that takes as many as fit.

The walk pulls turns from a lazy iterable, so a prompt for a chat of ten thousand turns looks at those that fit and at
one more. Where ``economy`` cuts is ``steps``'; in which order things stand is ``assemble``'s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tavern_tui.domain.chat import ROOT, Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.prompt.bias import without_bias
from tavern_tui.prompt.counting import Counting, Counts
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.instruct import Place
from tavern_tui.prompt.items import Item, Written
from tavern_tui.prompt.macros import expand
from tavern_tui.prompt.pieces import pieces
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.reasoning import without_thoughts
from tavern_tui.prompt.story import Story, named, untrusted

_CAREFUL = 0.5  # tokens per byte before anything was counted: more than nearly any text has
_HEADROOM = 0.9  # of the room is filled by estimate, the rest by counting
_KNOWN_WALK = 2.0  # times the room are walked at most to find the turn that was the oldest last time


def turn_items(turns: Iterable[Turn], given: PromptInput, story: Story) -> Iterator[Item]:
    """The turns that a prompt may read, newest first: hidden ones left out, the greeting's macros expanded.

    A turn that says nothing but what the reply begins with (``prompt.bias``) is left out, too; under ``economy`` so is
    the thinking that a stored reply begins with. As many of the newest replies as the input says keep theirs. A long
    turn of a running text comes in pieces (``prompt.pieces``).
    """
    with_thoughts = given.kept_thoughts
    for turn in turns:
        if turn.hidden or _only_thought(turn, given):
            continue
        text = _said(turn, given) if turn.speaker is Speaker.CHARACTER else without_bias(turn.text)
        if text or not turn.text:
            item = _item(turn, text, given, story)
            if turn.speaker is Speaker.CHARACTER and with_thoughts:
                with_thoughts -= 1
                item = replace(item, thoughts=untrusted(turn.reasoning, given))
            yield from pieces(item, given)


def _only_thought(turn: Turn, given: PromptInput) -> bool:
    """Whether a reply ended while it was all thinking, as after a crash: there is nothing to read of it."""
    return given.policy is not Policy.CLASSIC and bool(turn.reasoning) and not turn.text.strip()


def _said(turn: Turn, given: PromptInput) -> str:
    if given.policy is Policy.CLASSIC:
        return turn.text
    template = given.instruct
    tags = (template.reasoning_open, template.reasoning_close) if template else ("", "")
    return without_thoughts(turn.text, *tags)


def continued_item(turn: Turn, given: PromptInput, story: Story) -> Item:
    """The turn to go on from, as the model left it."""
    item = _item(turn, turn.source_text, given, story)
    return Item(
        item.speaker,
        item.name,
        item.text,
        item.kind,
        item.source,
        item.turn_id,
        continued=True,
        named=item.named,
        token_ids=item.token_ids,
    )


def _item(turn: Turn, source: str, given: PromptInput, story: Story) -> Item:
    greets = turn.parent == ROOT and (turn.speaker is Speaker.CHARACTER or given.policy is Policy.CLASSIC)
    text = untrusted(_greeting(turn, source, given, story) if greets else source, given)
    if given.rolls is not None and turn.roll is not None and turn.speaker is Speaker.USER:
        text += f"\n{given.rolls(turn.roll)}"
    tokens = turn.tokens
    number = given.turn_number(turn.id)
    valid = tokens is not None and tokens.fingerprint == given.fingerprint != "" and text == turn.text
    return Item(
        turn.speaker,
        named(turn.name, given),
        text,
        PartKind.TURN,
        f"{turn.name or turn.speaker.value}'s turn {number or ''}".rstrip(),
        turn.id,
        named=turn.name != (given.persona.name if turn.speaker is Speaker.USER else given.character.name),
        token_ids=tokens.ids if valid and tokens is not None else None,
    )


def _greeting(turn: Turn, source: str, given: PromptInput, story: Story) -> str:
    """A greeting with its macros expanded: in a group ``{{char}}`` is who greets, whoever speaks now."""
    if story.together:
        return expand(source, replace(story.macros, char=named(turn.name, given)), turn.id)
    return story.expand(source)


class Writer(Protocol):
    """A way to write turns down, as far as a walk needs it."""

    def role(self, item: Item) -> Role | None:
        """The role whose markup the item gets."""
        ...

    def write(self, item: Item, place: Place) -> Written:
        """The item with its markup."""
        ...


def _nothing(_item: Item) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A turn that is in, as it was written when it was counted, and its tokens."""

    item: Item
    written: Written
    tokens: int


class HistoryWalk:
    """A walk over a chat's turns, newest first. ``kept`` is what was taken so far, ``total`` its tokens.

    ``beside`` tells what an item costs beside its text.
    """

    def __init__(
        self, items: Iterator[Item], form: Writer, counts: Counts, beside: Callable[[Item], int] = _nothing
    ) -> None:
        self._items = items
        self._form = form
        self._counts = counts
        self._beside = beside
        self._ahead: deque[tuple[Item, Written]] = deque()
        self._ended = False
        self.kept: list[Kept] = []
        self.total = 0

    @property
    def complete(self) -> bool:
        """Every turn of the chat is in."""
        return self._ended and not self._ahead

    @property
    def next_item(self) -> Item | None:
        """The newest turn that is not in, as far as the walk has looked."""
        return next((item for item, _ in self._ahead if not item.key), None)

    @property
    def ended(self) -> bool:
        """There is no older turn than those that were looked at."""
        return self._ended

    @property
    def seen(self) -> list[Item]:
        """The turns that were looked at, in or not, newest first."""
        return [*(kept.item for kept in self.kept), *(item for item, _ in self._ahead)]

    def reach(self, turns: int) -> list[str]:
        """Look at the newest ``turns`` at least; the texts of those that are not in, to be counted."""
        while not self._ended and len(self.kept) + len(self._ahead) < turns:
            self._pull()
        return [written.text for _, written in self._ahead]

    def look_ahead(self, room: float, stop_at: str = "") -> list[str]:
        """Pull turns that by estimate fill ``room`` tokens, up to the turn ``stop_at``; their texts, to be counted."""
        target = room * (_KNOWN_WALK if stop_at else _HEADROOM)
        estimated = 0.0
        while not self._ended and (not self._ahead or estimated < target):
            pulled = self._pull()
            if pulled is None:
                break
            estimated += self._counts.estimate(pulled.text, _CAREFUL)
            if stop_at and pulled.item.turn_id == stop_at:
                break
        return [written.text for _, written in self._ahead]

    def take(self, room: int, stop_at: str = "") -> Counting[bool]:
        """Take turns while their tokens are at most ``room`` in all, and none beyond ``stop_at``.

        Returns whether ``stop_at`` was reached. Stops at the first turn that does not fit, for good.
        """
        while True:
            while self._ahead:
                item, written = self._ahead[0]
                if written.text not in self._counts:
                    yield from self._counts.ask([written.text for _, written in self._ahead])
                tokens = self._counts[written.text] + self._beside(item)
                if self.total + tokens > room:
                    return False
                self._ahead.popleft()
                self.kept.append(Kept(item, written, tokens))
                self.total += tokens
                if stop_at and item.turn_id == stop_at:
                    return True
            if self._ended:
                return False
            yield from self._counts.ask(self.look_ahead(room - self.total, stop_at))

    def drop_to(self, room: int) -> None:
        """Let go of the oldest turns until the rest has at most ``room`` tokens; the newest always stays."""
        while self.total > room and self.drop_oldest():
            pass

    def drop_oldest(self) -> bool:
        """Let go of the oldest turn and of what stands above it; not of the newest turn, which is then said."""
        turns = (kept for kept in self.kept if not kept.item.key)
        if next(turns, None) is None or next(turns, None) is None:
            return False
        while self._drop().key:
            pass
        self.end_with_a_turn()
        return True

    def end_with_a_turn(self) -> None:
        """Let go of what stands above the oldest turn that is in: it belongs under one that is not."""
        while not self.complete and self.kept and self.kept[-1].item.key:
            self._drop()

    def let_go(self, keys: Collection[str]) -> None:
        """Let go of the texts with these keys, wherever they stand between the turns."""
        gone = [kept for kept in self.kept if kept.item.key in keys and kept.item.key]
        self.kept = [kept for kept in self.kept if kept not in gone]
        self.total -= sum(kept.tokens for kept in gone)

    def take_back(self, kept: Sequence[Kept]) -> None:
        """Take in again what was let go of since ``kept`` was all that was in."""
        while len(self.kept) < len(kept):
            again = kept[len(self.kept)]
            self._ahead.popleft()
            self.kept.append(again)
            self.total += again.tokens

    def _drop(self) -> Item:
        last = self.kept.pop()
        self.total -= last.tokens
        self._ahead.appendleft((last.item, last.written))
        return last.item

    def has_older(self) -> bool:
        """Whether there is a turn that is not in; looks at one at most."""
        while not self._ended and all(item.key for item, _ in self._ahead):
            self._pull()
        return bool(self._ahead)

    def _pull(self) -> Written | None:
        item = next(self._items, None)
        if item is None:
            self._ended = True
            return None
        written = self._form.write(item, Place(newer=self._newer_role()))
        self._ahead.append((item, written))
        return written

    def _newer_role(self) -> Role | None:
        if self._ahead:
            return self._form.role(self._ahead[-1][0])
        return self._form.role(self.kept[-1].item) if self.kept else None
