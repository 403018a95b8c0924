"""``ScanText``: the text in which lore keys are looked for.

The newest turns, each behind a ``\\x01`` that no turn contains, then the injected texts that are scanned, then what
fired entries said (recursion).
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``WorldInfoBuffer``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from tavern_tui.domain.chat import Turn
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.lore_keys import Haystack

MOST_TURNS = 1_000
"""Turns that a scan looks at, whatever depth is asked for."""

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
    """The text of one scan. ``items`` come newest first and are pulled only as far as a depth asks for."""

    def __init__(self, items: Iterable[Item], injected: Sequence[str], *, names: bool) -> None:
        self._items = iter(items)
        self._injected = list(injected)
        self._names = names
        self._pulled: list[tuple[Item, str]] = []
        self._said: list[str] = []
        self._cache: dict[tuple[int, bool], Haystack] = {}

    def turns(self, depth: int) -> Iterator[tuple[Item, str]]:
        """The newest ``depth`` turns with their texts as they are scanned."""
        while len(self._pulled) < min(depth, MOST_TURNS) and (item := next(self._items, None)) is not None:
            text = f"{item.name}: {item.text}" if self._names and item.name else item.text
            self._pulled.append((item, text.replace(_BEFORE, "").strip()))
        yield from self._pulled[:depth]

    def has(self, count: int) -> bool:
        """Whether the chat has so many turns."""
        return sum(1 for _ in self.turns(count)) >= count

    def upto(self, depth: int, *, recursion: bool) -> Haystack:
        """What an entry of that scan depth sees; nothing at a depth of 0. ``recursion``: fired entries' texts, too."""
        found = self._cache.get((depth, recursion))
        if found is None:
            text = ""
            if depth > 0:
                said = self._said if recursion else []
                turns = _BEFORE + _BETWEEN.join(text for _, text in self.turns(depth))
                text = _BETWEEN.join((turns, *self._injected, *said))
            found = self._cache[depth, recursion] = Haystack(text)
        return found

    @property
    def has_said(self) -> bool:
        """Whether anything was said by entries that fired."""
        return bool(self._said)

    def say(self, text: str) -> None:
        """Let later passes see ``text``, what entries that fired contain."""
        self._said.append(text)
        self._cache = {place: text for place, text in self._cache.items() if not place[1]}

    def silence(self) -> None:
        """Forget what was said: for a new scan of the same turns."""
        self._said.clear()
        self._cache = {place: text for place, text in self._cache.items() if not place[1]}
