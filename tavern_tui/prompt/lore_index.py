"""``LoreIndex``: the entries of a prompt's books, made ready so that a turn looks only at those that may fire.

A plain key is filed under one part of it that every text with the key must contain: a whole word where the key is
looked for in whole words, else a few characters; of a key's parts the one that fewest keys share. One walk over a
text finds the parts that stand in it, and with them the entries whose keys do. What cannot be filed (regular
expressions, keys with macros, entries without keys that may fire all the same) is looked at every time. The index
decides nothing: whether a key counts is ``prompt.lore_keys``'. ``LoreCache`` keeps an index as long as its books and
settings stay the same; whoever makes prompts owns one and hands it in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from tavern_tui.domain.lorebook import Lorebook, LoreSource
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.lore_books import Listed, listed, sources
from tavern_tui.prompt.lore_chat import ChatMemory
from tavern_tui.prompt.lore_keys import ASCII_WORD, WORD, KeyForm, Needle, has_macros, needle, several_words
from tavern_tui.prompt.lore_patterns import required
from tavern_tui.prompt.lore_text import CHARACTERS_PER_TOKEN, MOST_TURNS

_GRAM = 4
_LOOKED_AT = 64  # characters of a key in which a part is chosen
_MOST_REMEMBERED = 2_048
_MOST_REMEMBERED_CHARACTERS = 2_000_000
_LONGEST_REMEMBERED = 20_000
_MOST_PRICED = 500
_MOST_PRICED_CHARACTERS = 200_000
_SHORTEST_LITERAL = 3  # characters that a pattern must have in every text to be filed under them
_MOST_INDEXES = 4


class KeyTable:
    """Which of many keys stand in a text, those looked for in whole words perhaps inside of a longer one.

    ``keys`` maps a key and whether it is looked for in whole words to the numbers of the entries that have it.
    """

    def __init__(self, keys: Mapping[tuple[str, bool], Sequence[int]], word: re.Pattern[str]) -> None:
        self._word = word
        self._words: dict[str, list[tuple[str, Sequence[int]]]] = {}
        self._grams: dict[int, dict[str, list[tuple[str, Sequence[int]]]]] = {}
        parts = [(place[0], entries, *self._parts(*place)) for place, entries in keys.items()]
        shared = Counter(chain.from_iterable(found for _, _, found, _ in parts if len(found) > 1))
        for key, entries, found, size in parts:
            part = found[0] if len(found) == 1 else min(found, key=shared.__getitem__)
            table = self._grams.setdefault(size, {}) if size else self._words
            table.setdefault(part, []).append((key, entries))

    def hits(self, text: str) -> set[int]:
        """The entries of the keys that stand in ``text``."""
        found: set[int] = set()
        if self._words:
            for word in self._words.keys() & set(self._word.findall(text)):
                for key, entries in self._words[word]:
                    if key in text:
                        found.update(entries)
        for size, table in self._grams.items():
            for gram in table.keys() & {text[at : at + size] for at in range(len(text) - size + 1)}:
                for key, entries in table[gram]:
                    if key in text:
                        found.update(entries)
        return found

    def _parts(self, key: str, whole: bool) -> tuple[Sequence[str], int]:
        """The parts under which a key can be filed, and their size; 0 for words."""
        if whole and key.isascii() and key.isalnum():
            return (key,), 0
        head = key[:_LOOKED_AT]
        words = self._word.findall(head) if whole else []
        if words and len(key) > len(head):
            words.pop()  # it may be cut off
        if words:
            return words, 0
        if len(head) <= _GRAM:
            return (head,), len(head)
        return (head[:_GRAM], head[-_GRAM - 1 : -1], head[-_GRAM:]), _GRAM


class LoreIndex:
    """The entries in the order in which they are considered, and where to find those that may fire.

    ``always`` are the numbers of those that are looked at for every text, as they are ``unfiled``; ``deepest`` is the
    greatest scan depth of their own, ``levels`` are their recursion levels, ``timed`` those that last or wait, by book
    and number; ``asked`` the texts beside the turns that some of them see; ``ranked`` the ids of books whose budget
    goes by priority. ``needles`` and ``compiled`` are their keys made ready; ``priced`` the texts whose tokens the last
    prompts wanted.
    """

    def __init__(self, given: PromptInput) -> None:
        self._exact = given.policy is Policy.CLASSIC
        self.entries = listed(given)
        self.needles: dict[tuple[str, KeyForm], Needle] = {}
        self.compiled: dict[tuple[str, bool], Any] = {}
        self.priced: dict[str, None] = {}
        self._known: dict[str, Listed] = {}
        self._keys: list[str] = []
        self._priced = 0
        self.always: list[int] = []
        self._folded = KeyTable({}, WORD)
        self._cased = KeyTable({}, WORD)
        self._remembered: dict[str, frozenset[int]] = {}
        self._kept = 0
        self._file(ASCII_WORD if self._exact else WORD)
        self.unfiled = frozenset(self.always)
        entries = self.entries
        self.deepest = min(MOST_TURNS, max((one.depth or 0 for one in entries), default=0))
        self.tails = {one.tail for one in entries if one.tail is not None}
        seen = {one.conditions.tokens_seen for one in entries if one.conditions.tokens_seen is not None}
        self.tails |= {CHARACTERS_PER_TOKEN * tokens for tokens in seen if tokens}
        self.levels = tuple(sorted({one.entry.delay_until_recursion for one in entries} - {0}))
        self.timed = {
            (one.book.name, one.entry.uid): one for one in entries if one.entry.sticky > 0 or one.entry.cooldown > 0
        }
        self.ranked = {
            id(one.book) for one in entries if one.entry.priority is not None and (one.book.token_budget or 0) > 0
        }
        self.asked: set[LoreSource] = {source for one in entries for source in one.entry.also_scans}

    def key(self, one: Listed) -> str:
        """What tells an entry from all others, in this index and in later ones of the same books."""
        return self._by_key()[1][one.at]

    def entry(self, key: str) -> Listed | None:
        """The entry with a key, if its book is in use and has it."""
        return self._by_key()[0].get(key)

    def _by_key(self) -> tuple[dict[str, Listed], list[str]]:
        if not self._keys:
            for one in self.entries:
                place = f"lore {one.entry.uid} {one.book.name}".rstrip()
                key, number = place, 1
                while key in self._known:
                    number += 1
                    key = f"{place} ({number})"
                self._known[key] = one
                self._keys.append(key)
        return self._known, self._keys

    def hits(self, text: str) -> frozenset[int]:
        """The numbers of the entries with a key in ``text``; what the keys beside it say is not looked at."""
        found = self._remembered.get(text)
        if found is None:
            found = frozenset(self._folded.hits(text.lower()) | self._cased.hits(text))
            if len(self._remembered) >= _MOST_REMEMBERED or self._kept > _MOST_REMEMBERED_CHARACTERS:
                self._remembered, self._kept = {}, 0
            if len(text) <= _LONGEST_REMEMBERED:
                self._remembered[text] = found
                self._kept += len(text)
        return found

    def price(self, texts: Iterable[str]) -> None:
        """Remember texts whose tokens a prompt wanted, so that the next one asks for them before it scans."""
        for text in texts:
            if text not in self.priced and len(text) <= _LONGEST_REMEMBERED:
                self.priced[text] = None
                self._priced += len(text)
        while len(self.priced) > _MOST_PRICED or self._priced > _MOST_PRICED_CHARACTERS:
            oldest = next(iter(self.priced))
            del self.priced[oldest]
            self._priced -= len(oldest)

    def _file(self, word: re.Pattern[str]) -> None:
        folded: dict[tuple[str, bool], list[int]] = {}
        cased: dict[tuple[str, bool], list[int]] = {}
        for one in self.entries:
            keys = [key for key in one.entry.keys if key.strip() or (key and self._exact)]
            places = [_place(key, one) for key in keys]
            if one.entry.constant or one.forced or None in places:
                self.always.append(one.at)
                continue
            for place in places:
                if place is not None:
                    text, whole, as_it_is = place
                    (cased if as_it_is else folded).setdefault((text, whole), []).append(one.at)
        self._folded, self._cased = KeyTable(folded, word), KeyTable(cased, word)


def _place(key: str, one: Listed) -> tuple[str, bool, bool] | None:
    """What to file a key under: a text, whether in whole words, whether in its own case; ``None`` where it cannot be.

    It can where a text with the key has it in one of the pieces that are scanned.
    """
    if has_macros(key) or "\x01" in key or "\n" in key:
        return None
    text = key.strip()
    if one.form is KeyForm.PATTERN or text.startswith("/"):
        made = needle(key, one.form)
        literal = "" if "u" in made.flags else required(made.pattern)  # there the long s is an s
        if made.pattern:
            return (literal, False, False) if len(literal) >= _SHORTEST_LITERAL else None
    if not text:
        return None
    return text if one.case_sensitive else text.lower(), one.whole_words and not several_words(text), one.case_sensitive


class LoreCache:
    """The indexes of the last prompts, for one who makes many prompts from the same books; what is known of chats."""

    def __init__(self) -> None:
        self.chats = ChatMemory()
        self._kept: list[tuple[tuple[tuple[Lorebook, ...], ...], object, LoreIndex]] = []

    def index(self, given: PromptInput) -> LoreIndex:
        """The index for the books and settings of a prompt."""
        books, how = sources(given), (given.policy, given.lore)
        for kept, kept_how, index in self._kept:
            if kept_how == how and _same(kept, books):
                return index
        index = LoreIndex(given)
        self._kept = [(books, how, index), *self._kept[: _MOST_INDEXES - 1]]
        return index


def _same(some: tuple[tuple[Lorebook, ...], ...], others: tuple[tuple[Lorebook, ...], ...]) -> bool:
    """Whether these are the very same books: comparing two books entry by entry takes as long as a scan."""
    return all(
        len(one) == len(other) and all(book is its for book, its in zip(one, other, strict=True))
        for one, other in zip(some, others, strict=True)
    )
