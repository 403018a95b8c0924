"""``ScanText``: the text in which lore keys are looked for.

The newest turns, each behind a ``\\x01`` that no turn contains, then the card's texts that an entry asks for, then the
injected texts that are scanned, then what fired entries said (recursion). No plain key without a ``\\x01`` can reach
from one of these pieces into another: between two stands a line break and a ``\\x01``, and keys end in no blank.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``WorldInfoBuffer``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from types import MappingProxyType

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.lorebook import LoreSource
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.lore_keys import Haystack

MOST_TURNS = 1_000
"""Turns that a scan looks at, whatever depth is asked for."""

CHARACTERS_PER_TOKEN = 4
"""Of a story: what stands for a token where a length in tokens is to be found in the turns."""

_MOST_CACHED = 4_000_000  # characters
_BEFORE = "\x01"
_BETWEEN = "\n\x01"


class Recalled(Iterable[Turn]):
    """Turns that can be walked several times and are pulled from their source once, as far as a walk goes."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._source = iter(turns)
        self._pulled: list[Turn] = []

    def __iter__(self) -> Iterator[Turn]:
        for at in count():
            if at == len(self._pulled):
                turn = next(self._source, None)
                if turn is None:
                    return
                self._pulled.append(turn)
            yield self._pulled[at]


class ScanText:
    """The text of one scan. ``items`` come newest first and are pulled only as far as a depth asks for.

    ``injected`` are the texts that every entry sees, ``sources`` those that an entry sees where it asks for them.
    """

    def __init__(
        self,
        items: Iterable[Item],
        injected: Sequence[str],
        *,
        names: bool,
        sources: Mapping[LoreSource, str] = MappingProxyType({}),
    ) -> None:
        self.injected = tuple(injected)
        self.sources = {source: text.strip() for source, text in sources.items()}
        self.said: list[str] = []
        self._items = iter(items)
        self._names = names
        self._pulled: list[tuple[Item, str]] = []
        self._alone: dict[int, Haystack] = {}
        self._spoken = 0
        self._speeches: dict[tuple[int, str], int] = {}
        self._cache: dict[tuple[int, int, tuple[LoreSource, ...]], Haystack] = {}
        self._cached = 0
        self._tails: dict[int, Haystack] = {}

    def turns(self, depth: int) -> Iterator[tuple[Item, str]]:
        """The newest ``depth`` turns with their texts as they are scanned."""
        self._pull(depth)
        yield from self._pulled[: max(0, depth)]

    def has(self, count: int) -> bool:
        """Whether the chat has so many turns."""
        self._pull(count)
        return len(self._pulled) >= count

    def alone(self, distance: int) -> Haystack:
        """The turn ``distance`` above the newest, as if it were all there is."""
        if distance not in self._alone:
            self._pull(distance + 1)
            self._alone[distance] = Haystack(_BEFORE + self._pulled[distance][1])
        return self._alone[distance]

    def upto(self, depth: int, *, recursion: bool, sources: tuple[LoreSource, ...] = ()) -> Haystack:
        """What an entry of that scan depth sees; nothing at a depth of 0. ``recursion``: fired entries' texts, too.

        The same text mostly gives the same object, in a later scan of the same turns, too.
        """
        place = (depth, self._spoken if recursion else 0, sources)
        found = self._cache.get(place)
        if found is None:
            text = ""
            if depth > 0:
                said = self.said if recursion else ()
                asked = [text for source in sources if (text := self.sources.get(source, ""))]
                turns = _BEFORE + _BETWEEN.join(text for _, text in self.turns(depth))
                text = _BETWEEN.join((turns, *asked, *self.injected, *said))
            self._cached += len(text)
            if self._cached > _MOST_CACHED:
                self._cache, self._cached = {}, 0
            found = self._cache[place] = Haystack(text)
        return found

    def tail(self, characters: int) -> Haystack:
        """The last so many characters of the story, in reading order."""
        found = self._tails.get(characters)
        if found is None:
            newest = [text for _, text in self.turns(self.turns_of(characters))]
            found = self._tails[characters] = Haystack("\n".join(reversed(newest))[-characters:])
        return found

    def turns_of(self, characters: int) -> int:
        """How many of the newest turns hold the last so many characters."""
        length = depth = 0
        while length < characters and self.has(depth + 1):
            length += len(self._pulled[depth][1]) + 1
            depth += 1
        return depth

    def _pull(self, depth: int) -> None:
        while len(self._pulled) < min(depth, MOST_TURNS) and (item := next(self._items, None)) is not None:
            text = f"{item.name}: {item.text}" if self._names and item.name else item.text
            self._pulled.append((item, text.replace(_BEFORE, "").strip()))

    def say(self, text: str) -> None:
        """Let later passes see ``text``, what entries that fired contain."""
        self.said.append(text)
        self._spoken = self._speeches.setdefault((self._spoken, text), len(self._speeches) + 1)

    def silence(self) -> None:
        """Forget what was said: for a new scan of the same turns."""
        self.said.clear()
        self._spoken = 0
