"""Where a generated passage ends: by its length, with the sentence, with the paragraph, after so many words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.errors import SettingsError

if TYPE_CHECKING:
    from tavern_tui.session.options import ReplyOptions

UNTIL: Final = "story until"
"""The chat's property that says where passages end: a name, or a number of words."""

LENGTH, SENTENCE, PARAGRAPH, WORDS = "length", "sentence", "paragraph", "words"
MOST_WORDS: Final = 5_000

_TOKENS_PER_WORD = 1.6  # of English with the vocabularies of today about 1.3; other languages take more
_RUN_ON = 40  # tokens to the end of the sentence
_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"(\d{1,6})(?:\s*words?)?")


@dataclass(frozen=True, slots=True)
class Until:
    """Where a passage ends. ``kind`` is ``length`` (that of replies), ``sentence``, ``paragraph`` or ``words``."""

    kind: str = LENGTH
    words: int = 0

    def __str__(self) -> str:
        """As a person types and reads it."""
        return f"{self.words} words" if self.kind == WORDS else self.kind

    def as_value(self) -> str | int | None:
        """As the chat's property holds it."""
        return {LENGTH: None, WORDS: self.words}.get(self.kind, self.kind)

    def reached(self, text: str) -> bool:
        """Whether a passage that reads ``text`` so far is complete."""
        return _line_end(text) >= 0 if self.kind == PARAGRAPH else self.cut(text) != text

    def cut(self, text: str) -> str:
        """``text`` up to where it ends: a sentence has ended when another begins, words with the sentence's end."""
        if self.kind == PARAGRAPH:
            end = _line_end(text)
            rest = text[max(0, end) :]
            breaks = rest[: len(rest) - len(rest.lstrip("\n"))]
            return text if end < 0 else text[:end].rstrip() + breaks
        if self.kind == SENTENCE:
            return text[: next(_ends(text, 0), len(text))]
        if self.kind == WORDS:
            words = [match.end() for match in _WORD.finditer(text)]
            if len(words) > self.words:
                return text[: next(_ends(text, words[self.words - 1]), len(text))]
        return text


def _line_end(text: str) -> int:
    """Where the first line with a word ends; -1 where it goes on."""
    return text.find("\n", len(text) - len(text.lstrip()))


def _ends(text: str, start: int) -> Iterator[int]:
    """Where sentences end from ``start`` on behind which something follows that is no more of them."""
    from tavern_tui.prompt.sentences import sentence_ends

    for end in sentence_ends(text, start):
        after = text[end:].lstrip()
        if end >= start and (text[end : end + 1] == "\n" or (after and not after[0].islower())):
            yield end


def until_of(properties: Mapping[str, Any]) -> Until:
    """Where the passages of a chat with these properties end."""
    value = properties.get(UNTIL)
    if value in (SENTENCE, PARAGRAPH):
        return Until(value)
    if type(value) is int and 0 < value <= MOST_WORDS:
        return Until(WORDS, value)
    return Until()


def until_typed(text: str) -> Until:
    """What a person typed: ``sentence``, ``paragraph``, ``length``, ``200 words``. Raises ``SettingsError``."""
    typed = text.strip().casefold()
    if typed in (LENGTH, SENTENCE, PARAGRAPH):
        return Until(typed)
    number = _NUMBER.fullmatch(typed)
    if number is not None and 0 < int(number.group(1)) <= MOST_WORDS:
        return Until(WORDS, int(number.group(1)))
    raise SettingsError(
        f"A passage cannot end at “{text}”.",
        hint=f"Say sentence, paragraph, length, or a number of words up to {MOST_WORDS:,}.",
    )


def room_for(until: Until, options: ReplyOptions) -> ReplyOptions:
    """``options`` for a passage that ends there."""
    if until.kind == WORDS:
        return options.with_length(round(until.words * _TOKENS_PER_WORD) + _RUN_ON)
    return options if until.kind == LENGTH else replace(options, finish_sentence=False)
