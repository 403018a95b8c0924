"""``Standing``: texts that were put into a chat's history and stay where they are, and those that are put there now.

Lore that fires after the head was made is written down where it fired, as a part of its own, and leaves with the turns
round it. Where a text stands is a fact that is kept with the chat (``PlacedText``); nothing is shown twice. What fires
is ``lore``'s, what it costs and when the history is cut ``economy_fill``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tavern_tui.domain.chat import ROOT, turn_of
from tavern_tui.domain.events import PlacedText, Speaker
from tavern_tui.prompt.inputs import GenerationKind, PromptInput
from tavern_tui.prompt.items import Item


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text that is called for in this prompt: ``item``, which has a key, and the mark of what it was made of.

    ``depth`` counts turns above the end; ``None``: where the prompt goes on from what was read. A text that stands
    there already serves as well, one with another key that begins with ``base``, too, unless more than ``most`` turns
    stand below it.
    """

    item: Item
    mark: str
    depth: int | None = None
    base: str = ""
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A placed text as it reads now. ``mark`` is another than the kept one's where it was made anew."""

    item: Item
    mark: str


class Due(Protocol):
    """Says whether what is called for is due beside these turns; ``cut``: the history is cut in this prompt."""

    def __call__(self, one: Wanted, turns: Collection[str], /, *, cut: bool) -> bool:
        """Whether it is."""
        ...


def _always(_one: Wanted, _turns: Collection[str], *, cut: bool) -> bool:
    return True


@dataclass(slots=True)
class Standing:
    """The texts between the turns of one prompt.

    ``wanted`` are those called for, from top to bottom where they come to stand together; ``shown`` tells how a placed
    one reads now, ``None`` where it is not to be seen any more; ``elsewhere`` are the keys of those in the head.
    ``due`` says which of those called for are so beside the turns that are in; a cut makes others of those due, and the
    ``superseded`` leave with it.
    """

    given: PromptInput
    wanted: tuple[Wanted, ...] = ()
    shown: Callable[[PlacedText], Shown | None] = lambda _: None
    elsewhere: Collection[str] = ()
    due: Due = _always
    superseded: frozenset[str] = frozenset()
    cut: bool = False
    _most: dict[str, int] = field(default_factory=dict)
    _depths: dict[str, int] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _under: dict[str, list[Item]] = field(default_factory=dict)
    _renewed: dict[str, PlacedText] = field(default_factory=dict)

    def woven(self, turns: Iterable[Item], continued: Item | None = None) -> Iterator[Item]:
        """Newest-first ``turns`` with the texts that stand under each of them, pulled one by one."""
        self._most = {one.item.key: one.most for one in self.wanted if one.most is not None}
        depth = 0
        if continued is not None:
            self._learn(continued.turn_id)
            depth += 1
        for turn in turns:
            self._learn(turn.turn_id)
            yield from self._standing(turn.turn_id, depth)
            yield turn
            depth += 1
        self._learn(ROOT)
        yield from self._standing(ROOT, depth)

    def missing(self, kept: Iterable[Item]) -> list[Wanted]:
        """What is called for and stands neither in the head nor among ``kept``."""
        there: set[str] = set()
        turns: set[str] = set()
        for item in kept:
            (there if item.key else turns).add(item.key or item.turn_id)
        missing = (one for one in self.wanted if not self._serves(one, there) and one.item.key not in self.elsewhere)
        return [one for one in missing if self.due(one, turns, cut=self.cut)]

    def renewed(self, kept: Iterable[Item]) -> Iterator[PlacedText]:
        """Of the texts among ``kept`` those that read otherwise than when they were placed."""
        for item in kept:
            if item.key in self._renewed:
                yield self._renewed[item.key]

    def placed(self, newest_first: Sequence[Item], continued: Item | None, *, whole: bool) -> list[PlacedText]:
        """Where what is missing comes to stand. ``whole``: the chat's first turn is among ``newest_first``."""
        turns = [item for item in (continued, *newest_first) if item is not None and not item.key]
        return [
            PlacedText(one.item.key, one.mark, one.item.text, self._place(one, turns, whole=whole))
            for one in self.missing(newest_first)
        ]

    def with_placed(self, newest_first: Sequence[Item], placed: Sequence[PlacedText]) -> list[Item]:
        """Newest-first items with what was ``placed``, under everything else that stands there."""
        items = {one.item.key: one.item for one in self.wanted}
        under: dict[str, list[Item]] = {}
        for one in reversed(placed):
            under.setdefault(one.below, []).append(items[one.key])
        if not under:
            return list(newest_first)
        found: list[Item] = []
        held: list[Item] = []  # texts whose turn has not come yet
        for item in newest_first:
            if item.key:
                held.append(item)
                continue
            found += (*under.pop(item.turn_id, ()), *held, item)
            held = []
        return [*found, *under.pop(ROOT, ()), *held]

    def _standing(self, turn: str, depth: int) -> Iterator[Item]:
        """The texts under a turn that has ``depth`` others below it; not those that have drifted too far."""
        for item in self._under.get(turn, ()):
            most = self._most.get(item.key)
            if most is None or depth <= most:
                self._depths[item.key] = depth
                yield item

    def _serves(self, one: Wanted, there: Collection[str]) -> bool:
        """Whether what is called for can be seen already."""
        if one.most is None:
            return one.item.key in there
        near = (key for key in there if self._depths[key] <= one.most)
        return any(key == one.item.key or key.startswith(one.base) for key in near)

    def _learn(self, turn: str) -> None:
        """Find out what the prompts whose newest turn this was have placed; of one text the last place counts."""
        for one in reversed(self.given.placed(turn_of(turn))):
            if one.key in self._seen or one.key in self.elsewhere:
                continue
            self._seen.add(one.key)
            shown = self.shown(one)
            if shown is None or not shown.item.text:
                continue
            if shown.mark != one.mark:
                self._renewed[one.key] = PlacedText(one.key, shown.mark, shown.item.text, one.below)
            self._under.setdefault(one.below, []).append(shown.item)

    def _place(self, one: Wanted, turns: Sequence[Item], *, whole: bool) -> str:
        """The turn under which a text comes to stand: of those of the prompt, newest first."""
        continues = self.given.kind is GenerationKind.CONTINUE
        if one.depth is not None:
            depth = max(one.depth, int(continues))
        else:
            answered = bool(turns) and turns[0].speaker is Speaker.USER
            depth = int(continues or (answered and self.given.kind is not GenerationKind.IMPERSONATE))
        if depth < len(turns):
            return turns[depth].turn_id
        return ROOT if whole or len(turns) <= int(continues) else turns[-1].turn_id
