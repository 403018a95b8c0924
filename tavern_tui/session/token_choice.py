"""What might have stood at the place of each token of a reply, and going on from another choice there.

The choices are kept with the reply's event where ``reply.alternatives`` asks for them. A reply that goes on from
another token is a new swipe, whose given beginning is the text up to there.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tavern_tui.domain.alternatives import MOST_PER_TOKEN, MOST_TOKENS, Alternative, TokenChoice
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.display import safe
from tavern_tui.domain.errors import NotFoundError

if TYPE_CHECKING:
    from tavern_tui.engines.base import TextArrived
    from tavern_tui.session.events import SessionEvent
    from tavern_tui.session.reply_text import ReplyText
    from tavern_tui.session.session import ChatSession

_MOST_DIGITS = 9
_HALF = "\N{REPLACEMENT CHARACTER}"


class ReplyChoices:
    """The choices of one reply as it comes, bounded by ``MOST_TOKENS``: ``all`` of them so far."""

    def __init__(self) -> None:
        self.all: list[TokenChoice] = []
        self._whole = True

    def feed(self, pieces: Iterable[TextArrived]) -> None:
        """Take in what arrived. Choices end at the first piece whose tokens do not spell it."""
        for piece in pieces:
            spelt = "".join(choice.text for choice in piece.alternatives) == piece.text
            self._whole = self._whole and spelt and len(self.all) < MOST_TOKENS
            if self._whole:
                self.all += piece.alternatives

    def told_at_the_end(self, choices: Sequence[TokenChoice]) -> None:
        """Take in what an engine told of the whole reply when it was over, where it told nothing on the way."""
        self.all = self.all or list(choices[:MOST_TOKENS])

    def kept(self, text: ReplyText) -> tuple[TokenChoice, ...]:
        """The choices as they are kept with the reply: behind one for the beginning that it was given.

        None where the reply has thinking: its text is not all that was written.
        """
        if not self.all or text.reasoning:
            return ()
        given = (TokenChoice(text.before, 0.0),) if text.before else ()
        kept = (*given, *self.all)[:MOST_TOKENS]
        return kept if text.raw.startswith("".join(choice.text for choice in kept)) else ()


@dataclass(frozen=True, slots=True)
class Place:
    """One token of a reply that can be chosen otherwise. ``index`` counts the turn's alternatives.

    ``before`` is the reply's text up to there.
    """

    index: int
    before: str
    choice: TokenChoice

    @property
    def others(self) -> tuple[Alternative, ...]:
        """What can be chosen in its place, likeliest first: whole characters, and not what stands there."""
        found = (one for one in self.choice.likeliest if one.text and one.text != self.choice.text)
        return tuple(one for one in found if _HALF not in one.text)[:MOST_PER_TOKEN]


def places(turn: Turn) -> list[Place]:
    """The places of a reply where another token can be chosen; none where nothing was kept or the text was edited."""
    if not turn.source_text.startswith("".join(choice.text for choice in turn.alternatives)):
        return []
    found, before = [], ""
    for index, choice in enumerate(turn.alternatives):
        place = Place(index, before, choice)
        if place.others:
            found.append(place)
        before += choice.text
    return found


def listed(turn: Turn) -> list[str]:
    """The places of a reply, a line each: index, the token, and what else was likely, by its number, in percent."""
    lines = []
    for place in places(turn):
        others = (f"{number} {_shown(other)}" for number, other in enumerate(place.others, 1))
        drawn = _shown(Alternative(place.choice.text, place.choice.logprob))
        lines.append(f"{place.index:>4}  {drawn}  ·  {'  '.join(others)}")
    return lines


def _shown(one: Alternative) -> str:
    return f"{safe(repr(one.text))} {math.exp(min(0.0, one.logprob)):.0%}"


def chosen_otherwise(session: ChatSession, turn: Turn, wanted: str) -> AsyncGenerator[SessionEvent, None]:
    """Go on from what ``wanted`` names: the number of a token of ``turn`` and of a choice there, as ``listed`` has it.

    Raises ``NotFoundError`` where there is no such choice.
    """
    numbers = [int(word) for word in wanted.split() if word.isdecimal() and len(word) <= _MOST_DIGITS]
    place = next((place for place in places(turn) if numbers[:1] == [place.index]), None)
    if place is None or len(numbers) != 2 or not 1 <= numbers[1] <= len(place.others):
        raise NotFoundError(
            "There is no such choice.", hint="/token lists them; /token 12 2 takes the second at token 12."
        )
    return go_on_from(session, turn.id, place.index, place.others[numbers[1] - 1].text)


def go_on_from(session: ChatSession, turn: str, index: int, text: str) -> AsyncGenerator[SessionEvent, None]:
    """A swipe beside ``turn`` that is the same up to the token ``index``, has ``text`` there, and goes on by itself.

    Raises ``NotFoundError`` where that turn is not there, or nothing is known of that place.
    """
    found = session.tree.turns.get(turn)
    place = next((place for place in places(found) if place.index == index), None) if found is not None else None
    if place is None:
        raise NotFoundError(
            "Nothing is known of what else might have stood there.",
            hint="Set reply.alternatives to 5: replies from then on keep it. Edited text loses it.",
        )
    return session.swipe(turn, begins=place.before + text)
