"""What of the history is in a prompt under ``classic``: SillyTavern's choice, its slips included.

Injected texts are reserved first, from the end upwards; then everything else goes in, newest first, until something
does not fit. Three slips of 1.12.6 show only where something does not fit: with post-history instructions the turn
below each injected text is reserved in its place (on a continuation the turn above it); a text that is to stand above
the chat's first turn is not reserved; and whether the user's filler is wanted is decided one turn too low on a
continuation.
Source: SillyTavern 1.12.6, ``public/script.js`` (``Generate``); spec §5.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.counting import Counting, Counts
from tavern_tui.prompt.history import HistoryWalk
from tavern_tui.prompt.injections import Injected, spliced
from tavern_tui.prompt.instruct import InstructFormat, Place, TurnFormat
from tavern_tui.prompt.items import Item

_SLACK = 64  # tokens that the first and the last turn may be shorter in their own sequences


@dataclass(frozen=True, slots=True)
class Filled:
    """The choice: ``history`` oldest first, without the turn that is continued.

    ``first`` is the chat's first item, ``last_input`` its newest of the user, in or not. ``wants_filler``: the oldest
    that is in is not the user's, as SillyTavern sees it. ``empty``: there is room and nothing that could be in;
    ``alone``: nothing but the turn that is continued. ``cut`` is the newest item that did not fit, ``tokens`` what is
    in has.
    """

    history: tuple[Item, ...]
    first: Item | None
    last_input: Item | None
    wants_filler: bool
    empty: bool
    alone: bool
    cut: Item | None
    tokens: int


class ClassicFill:
    """The choice for one prompt."""

    def __init__(
        self,
        walk: HistoryWalk,
        form: TurnFormat,
        counts: Counts,
        *,
        injections: Sequence[Injected],
        post_history: Item | None,
        continued: Item | None,
    ) -> None:
        self._walk = walk
        self._form = form
        self._counts = counts
        self._injections = injections
        self._post_history = post_history
        self._continued = continued

    def fill(self, room: int) -> Counting[Filled]:
        """Choose what has fewer than ``room`` tokens in all."""
        yield from self._walk.take(room - 1 + (_SLACK if self._ends_differ else 0))
        below = 0 if self._continued is None else 1
        if self._injections:
            deepest = max(one.depth for one in self._injections)
            yield from self._counts.ask(self._walk.reach(deepest + 1))
        chat = spliced(self._walk.seen, self._injections, below)
        items = chat if self._post_history is None else [self._post_history, *chat]
        texts = self._written(items)
        yield from self._counts.ask(texts)
        reserved = [one.depth + above for above, one in enumerate(self._injections)]
        included, tokens = self._chosen([self._counts[text] for text in texts], reserved, room)
        return Filled(
            history=tuple(items[at] for at in sorted(included, reverse=True)),
            first=items[-1] if items and self._walk.ended else None,
            last_input=next((item for item in items if item.speaker is Speaker.USER), None),
            wants_filler=self._wants_filler(items, max(included, default=-1)),
            empty=not items and self._continued is None and room > 0,
            alone=not items and self._continued is not None,
            cut=next((item for at, item in enumerate(items) if at not in included), None),
            tokens=tokens,
        )

    @property
    def _ends_differ(self) -> bool:
        """Whether the first and the last turn have sequences of their own, and so another length."""
        if not isinstance(self._form, InstructFormat):
            return False
        template = self._form.template
        return bool(template.first_input_sequence or template.first_output_sequence or template.last_input_sequence)

    def _chosen(self, costs: Sequence[int], reserved: Sequence[int], room: int) -> tuple[set[int], int]:
        """Places in the list, newest first, and their tokens. What did not fit stays counted while choosing."""
        included: set[int] = set()
        spent = 0
        for at in reserved:
            if at >= len(costs):
                continue
            spent += costs[at]
            if spent >= room:
                break
            included.add(at)
        for at, cost in enumerate(costs):
            if at in included:
                continue
            spent += cost
            if spent >= room:
                break
            included.add(at)
        return included, sum(costs[at] for at in included)

    def _wants_filler(self, items: Sequence[Item], oldest: int) -> bool:
        if self._continued is None:
            return oldest < 0 or items[oldest].speaker is not Speaker.USER
        if not items:
            return self._continued.speaker is not Speaker.USER
        seen = [self._continued, *items]
        return oldest < 0 or seen[oldest].speaker is not Speaker.USER

    def _written(self, items: Sequence[Item]) -> list[str]:
        """The items as they stand in the whole chat, newest first."""
        last_input = next((at for at, item in enumerate(items) if item.speaker is Speaker.USER), -1)
        first = len(items) - 1 if self._walk.ended else -1
        newer = [None, *(self._form.role(item) for item in items)]
        return [
            self._form.write(item, Place(newer=newer[at], first=at == first, last_input=at == last_input)).text
            for at, item in enumerate(items)
        ]
