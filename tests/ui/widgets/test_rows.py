"""Rows of a list take the lines that are counted for them, at every width, and say all that they can."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.widgets.rows import MARGIN, ListRow, Tone, cut, plain, row_height, row_lines
from tests.hostile import HOSTILE, driving_characters

WORDS = st.text(st.sampled_from("ab ·日é-"), max_size=40).map(str.strip)
ROWS = st.builds(ListRow, st.just("1"), WORDS, WORDS, WORDS, st.booleans(), st.booleans())
BESS = ListRow("1", "Bess", "2 chats · 2 h", "A night at the Crooked Lantern")


def texts(row: ListRow, width: int) -> list[str]:
    return ["".join(text for text, _ in line) for line in row_lines(row, width, "…")]


@given(ROWS, st.integers(0, 90))
def test_a_row_takes_the_lines_that_are_counted(row: ListRow, width: int) -> None:
    assert len(row_lines(row, width, "…")) == row_height(row, width)


@given(ROWS, st.integers(6, 90), st.sampled_from(["…", "..."]))
def test_no_line_is_wider_than_the_list(row: ListRow, width: int, dots: str) -> None:
    for line in row_lines(row, width, dots):
        assert cell_len("".join(text for text, _ in line)) <= width - MARGIN


@given(ROWS, st.integers(0, 90), st.integers(0, 90))
def test_a_row_that_is_cut_is_as_high_at_every_width(row: ListRow, one: int, other: int) -> None:
    row = replace(row, wraps=False)
    assert row_height(row, one) == row_height(row, other)


@given(ROWS, st.integers(8, 90))
def test_a_row_that_wraps_loses_no_letter(row: ListRow, width: int) -> None:
    shown = "".join(texts(replace(row, wraps=True), width))
    for letter in "abé日":
        assert shown.count(letter) == (row.title + row.right + row.detail).count(letter)


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_row_of_anybody_s_texts_drives_no_terminal(text: str, wraps: bool) -> None:
    row = ListRow("1", f"a\n{text}", text, text, wraps, head=text)
    lines = texts(row, 40)
    assert len(lines) == row_height(row, 40)
    assert driving_characters("".join(lines).encode()) == []
    assert all(line.find("\n") < 0 for line in lines)


def test_what_stands_at_the_right_stands_at_the_edge() -> None:
    assert texts(BESS, 40) == ["Bess" + " " * 20 + "2 chats · 2 h", "  A night at the Crooked Lantern"]


def test_a_long_title_gives_way_to_what_stands_at_the_right() -> None:
    assert texts(replace(BESS, title="Bess of the Crooked Lantern"), 30)[0] == "Bess of the…  2 chats · 2 h"


def test_what_does_not_fit_beside_a_wrapping_title_goes_below_it() -> None:
    row = ListRow("1", "KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384", "localhost:5001", wraps=True)
    assert texts(row, 61) == ["KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384  localhost:5001"]
    assert texts(row, 46) == ["KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384", "  localhost:5001"]


def test_a_line_does_not_end_in_a_dot_between_two_things() -> None:
    row = ListRow("1", "KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384", wraps=True)
    assert texts(row, 40) == ["KoboldCpp 1.76 · Mistral-Nemo-12B", "16,384"]


def test_a_row_that_cannot_be_used_is_told_from_the_others() -> None:
    assert row_lines(replace(BESS, muted=True), 40, "…")[0][0] == ("Bess", Tone.MUTED)
    assert row_lines(BESS, 40, "…")[0][0] == ("Bess", Tone.TITLE)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("Bess", 4, "Bess"), ("Bessie", 4, "Bes…"), ("Bes sie", 5, "Bes…"), ("日本語", 4, "日…"),
     ("ab", 0, ""), ("ab", 1, "…")],
)  # fmt: skip
def test_a_text_is_cut_to_its_cells(text: str, width: int, shown: str) -> None:
    assert cut(text, width, "…") == shown


def test_our_own_signs_have_words_in_ascii() -> None:
    assert plain("↑↓ choose · 7–8B… ← back", ASCII_GLYPHS) == "Up/Down choose - 7-8B... Left back"
    assert plain("↑↓ choose", UNICODE_GLYPHS) == "↑↓ choose"


@pytest.mark.parametrize(
    ("width", "marked"), [(40, ["lamp", "blue"]), (14, ["lamp"]), (10, [])], ids=["whole", "cut", "cut before"]
)
def test_what_was_found_stands_out_as_far_as_it_is_shown(width: int, marked: list[str]) -> None:
    row = ListRow("1", "Bess", detail="the lamp is blue", found=((4, 8), (12, 16)))
    line = row_lines(row, width, "…")[1]
    assert [text for text, tone in line if tone is Tone.MARK] == marked
    assert "".join(text for text, _ in line) == "".join(
        text for text, _ in row_lines(replace(row, found=()), width, "…")[1]
    )
