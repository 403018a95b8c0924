"""Tables: columns stand in line, whatever is in the cells, and every shown character knows its place in the source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tavern_tui.ui.chatlog.markup import GrowingText, parse, shown_text
from tavern_tui.ui.chatlog.tables import WIDEST, with_tables

ROOMS = """The rooms:
| Room | Price | *Who* |
|:--|--:|:-:|
| Lantern | 3 | **Wren** |
|Loft|12||
| Hay barn, dry | 1 | nobody | x |
And that is all."""

LINES = st.lists(st.text('ab*`|- :\\\t日"\n', max_size=24), max_size=6).map("\n".join)


def shown(source: str) -> list[str]:
    return "\n\n".join(block.text for block in parse(source)).split("\n")


def test_columns_stand_in_line_as_the_dashes_want_them() -> None:
    assert shown(ROOMS) == [
        "The rooms:",
        "| Room          | Price |  Who   |",
        "| ------------- | ----- | ------ |",
        "| Lantern       |     3 |  Wren  |",
        "| Loft          |    12 |        |",
        "| Hay barn, dry |     1 | nobody | x |",
        "And that is all.",
    ]


def test_bars_at_the_ends_may_be_left_out_and_wide_characters_count_as_two_cells() -> None:
    lines = shown("a|b\n-|-\n1|22222\n日本|x|")
    assert lines == ["a    | b", "---- | -----", "1    | 22222", "日本 | x     |"]
    assert {cell_len(line[: line.index("|")]) for line in lines} == {5}


@pytest.mark.parametrize(
    "text",
    ["a - b | c", "| a |\n|---|\n| b |", "a | b\n---|---|---\n1 | 2", f"a | {'b' * WIDEST}\n--|--\n1|2", "|--|--|"],
    ids=["no dashes", "one column", "another number of cells", "too wide", "no header"],
)
def test_what_is_no_table_stays_as_it_was_written(text: str) -> None:
    assert shown(text) == text.split("\n")


def test_a_table_that_is_being_written_is_in_line_at_each_moment() -> None:
    growing = GrowingText()
    for end in range(len(ROOMS) + 1):
        growing.update(ROOMS[:end])
        assert [block.text for block in growing.blocks] == [block.text for block in parse(ROOMS[:end])]


def test_a_cell_that_is_copied_is_copied_as_it_was_written() -> None:
    (block,) = parse(ROOMS)
    place = block.text.index("Wren")
    start, end = block.source_span(place, place + 4)
    assert ROOMS[start:end] == "**Wren**"
    place = block.text.index("12 |")
    start, end = block.source_span(place, place + 2)
    assert ROOMS[start:end] == "12"


@given(LINES)
def test_nothing_but_blanks_dashes_and_bars_comes_or_goes(source: str) -> None:
    blocks = parse(source)
    assert shown_text(source) == "\n\n".join(block.text for block in blocks)
    for block in blocks:
        places = [block.source_span(place, place + 1) for place in range(len(block.text))]
        assert all(block.start <= start <= end <= len(source) for start, end in places)
        assert places == sorted(places)
        assert all(source[end - 1] == letter or source[start] == letter or source[start:end].count(letter)
                   for letter, (start, end) in zip(block.text, places, strict=True) if letter in "ab日")  # fmt: skip


def test_a_hostile_line_is_looked_at_once() -> None:
    for rule in ("|" + "-" * 200_000 + "x", "|-" + " " * 200_000 + "x"):
        assert with_tables(f"a|b\n{rule}", []) == []
    rows = "\n".join(["*a*|**b**"] * 4_000)
    assert len(shown(f"a|b\n-|-\n{rows}")) == 4_002
