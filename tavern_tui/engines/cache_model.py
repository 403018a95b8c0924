"""``CacheModel``: what an engine's cache would have to read, worked out over token ids without any engine.

It follows ``embedded.kv`` and ``embedded.parking`` step by step: the beginning that is the same, stretches that move up
behind a gap, chats that are put aside within a budget, and states on disk that outlive the engine. Servers that only
match beginnings are the same with ``gaps=0``, KoboldCpp with its rule for one gap. Aborted reading and memories that
refuse are not modelled.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from tavern_tui.engines.embedded.parking import WORTH_PARKING, WORTH_WRITING
from tavern_tui.engines.embedded.reuse import common_prefix, stretches
from tavern_tui.engines.one_gap import OneGap

_Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What became of a prompt's tokens: ``evaluated`` were read, ``reused`` lay where they belong, ``shifted`` moved.

    The three add up to the prompt. They mean what they mean in ``engines.base.Usage``.
    """

    evaluated: int
    reused: int
    shifted: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of the prompt."""
        return self.evaluated + self.reused + self.shifted


class CacheModel:
    """One engine's cache. ``ids`` is what it holds for ``chat``, the conversation of the moment.

    ``gaps`` is how many gaps it closes in one prompt by moving what follows them: ``None`` as many as there are;
    ``one_gap`` is the rule of an engine that closes one.
    ``parked_tokens`` is what it may put aside of other chats, all together; ``disk`` says whether it keeps states of
    any number of chats there, too.
    """

    def __init__(
        self, *, gaps: int | None = None, parked_tokens: int = 0, disk: bool = False, one_gap: OneGap | None = None
    ) -> None:
        self._gaps = gaps
        self._one_gap = one_gap
        self._parked_tokens = parked_tokens
        self._parked: OrderedDict[str, _Ids] = OrderedDict()
        self._disk: dict[str, _Ids] | None = {} if disk else None
        self._others: list[_Ids] = []
        self.ids: _Ids = ()
        self.chat = ""

    def read(self, wanted: Sequence[int], chat: str = "") -> Read:
        """Read a prompt of ``chat``; afterwards the cache holds exactly that.

        Of a prompt that is known whole the last token is read all the same: its logits are what an answer begins with.
        A prompt of no chat is never put aside.
        """
        self._turn_to(chat, wanted)
        self._take_nearest(wanted)
        most = len(wanted) - 1
        if self._gaps == 0:
            reused, shifted = min(common_prefix(self.ids, wanted), most), 0
        else:
            found = stretches(self.ids, wanted, most=most)
            head, *moved = self._one_gap.closed(found, len(wanted)) if self._one_gap is not None else found
            reused, shifted = head.length, sum(stretch.length for stretch in moved[: self._gaps])
        self.ids = tuple(wanted)
        return Read(len(wanted) - reused - shifted, reused, shifted)

    def write(self, *replies: Sequence[int]) -> None:
        """Add what was written after the prompt: one reply, or several side by side.

        Only ids that were decoded count. The token that ends a reply, or that it ended at, never is.
        """
        prompt = self.ids
        first, *others = (prompt + tuple(reply) for reply in replies)
        self.ids, self._others = first, others

    def park(self) -> None:
        """Put the present chat aside, as an engine does that turns to another or leaves."""
        if not self.chat or len(self.ids) < WORTH_PARKING:
            return
        self._parked.pop(self.chat, None)
        if len(self.ids) <= self._parked_tokens:
            while sum(map(len, self._parked.values())) + len(self.ids) > self._parked_tokens:
                self._parked.popitem(last=False)
            self._parked[self.chat] = self.ids
        self.store()

    def store(self) -> None:
        """Keep the present chat on disk where there is one and it lacks a good part of it: an idle engine does."""
        if self._disk is None or not self.chat or len(self.ids) < WORTH_PARKING:
            return
        if len(self.ids) - common_prefix(self._disk.get(self.chat, ()), self.ids) >= WORTH_WRITING:
            self._disk[self.chat] = self.ids

    def restart(self) -> None:
        """The engine ends in good order and is started again: what is left is on disk."""
        self.store()
        self._parked.clear()
        self._others.clear()
        self.ids, self.chat = (), ""

    def _turn_to(self, chat: str, wanted: Sequence[int]) -> None:
        if chat == self.chat:
            return
        shared = common_prefix(self.ids, wanted)
        found = self._taken(chat, wanted, better_than=shared)
        if len(self.ids) - shared >= WORTH_PARKING:
            self.park()
        self.chat = chat
        if found is not None:
            self.ids, self._others = found, []

    def _taken(self, chat: str, wanted: Sequence[int], *, better_than: int) -> _Ids | None:
        """What was put aside of ``chat``, if more of it than ``better_than`` serves; it is in memory no longer."""
        if not chat:
            return None
        parked = self._parked.pop(chat, None)
        in_memory = common_prefix(parked, wanted) if parked is not None else -1
        on_disk = self._disk.get(chat, ()) if self._disk is not None else ()
        if common_prefix(on_disk, wanted) > max(in_memory, better_than, 0):
            return on_disk
        return parked if in_memory > better_than else None

    def _take_nearest(self, wanted: Sequence[int]) -> None:
        """Of replies written side by side, go on with the one that ``wanted`` has most of."""
        for other in self._others:
            if common_prefix(other, wanted) > common_prefix(self.ids, wanted):
                self.ids = other
        self._others = []
