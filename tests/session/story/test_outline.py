"""Chapters and scenes are found as writers mark them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.session.story.outline import CHAPTER, chapters, outline, section_at, words_in

NOVEL = """A dedication.

# One
The fog came in.

***

A bell rang.

## One and a half
More.

Chapter 2: The ferry
They crossed.
\fEPILOGUE
The end.
\f
A map.
"""


def told(text: str) -> list[tuple[str, int, str]]:
    """Kind, level and title of each section."""
    return [(one.kind, one.level, one.title) for one in outline(text)]


def test_headings_named_chapters_form_feeds_and_scenes_are_found() -> None:
    assert told(NOVEL) == [
        ("chapter", 1, ""),
        ("chapter", 1, "One"),
        ("scene", 7, ""),
        ("chapter", 2, "One and a half"),
        ("chapter", 1, "Chapter 2: The ferry"),
        ("chapter", 1, "EPILOGUE"),
        ("chapter", 1, ""),
    ]


@pytest.mark.parametrize(
    "line",
    ["Chapter 12", "CHAPTER XII", "chapter twelve", "Chapter Twenty-One", "Kapitel 3", "Part II — The sea", "Prologue"],
)
def test_a_line_that_names_a_chapter_begins_one(line: str) -> None:
    assert told(f"{line}\n\nIt began.") == [("chapter", 1, line)]


@pytest.mark.parametrize(
    "line",
    [
        "Chapter and verse were quoted to him by everyone.",
        "Part of her wanted to stay.",
        "#hashtag",
        "He said: Chapter 3",
        "Book two seats, he said.",
        "** bold **",
    ],
)
def test_a_sentence_is_no_chapter(line: str) -> None:
    assert told(f"{line}\n\nIt began.") == [("chapter", 1, "")]


def test_an_empty_text_has_no_chapter() -> None:
    assert outline("") == outline("\n \n") == []


def test_a_section_is_found_by_a_character_and_knows_its_words() -> None:
    sections = outline(NOVEL)
    bell = section_at(sections, NOVEL.index("bell"))
    assert bell is not None
    assert (bell.kind, words_in(NOVEL, bell)) == ("scene", 3)
    assert section_at(sections, len(NOVEL)) == sections[-1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["# A\n", "Chapter 1\n", "***\n", "\f", "text\n", "\n", "## B ##\n", "    "])))
def test_chapters_cover_the_text_without_a_gap(parts: list[str]) -> None:
    text = "".join(parts)
    found = chapters(outline(text))
    assert all(one.end == after.start for one, after in pairwise(found))
    if found:
        assert not text[: found[0].start].strip()
        assert found[-1].end == len(text)
    else:
        assert not text.strip()
    for one in outline(text):
        assert one.start <= one.body <= one.end or (one.kind == CHAPTER and one.body <= len(text))
