"""What one version of a summary says and another does not: by facts, not by wording.

A model that writes a summary anew says everything otherwise, so that a comparison of words would mark all of it. What
matters is whether a fact has gone: a sentence counts as told where most of the words that carry it, and every name and
number, stand in the other text, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tavern_tui.prompt.sentences import sentence_ends

_WORD = re.compile(r"\d[\d.,:]*\d|\d|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LONG = 5  # letters of a word that carries something in a language written with blanks
_STEM = 5  # letters that two forms of one word share
_TOLD = 0.5  # of a sentence's words that must be found for it to be told


class Change(Enum):
    """What became of a sentence."""

    SAME = " "
    GONE = "−"
    NEW = "+"


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence, what became of it, and the words of it that the other text does not have."""

    change: Change
    text: str
    missing: tuple[str, ...] = ()


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order; what stands behind the last end is one, too."""
    found, start = [], 0
    for end in (*sentence_ends(text), len(text)):
        if sentence := " ".join(text[start:end].split()):
            found.append(sentence)
        start = max(start, end)
    return found


def difference(before: str, after: str) -> list[Told]:
    """The sentences of ``after``, those marked that ``before`` does not tell; before them those that went."""
    gone = [one for one in _compared(before, after, Change.GONE) if one.change is Change.GONE]
    return [*gone, *_compared(after, before, Change.NEW)]


def lost(before: str, after: str) -> list[Told]:
    """The sentences of ``before`` that ``after`` does not tell any more."""
    return [one for one in _compared(before, after, Change.GONE) if one.change is Change.GONE]


def _compared(text: str, other: str, missing: Change) -> Iterator[Told]:
    stems = {_stem(word) for word in _WORD.findall(other)}
    for sentence in sentences(text):
        words = dict.fromkeys(_carrying(sentence))
        unknown = tuple(word for word in words if _stem(word) not in stems)
        told = len(words) - len(unknown) >= len(words) * _TOLD if words else True
        named = any(word[0].isupper() or word[0].isdigit() for word in unknown)
        yield Told(Change.SAME if told and not named else missing, sentence, unknown)


def _carrying(sentence: str) -> Iterator[str]:
    """The words of a sentence that carry what it says; the first is no name for standing there."""
    for place, word in enumerate(_WORD.findall(sentence)):
        if len(word) >= _LONG or word[0].isdigit() or (place and word[0].isupper() and len(word) > 1):
            yield word if place or word[0].isdigit() else word.lower()


def _stem(word: str) -> str:
    return word.lower().replace("’", "'").removesuffix("'s")[:_STEM]
