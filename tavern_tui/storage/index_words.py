"""Words of a text as the index knows them: what was typed as a query, and where its words stand in a text.

Pure. SQLite's tokenizer (``unicode61 remove_diacritics 2``) takes runs of letters and digits, whatever their accents
and capitals; the same is done here where a text is looked at, so that every hit shows why it is one. Chinese and
Japanese write no blanks: there every character is a word, and neighbours that were typed together are a phrase.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

SHORTEST_PREFIX = 3
MOST_WORDS = 32
LONGEST = 1000
"""Characters of a query that are looked at."""

_TYPED = re.compile(r'"([^"]*)"?|(\S+)')
_TOKEN = re.compile(r"[^\W_]+")
_WIDE_RANGES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WIDE = re.compile(f"([{_WIDE_RANGES}])")
_LETTER = rf"[^\W_{_WIDE_RANGES}]"  # one that goes on a word


_ACCENT = re.compile("[\u0300-\u036f]")
_PLAIN = {  # Latin letters with accents, to the letter below; others keep theirs, as in SQLite
    code: base[0]
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    if len(base := _ACCENT.sub("", unicodedata.normalize("NFD", chr(code)))) == 1 and base[0].isascii()
}


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after the other; of the last one only its beginning where ``prefix`` is true."""

    tokens: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class WordQuery:
    """What is searched for: texts that have every term. ``text`` is what was typed."""

    text: str
    terms: tuple[Term, ...]
    pattern: re.Pattern[str]

    @property
    def match(self) -> str:
        """The query in FTS5's words (sqlite.org/fts5.html §3); everything typed is quoted."""
        return " AND ".join(f'"{" ".join(term.tokens)}"{" *" if term.prefix else ""}' for term in self.terms)

    @property
    def shorter(self) -> str:
        """The query with every beginning cut to the length that is looked up at once; empty where none is longer.

        Whatever the query finds is among what this one finds.
        """
        cut = [
            Term((*term.tokens[:-1], term.tokens[-1][:SHORTEST_PREFIX]), True) if term.prefix else term
            for term in self.terms
        ]
        return WordQuery(self.text, tuple(cut), self.pattern).match if tuple(cut) != self.terms else ""

    def is_in(self, text: str) -> bool:
        """Whether ``text`` has every term."""
        folded = folded_text(text)[0]
        return all(_pattern(term).search(folded) for term in self.terms)

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where the terms stand in ``text``: begin and end, in characters, in their order."""
        folded, places = folded_text(text)
        found = []
        for match in self.pattern.finditer(folded):
            end = places[match.end() - 1] + 1
            while end < len(text) and _ACCENT.match(text[end]):
                end += 1
            found.append((places[match.start()], end))
        return found

    def weight(self, text: str) -> float:
        """How much of ``text`` is about the terms: each counts less the more often it was there, long texts less."""
        folded = folded_text(text)[0]
        total = 0.0
        for term in self.terms:
            times = len(_pattern(term).findall(folded))
            total += times / (times + 1.2 * (0.25 + 0.75 * len(text) / _USUAL_LENGTH))
        return total


_USUAL_LENGTH = 500  # characters of a turn


def word_query(typed: str, *, unfinished: bool = True) -> WordQuery | None:
    """The query that somebody typed, ``None`` where there is no word in it.

    Words in double quotes stand one after the other. A word that ends in ``*`` is a beginning; with ``unfinished`` the
    last one is, too, unless it is quoted or a blank follows. Beginnings have at least ``SHORTEST_PREFIX`` letters;
    shorter ones are words.
    """
    typed = typed[:LONGEST]
    terms: list[Term] = []
    matches = list(_TYPED.finditer(typed))[:MOST_WORDS]
    for match in matches:
        phrase, word = match.groups()
        tokens = tokens_of(phrase if word is None else word)
        if not tokens:
            continue
        last = unfinished and match is matches[-1] and match.end() == len(typed)
        begun = word is not None and (word.endswith("*") or last)
        terms.append(Term(tuple(tokens), begun and len(tokens[-1]) >= SHORTEST_PREFIX))
    if not terms:
        return None
    longest_first = sorted(terms, key=lambda term: -sum(map(len, term.tokens)))
    pattern = re.compile("|".join(_pattern(term).pattern for term in longest_first))
    return WordQuery(typed, tuple(terms), pattern)


def tokens_of(text: str) -> list[str]:
    """The words of ``text``, small and without accents."""
    return _TOKEN.findall(folded_text(parted(text))[0])


def parted(text: str) -> str:
    """``text`` as SQLite is given it: with blanks around every character that is a word by itself."""
    return text if text.isascii() else _WIDE.sub(r" \1 ", text)


def folded_text(text: str) -> tuple[str, range | list[int]]:
    """``text`` small and without accents, and for each of its characters the place in ``text`` that it comes from."""
    small = text.lower()
    if text.isascii():
        return small, range(len(text))
    if len(small) == len(text) and not _ACCENT.search(text):
        return small.translate(_PLAIN), range(len(text))
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in character.lower().translate(_PLAIN):
            if not _ACCENT.match(part):
                letters.append(part)
                places.append(place)
    return "".join(letters), places


def _pattern(term: Term) -> re.Pattern[str]:
    wide = [bool(_WIDE.fullmatch(token)) for token in term.tokens]
    parts = []
    for place, token in enumerate(term.tokens):
        if place:
            parts.append(r"[\W_]*" if wide[place] or wide[place - 1] else r"[\W_]+")
        parts.append(re.escape(token))
    before = "" if wide[0] else f"(?<!{_LETTER})"
    after = "" if term.prefix or wide[-1] else f"(?!{_LETTER})"
    return re.compile(before + "".join(parts) + after)
