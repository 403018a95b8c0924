"""``EconomyFill``: the history of a prompt of ``economy``: turns in steps, the texts between them, what is kept of it.

Both pipelines fill their prompts with it; ``classic_fill`` is its counterpart. Where the history is cut is ``steps``'s,
which texts stand between the turns ``standing``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, takewhile

from tavern_tui.domain.chat import ROOT, turn_of
from tavern_tui.domain.events import KeptHead, PlacedText, PromptKept
from tavern_tui.domain.request import Role
from tavern_tui.prompt.counting import Counting
from tavern_tui.prompt.history import HistoryWalk
from tavern_tui.prompt.injections import Injected, spliced
from tavern_tui.prompt.inputs import GenerationKind, PromptInput
from tavern_tui.prompt.instruct import Place, TurnFormat
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.kept_head import head_key, known_head, tells_the_time
from tavern_tui.prompt.standing import Standing
from tavern_tui.prompt.steps import freed, known_cuts, take_in_steps


class EconomyFill:
    """The history of one prompt. ``cost`` tells the tokens of a text that is put into it anew.

    ``continued`` is the turn that the reply goes on from, where it is not among those of ``walk``. ``step`` is how much
    of the room a cut frees, ``placed`` what was put into the history: both are known once it was taken.
    """

    def __init__(
        self,
        given: PromptInput,
        walk: HistoryWalk,
        standing: Standing,
        cost: Callable[[Item], int],
        continued: Item | None = None,
    ) -> None:
        self._given = given
        self._walk = walk
        self._standing = standing
        self._cost = cost
        self._continued = continued
        self.step = 0
        self.placed: Sequence[PlacedText] = ()
        self._blocks: int | None = None

    def take(self, room: int) -> Counting[bool]:
        """Take what fits into ``room`` tokens; whether that is the whole chat."""
        self.step = freed(room, self._given.step)
        whole = yield from take_in_steps(self._walk, room, known_cuts(self._given), self._given.step, self._added)
        if self._cuts_anew():
            self._standing.cut = True
            self._walk.let_go(self._standing.superseded)
            while self.tokens > room and self._walk.drop_oldest():
                pass
        items = [kept.item for kept in self._walk.kept]
        self.placed = self._standing.placed(items, self._continued, whole=self._walk.complete)
        return whole

    @property
    def wanted(self) -> list[Item]:
        """What may be put into the history."""
        return [one.item for one in self._standing.wanted]

    def countable(self, form: TurnFormat) -> Iterator[str]:
        """The texts of what may be put into the history, next to whom it may come to stand."""
        newest = self._walk.seen[:1]
        roles = (None, Role.USER) if form.alternates else (None,)
        for item in (*self.wanted, *(newest if self.wanted and form.alternates else ())):
            for older in roles:
                for newer in roles:
                    yield form.write(item, Place(older, newer)).text

    @property
    def tokens(self) -> int:
        """What the history costs, with what is put into it anew."""
        return self._walk.total + self._added()

    def newest_first(self, injections: Sequence[Injected]) -> list[Item]:
        """The history with everything that stands in it."""
        items = [kept.item for kept in self._walk.kept]
        below = 0 if self._continued is None else 1
        return spliced(self._standing.with_placed(items, self.placed), injections, below)

    def blocks(self, sizes: Sequence[int], room: int) -> int:
        """How many blocks of example dialogue, of those ``sizes``, go in beside the history that was taken.

        As many as leave the history room to grow, once; they stay while all fits, and go together with the first
        turns that do not.
        """
        known = known_head(self._given)
        left = room - self.tokens
        if not self._walk.complete:
            self._blocks = 0
        elif known is not None:
            self._blocks = known.examples if sum(sizes[: known.examples]) <= left else 0
        else:
            left = room - -(-self.tokens // max(1, self.step)) * max(1, self.step)
            fitting = accumulate(sizes)
            self._blocks = sum(1 for _ in takewhile(lambda total: total <= left, fitting))
        self._blocks = min(self._blocks, len(sizes))
        return self._blocks

    def _head(self, made: KeptHead | None) -> KeptHead | None:
        """The head as later prompts find it, where that is new; ``made`` is one with its lore."""
        known = known_head(self._given)
        if made is None and known is None and (self._blocks is not None or tells_the_time(self._given)):
            made = KeptHead(head_key(self._given), float(round(self._given.now.timestamp())))
        examples = self._blocks if self._blocks is not None else known.examples if known else 0
        head = made or known
        if head is None or (made is None and head.examples == examples):
            return None
        return replace(head, examples=examples)

    def kept(self, head: KeptHead | None) -> PromptKept | None:
        """What later prompts go on from, where it is not known yet: a ``head``, too; nothing of what is no turn."""
        if self._given.kind is GenerationKind.QUIET:
            return None
        items = [kept.item for kept in self._walk.kept]
        turns = [item.turn_id for item in items if not item.key]
        cut = turns[-1] if turns and not self._walk.complete else ""
        placed = (*self._standing.renewed(items), *self.placed)
        if cut in self._given.cuts[:1]:
            cut = ""
        newest = self._continued.turn_id if self._continued is not None else turn_of(turns[0]) if turns else ROOT
        head = self._head(head)
        return PromptKept(newest, cut, placed, head) if cut or placed or head else None

    def _cuts_anew(self) -> bool:
        """Whether the history begins where no earlier one did."""
        turns = [kept.item.turn_id for kept in self._walk.kept if not kept.item.key]
        return not self._walk.complete and bool(turns) and turns[-1] not in known_cuts(self._given)

    def _added(self) -> int:
        return sum(self._cost(one.item) for one in self._standing.missing(kept.item for kept in self._walk.kept))
