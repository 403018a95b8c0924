"""``NewestTurns``: what macros can say of a chat's turns, looked up when one asks.

Turns come newest first and are walked only as far as an answer needs, ``MOST_TURNS`` at most where the answer may not
be there. Source: SillyTavern 1.12.6, ``public/scripts/macros.js``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice

from tavern_tui.domain.chat import Turn, turn_of
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt import moment
from tavern_tui.prompt.bias import without_bias

MOST_TURNS = 1_000
"""Turns that are looked through for one by the user or by the character."""

_MOST_INCLUDED = 20_000  # turns that a prompt may hold for all we know

Swipes = tuple[int, int]
"""How many swipes the newest turn has, and which of them it is, from 1."""


class NewestTurns:
    """The turns of one prompt. ``turns`` can be walked several times, newest first.

    ``number`` gives a turn's place by its id, 1 for the chat's first; where it does not (0) the turns are counted
    through. ``first_turn`` is the id of the oldest turn in the previous prompt. ``swipes`` are the newest turn's:
    ``None`` where it has none.
    """

    def __init__(
        self,
        turns: Iterable[Turn],
        *,
        number: Callable[[str], int] = lambda _turn: 0,
        first_turn: str = "",
        swipes: Swipes | None = None,
    ) -> None:
        self._turns = turns
        self._number = number
        self._first_turn = turn_of(first_turn)
        self._swipes = swipes

    def last(self) -> str:
        """The newest turn's text, hidden ones included; empty in an empty chat."""
        return next((without_bias(turn.text) for turn in self._turns), "")

    def last_of_user(self) -> str:
        """The text of the user's newest turn that is not hidden."""
        return next((without_bias(turn.text) for turn in self._seen() if turn.speaker is Speaker.USER), "")

    def last_of_others(self) -> str:
        """The text of the newest turn that is not the user's and not hidden."""
        return next((without_bias(turn.text) for turn in self._seen() if turn.speaker is not Speaker.USER), "")

    def last_id(self) -> str:
        """The newest turn's number in the chat, from 0; empty in an empty chat."""
        newest = next(iter(self._turns), None)
        if newest is None:
            return ""
        return str((self._number(newest.id) or sum(1 for _ in self._turns)) - 1)

    def first_included_id(self) -> str:
        """The number of the oldest turn in the previous prompt, from 0; empty where it is not known."""
        if not self._first_turn:
            return ""
        turns = enumerate(islice(self._turns, _MOST_INCLUDED))
        newer = next((at for at, turn in turns if turn.id == self._first_turn), None)
        return "" if newer is None else str(int(self.last_id()) - newer)

    def swipe_count(self) -> str:
        """How many swipes the newest turn has; empty where it has none."""
        return str(self._swipes[0]) if self._swipes else ""

    def swipe(self, *, exact: bool) -> str:
        """Which swipe the newest turn is, from 1. Where it has none: empty, or SillyTavern's ``NaN``."""
        return str(self._swipes[1]) if self._swipes else "NaN" if exact else ""

    def idle(self, now: datetime) -> str:
        """How long ago the user said something before the newest turn: ``5 minutes``; ``just now`` if never."""
        visible = self._seen()
        next(visible, None)
        said = next((turn for turn in visible if turn.speaker is Speaker.USER), None)
        if said is None or not said.at:
            return "just now"
        return moment.humanized(now.timestamp() - said.at)

    def _seen(self) -> Iterator[Turn]:
        return (turn for turn in islice(self._turns, MOST_TURNS) if not turn.hidden)
