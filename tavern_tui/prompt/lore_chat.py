"""What lore asks of the chat beside its text: how long it is, how many replies it has, which greeting opened it.

Each answer walks the chat as far as it must and is asked for only where an entry depends on it: those that need the
whole chat are for entries that last, wait, or count turns.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice

from tavern_tui.domain.chat import ROOT
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.story import Story


class ChatFacts:
    """One chat; hidden turns are left out where nothing else is said."""

    def __init__(self, given: PromptInput, story: Story) -> None:
        self._given = given
        self._story = story

    @cached_property
    def length(self) -> int:
        """Turns; under ``economy`` the hidden ones, too, where the newest one's place is known without a walk."""
        if self._given.policy is Policy.ECONOMY:
            newest = next(iter(self._given.turns), None)
            known = self._given.turn_number(newest.id) if newest is not None else 0
            if known > 0:
                return known
        return sum(1 for turn in self._given.turns if not turn.hidden)

    @cached_property
    def replies(self) -> int:
        """Turns of the character."""
        return sum(1 for turn in self._given.turns if not turn.hidden and turn.speaker is Speaker.CHARACTER)

    def has_turns(self, count: int) -> bool:
        """Whether there are so many turns; looks no further than that."""
        return sum(1 for _ in islice((turn for turn in self._given.turns if not turn.hidden), count)) >= count

    def has_replies(self, count: int) -> bool:
        """Whether the character has so many turns; looks no further than that."""
        left = count
        for turn in self._given.turns if left > 0 else ():
            left -= not turn.hidden and turn.speaker is Speaker.CHARACTER
            if left <= 0:
                break
        return left <= 0

    @cached_property
    def greeting(self) -> int | None:
        """The number of the card's greeting that opened the chat, 0 for the first; ``None`` where it was none."""
        first = None
        for turn in self._given.turns:
            first = turn
        if first is None or first.parent not in ("", ROOT):
            return None
        said = self._plain(first.text)
        card = self._given.character
        texts = (card.greeting, *card.alternate_greetings)
        return next((at for at, text in enumerate(texts) if text.strip() and self._plain(text) == said), None)

    def _plain(self, text: str) -> str:
        return self._story.expand(text).replace("\r", "").strip()
