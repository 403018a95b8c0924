"""Where the cursor of a story goes: by what is seen as a character, by words, paragraphs, sentences. Pure."""

from __future__ import annotations

import re
from typing import Final

from tavern_tui.ui.story.layout import graphemes, shown
from tavern_tui.ui.story.text import Place, StoryText

_WORD: Final = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]+")
_SENTENCE_END: Final = re.compile(r"[.!?…。！？]+[\"'”’»)\]*_]*(?=\s|\Z)")


def left(text: StoryText, place: Place) -> Place:
    """One character back, over the end of a line too."""
    line, column = place
    if not column:
        return (line - 1, len(text.line(line - 1))) if line else place
    return line, max((start for start, _, _ in graphemes(shown(text.line(line))) if start < column), default=0)


def right(text: StoryText, place: Place) -> Place:
    """One character on, over the end of a line too."""
    line, column = place
    if column >= len(text.line(line)):
        return (line + 1, 0) if line + 1 < text.count else place
    ends = (end for _, end, _ in graphemes(shown(text.line(line))) if end > column)
    return line, next(ends, len(text.line(line)))


def word_left(text: StoryText, place: Place) -> Place:
    """The beginning of the word before."""
    line, column = place
    if not column:
        return left(text, place)
    return line, max((match.start() for match in _WORD.finditer(text.line(line)) if match.start() < column), default=0)


def word_right(text: StoryText, place: Place) -> Place:
    """The end of the next word."""
    line, column = place
    found = text.line(line)
    if column >= len(found):
        return right(text, place)
    match = _WORD.search(found, column)
    return line, match.end() if match else len(found)


def word_around(text: StoryText, place: Place) -> tuple[Place, Place]:
    """From where to where the word at ``place`` stands; twice ``place`` where there is none."""
    line, column = place
    for match in _WORD.finditer(text.line(line)):
        if match.start() <= column <= match.end():
            return (line, match.start()), (line, match.end())
    return place, place


def sentence_end(passage: str, column: int) -> int:
    """The end of the sentence of ``passage`` that holds ``column``, with what closes it; the passage's where none."""
    match = _SENTENCE_END.search(passage, max(0, column - 1))
    return match.end() if match else len(passage)
