"""Outcome tables of one's own: how they are written, what a total is, and what makes no sense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.outcomes import LONGEST_MEANING, LONGEST_NAME, MOST_BANDS, Band, OutcomeTable, read_outcomes

WRITTEN = "1 fumble: It goes badly, at once; 8 miss; 15 hit: It works: tell how."
TABLE = OutcomeTable(
    (Band(1, "fumble", "It goes badly, at once"), Band(8, "miss"), Band(15, "hit", "It works: tell how."))
)


def test_a_table_is_lines_of_a_least_total_a_name_and_a_meaning() -> None:
    assert read_outcomes(WRITTEN) == TABLE
    assert str(TABLE) == WRITTEN
    assert TABLE.told == "fumble 1, miss 8, hit 15"


def test_a_list_from_yaml_may_have_objects_where_a_line_has_a_colon() -> None:
    assert read_outcomes([{"1 fumble": "It goes badly, at once"}, "8 miss", "15 hit: It works: tell how."]) == TABLE
    assert read_outcomes([{"1 fumble": None}]) == OutcomeTable((Band(1, "fumble"),))


def test_no_line_is_no_table() -> None:
    assert read_outcomes("") is read_outcomes([]) is read_outcomes(" ; ") is None


@pytest.mark.parametrize(
    ("total", "name"), [(-4, "fumble"), (1, "fumble"), (7, "fumble"), (8, "miss"), (15, "hit"), (99, "hit")]
)
def test_a_total_is_of_the_last_band_that_begins_below_it(total: int, name: str) -> None:
    assert TABLE.band(total).name == name


@pytest.mark.parametrize(
    ("lines", "said", "where"),
    [
        (["1 a", "miss"], "Outcome 2 is none.", "2"),
        (["1 a", ""], "Outcome 2 is none.", "2"),
        ([7], "Outcome 1 is none.", "1"),
        ([{"1 a": "x", "2 b": "y"}], "Outcome 1 is none.", "1"),
        (["8 a", "8 b"], "Outcome 2 begins at 8, the one before it at 8.", "2"),
        (["8 a", "9 b", "1 c"], "Outcome 3 begins at 1, the one before it at 9.", "3"),
        (["99999999 a"], "Outcome 1 is none.", "1"),
        ([f"1 {'n' * (LONGEST_NAME + 1)}"], "The name of outcome 1 does not fit into a line.", "1"),
        ([f"1 a: {'m' * (LONGEST_MEANING + 1)}"], "The meaning of outcome 1 does not fit into a line.", "1"),
        (["1 a]: x"], "The name of outcome 1 does not fit into a line.", "1"),
        (["1 a: \x1b[2J"], "The meaning of outcome 1 does not fit into a line.", "1"),
        ([f"{one} a" for one in range(MOST_BANDS + 1)], "A table has 20 outcomes at most.", "21"),
    ],
    ids=range(12),
)
def test_what_makes_no_sense_is_said_with_the_number_of_its_line(lines: list[object], said: str, where: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_outcomes(lines)
    assert (caught.value.title, caught.value.where) == (said, where)


_NAMES = st.text("abc XYZ-é", min_size=1, max_size=20).map(lambda text: " ".join(text.split())).filter(bool)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.integers(-50, 200), st.tuples(_NAMES, _NAMES | st.just("")), min_size=1, max_size=MOST_BANDS))
def test_every_table_is_read_as_it_is_written(bands: dict[int, tuple[str, str]]) -> None:
    table = OutcomeTable(tuple(Band(least, *bands[least]) for least in sorted(bands)))
    assert read_outcomes(str(table)) == table
