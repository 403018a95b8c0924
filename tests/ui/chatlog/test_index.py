"""The height index answers as sums over a plain list would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.ui.chatlog.index import HeightIndex

HEIGHTS = st.lists(st.integers(0, 9), max_size=40)


def expected_lines(heights: list[int]) -> list[tuple[int, int]]:
    return [(place, row) for place, height in enumerate(heights) for row in range(height)]


def check(index: HeightIndex, heights: list[int]) -> None:
    assert len(index) == len(heights)
    assert index.total == sum(heights)
    assert [index.height(place) for place in range(len(heights))] == heights
    assert [index.offset(place) for place in range(len(heights) + 1)] == [
        sum(heights[:place]) for place in range(len(heights) + 1)
    ]
    assert [index.at(line) for line in range(index.total)] == expected_lines(heights)


@given(HEIGHTS)
def test_every_line_is_found_in_the_entry_that_holds_it(heights: list[int]) -> None:
    check(HeightIndex(heights), heights)


@given(HEIGHTS, HEIGHTS)
def test_appended_entries_count_as_if_they_had_been_there(before: list[int], added: list[int]) -> None:
    index = HeightIndex(before)
    for height in added:
        index.append(height)
    check(index, before + added)


@given(HEIGHTS.filter(bool), st.data())
def test_a_changed_height_moves_what_follows(heights: list[int], data: st.DataObject) -> None:
    index = HeightIndex(heights)
    place = data.draw(st.integers(0, len(heights) - 1))
    heights[place] = data.draw(st.integers(0, 9))
    index.set(place, heights[place])
    check(index, heights)


@given(HEIGHTS, HEIGHTS, st.data())
def test_a_splice_is_that_of_a_list(heights: list[int], added: list[int], data: st.DataObject) -> None:
    index = HeightIndex(heights)
    start = data.draw(st.integers(0, len(heights)))
    stop = data.draw(st.integers(start, len(heights)))
    heights[start:stop] = added
    index.splice(start, stop, added)
    check(index, heights)


@pytest.mark.parametrize("line", [-1, 3, 4])
def test_a_line_outside_of_the_log_is_an_error(line: int) -> None:
    with pytest.raises(IndexError):
        HeightIndex([1, 2]).at(line)
