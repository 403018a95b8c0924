"""The outline of a text: its chapters and the scenes in them, found by how writers mark them. Pure.

Chapters begin at headings of Markdown, at lines like "Chapter 3", "Kapitel III" or "Prologue", and behind form feeds;
scenes behind lines of ``***``, ``* * *``, ``---``, ``#`` or ``⁂`` alone. Text above the first chapter is one without a
title. Nothing of the text is changed. Source: ``docs/ux.md`` §11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

CHAPTER, SCENE = "chapter", "scene"
SCENE_LEVEL: Final = 7
"""The level of scenes; chapters have those of their headings, 1 to 6."""

_MOST_TITLE = 120  # characters: a longer line is a paragraph
_NUMBER = r"(?:\d{1,4}|[IVXLC]{1,8}|[^\W\d_]{2,12}(?:[- ][^\W\d_]{2,8})?)"
_NAMED = (
    "chapter|part|book|act|kapitel|teil|buch|chapitre|partie|livre|capítulo|capitulo|parte|libro|capitolo|глава|часть"
)
_ALONE = "prologue|epilogue|interlude|prolog|epilog|zwischenspiel|épilogue|prólogo|epílogo|foreword|afterword"
_LINE: Final = re.compile(
    rf"""(?:(?P<marks>\#{{1,6}})[ \t]+(?P<heading>\S.*)
      | (?P<named>(?:{_NAMED})[ \t]+{_NUMBER}(?:[ \t]*[.:–—-].*)?)
      | (?P<alone>{_ALONE})[ \t]*[.:]?
      | (?P<scene>\*(?:[ \t]*\*){{2,}}|-(?:[ \t]*-){{2,}}|_(?:[ \t]*_){{2,}}|\#|⁂))[ \t\r]*""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter or a scene: the characters from ``start`` (that of its heading) to ``end``.

    ``title`` is empty where it has none. ``level`` is 1 for the highest heading. A chapter ends where the next begins,
    whatever that one's level; a scene ends with its chapter at the latest. ``body`` is where the text below the
    heading begins.
    """

    kind: str
    level: int
    title: str
    start: int
    body: int
    end: int


def outline(text: str) -> list[Section]:
    """The chapters and scenes of ``text``, in their order."""
    found = list(_sections(text))
    begins = next((one.start for one in found if one.kind == CHAPTER), len(text))
    if not text[:begins].strip():
        begins = 0 if not found else begins
    elif begins:
        found.insert(0, Section(CHAPTER, 1, "", 0, 0, 0))
    ended: list[Section] = []
    chapter_end = scene_end = len(text)
    for one in reversed(found):
        if one.kind == CHAPTER:
            ended.append(replace(one, end=chapter_end))
            chapter_end = one.start
        else:
            ended.append(replace(one, end=min(scene_end, chapter_end)))
        scene_end = one.start
    return ended[::-1]


def chapters(sections: Sequence[Section]) -> list[Section]:
    """The chapters among ``sections``."""
    return [one for one in sections if one.kind == CHAPTER]


def section_at(sections: Sequence[Section], offset: int) -> Section | None:
    """The chapter or scene that the character is in; the nearest, where they are nested."""
    within = [one for one in sections if one.start <= offset < one.end or (one.end == offset and one is sections[-1])]
    return within[-1] if within else None


def words_in(text: str, section: Section) -> int:
    """How many words stand in a section, its heading not counted."""
    return len(text[section.body : section.end].split())


def _sections(text: str) -> Iterator[Section]:
    start = 0
    for number, page in enumerate(text.split("\f")):
        lines = page.split("\n")
        first = next((line for line in lines if line.strip()), "")
        if number and first and not _titled(first):
            yield Section(CHAPTER, 1, "", start - 1, start, 0)
        at = start
        for line in lines:
            match = _LINE.fullmatch(line) if len(line) <= _MOST_TITLE else None
            if match is not None:
                yield _section(match, at, min(at + len(line) + 1, len(text)))
            at += len(line) + 1
        start += len(page) + 1


def _titled(line: str) -> bool:
    match = _LINE.fullmatch(line) if len(line) <= _MOST_TITLE else None
    return match is not None and not match["scene"]


def _section(match: re.Match[str], start: int, body: int) -> Section:
    if match["scene"]:
        return Section(SCENE, SCENE_LEVEL, "", start, body, 0)
    title = (match["heading"] or match["named"] or match["alone"]).strip()
    if match["heading"]:
        title = title.rstrip("#").rstrip() or title
    return Section(CHAPTER, len(match["marks"] or "#"), title, start, body, 0)
