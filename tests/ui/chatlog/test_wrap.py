"""Wrapping: the same lines as Textual's own, none too wide, nothing lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from tavern_tui.ui.chatlog import wrap

FAMILY = "👨‍👩‍👧"
# Words as people write them, and all that is awkward: wide, combining, joined, ambiguous, blanks that are no spaces.
PARTS = st.sampled_from(
    [
        "a",
        "rain",
        "lantern,",
        "—",
        "“Well,”",
        "it’s",
        "…",
        "日本語",
        "「橋」",
        "e\u0301",
        FAMILY,
        "☺\ufe0f",
        "👍🏽",
        "ф",
        "\u3000",
        "\xa0",
        "\u200b",
        "\u200d",
        "x" * 30,
        " ",
        "  ",
        " ",
        " ",
        "\n",
    ]
)
TEXTS = st.one_of(st.lists(PARTS, max_size=30).map("".join), st.text(alphabet="ab —’\n", max_size=60))
WIDTHS = st.integers(wrap.NARROWEST, 30)


def lines_by_textual(text: str, width: int) -> list[str]:
    try:
        return [line.plain.rstrip() for line in Content(text).wrap(width)]
    except IndexError:  # Rich cannot cut a line that begins with joiners: it has no answer to compare with
        reject()


@given(TEXTS, WIDTHS)
@settings(max_examples=400)
@example("\u200d\u200d日本語", 3)
@example("aaaaaaaaaaaaaaaa    x", 8)
@example("   abcdef", 8)
def test_lines_are_those_of_textual(text: str, width: int) -> None:
    assert [text[start:end] for start, end in wrap.lines(text, width)] == lines_by_textual(text, width)


# On joiners that join nothing Rich's own two ways of measuring disagree; the painter crops such a line.
@given(TEXTS.filter(lambda text: not re.search("(?:^|[\\s\u200b\u200d\ufe0f])\u200d", text)), WIDTHS)
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    assert all(cell_len(text[start:end]) <= width for start, end in wrap.lines(text, width))


@given(TEXTS, WIDTHS)
def test_only_blanks_are_left_out_between_lines(text: str, width: int) -> None:
    place = 0
    for start, end in wrap.lines(text, width):
        assert not text[place:start].strip()
        place = end
    assert not text[place:].strip()


@given(TEXTS, WIDTHS)
def test_the_height_is_the_number_of_lines(text: str, width: int) -> None:
    assert wrap.height(text, width) == len(wrap.lines(text, width))


@pytest.mark.parametrize("cluster", [FAMILY, "e\u0301", "👍🏽"[:1], "☺\ufe0f"])
def test_a_line_never_ends_within_a_cluster(cluster: str) -> None:
    text = cluster * 12
    for start, end in wrap.lines(text, 5):
        assert (end - start) % len(cluster) == 0


def test_characters_that_take_the_short_path_are_one_cell_wide_and_blank_only_as_space() -> None:
    short = [chr(code) for code in range(0x20, 0x3000) if wrap._plain(chr(code))]
    assert len(short) > 900
    assert [character for character in short if cell_len(character) != 1] == []
    assert [character for character in short if character.isspace()] == [" "]
