"""What lore asks of the chat beside its text: how long it is, how many replies it has, which greeting opened it.

Each answer walks the chat as far as it must and is asked for only where an entry depends on it. What needs the whole
chat is remembered in ``ChatMemory`` for the turn that it was found at: the next prompt walks to that turn.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TypeVar

from tavern_tui.domain.chat import ROOT, Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.story import Story

_MOST_REMEMBERED = 64

_Found = TypeVar("_Found")


class ChatMemory:
    """What was found of chats, by the turn at whose end it was: how many replies lead to it, how it was greeted.

    A turn never gets another path, so neither can change; the oldest finds are forgotten.
    """

    def __init__(self) -> None:
        self.replies: dict[str, int] = {}
        self.greetings: dict[str, int | None] = {}

    def trim(self) -> None:
        """Forget what was found long ago."""
        for found in (self.replies, self.greetings):
            while len(found) > _MOST_REMEMBERED:
                del found[next(iter(found))]


class ChatFacts:
    """One chat; hidden turns are left out where nothing else is said. ``memory`` is used under ``economy``."""

    def __init__(self, given: PromptInput, story: Story, memory: ChatMemory | None = None) -> None:
        self._given = given
        self._story = story
        self._memory = ChatMemory() if memory is None or given.policy is Policy.CLASSIC else memory

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
        """Turns of the character, hidden ones, too."""
        known, count, newest = self._memory.replies, 0, ""
        for turn in self._given.turns:
            if turn.id in known:
                count += known[turn.id]
                break
            newest = newest or turn.id
            count += turn.speaker is Speaker.CHARACTER
        return self._remember(known, newest, count)

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
        known, first, newest = self._memory.greetings, None, ""
        for turn in self._given.turns:
            if turn.id in known:
                return self._remember(known, newest, known[turn.id])
            newest, first = newest or turn.id, turn
        return self._remember(known, newest, self._greeting_of(first))

    def _remember(self, known: dict[str, _Found], newest: str, found: _Found) -> _Found:
        if newest:
            known[newest] = found
            self._memory.trim()
        return found

    def _greeting_of(self, first: Turn | None) -> int | None:
        """The number of the card's greeting that a chat's first turn says."""
        if first is None or first.parent not in ("", ROOT):
            return None
        said = self._plain(first.text)
        card = self._given.character
        texts = (card.greeting, *card.alternate_greetings)
        return next((at for at, text in enumerate(texts) if text.strip() and self._plain(text) == said), None)

    def _plain(self, text: str) -> str:
        return self._story.expand(text).replace("\r", "").strip()
