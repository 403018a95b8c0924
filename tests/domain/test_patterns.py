"""JavaScript's patterns in Python's words; what they find is tested in ``tests/prompt/test_pattern_runs.py``."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.character_sets import CLASSES, CharacterSet
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.patterns import taken_apart, translated

INTERVALS = st.lists(
    st.tuples(st.integers(0, 0x10FFFF), st.integers(0, 300)).map(lambda one: (one[0], min(0x10FFFF, sum(one)))),
    max_size=5,
)


@pytest.mark.parametrize(
    ("written", "apart"),
    [
        ("/a/gi", ("a", "gi")),
        ("/a/", ("a", "")),
        ("a", ("a", "")),
        ("/a/b/g", ("a/b", "g")),
        ("/usr/bin", ("/usr/bin", "")),
        ("/a/Z", ("/a/Z", "")),
        ("//", ("//", "")),
        ("/a\nb/s \n", ("a\nb", "s")),
    ],
)
def test_a_script_writes_a_pattern_with_or_without_slashes_and_flags(written: str, apart: tuple[str, str]) -> None:
    assert taken_apart(written) == apart


@pytest.mark.parametrize(("written", "why"), [("/a/gg", "twice"), ("/[a--b]/v", "flag v")])
def test_flags_that_cannot_be_used_are_named(written: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        taken_apart(written)


@pytest.mark.parametrize(
    ("pattern", "flags", "why"),
    [
        ("a(?<n", "", r"“\(\?<n” begins no group that JavaScript knows \(column 2\)"),
        ("(?#x)", "", "a comment"),
        ("ab(", "", "opened and never closed"),
        ("a\\", "", "lone backslash"),
        ("[a\\", "", "lone backslash"),
        ("a]", "u", "needs a backslash under the flag u"),
        (r"\e", "u", "means nothing under the flag u"),
        (r"\2(a)", "u", "no group 2"),
        (r"(?<n>a)|(?<n>b)\k<n>", "", "several groups are called “n”"),
        (r"a\b+", "", "cannot be repeated"),
        ("(?=a)*", "u", "a look-ahead cannot be repeated"),
    ],
)
def test_a_fault_says_what_and_where(pattern: str, flags: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        translated(pattern, flags)


def test_groups_keep_their_numbers_where_groups_of_ours_are_added() -> None:
    found = translated("(?:(a)|b)+(c)")
    assert found.groups == (2, 3)
    assert found.within == {2: 1}


def test_a_name_may_stand_for_a_group_of_each_alternative() -> None:
    assert translated("(?<n>a)|(?<n>b)").names == {"n": (1, 2)}


@given(INTERVALS)
def test_a_set_and_its_others_share_nothing_and_leave_nothing_out(intervals: list[tuple[int, int]]) -> None:
    one = CharacterSet.of(intervals)
    assert one.others.others == one
    assert (one | one.others).intervals == ((0, 0x10FFFF),)
    assert all(first not in one.others and last not in one.others for first, last in one.intervals)


@given(INTERVALS, st.characters())
def test_a_set_is_written_as_a_class_of_just_its_characters(intervals: list[tuple[int, int]], character: str) -> None:
    one = CharacterSet.of(intervals)
    assert (re.fullmatch(one.written(), character) is not None) is (ord(character) in one)


@given(st.characters(exclude_categories=["Cs"]), st.booleans())
def test_every_case_of_a_character_has_the_same_cases(character: str, unicode: bool) -> None:
    cases = CharacterSet.just(character).in_any_case(unicode=unicode)
    for first, last in cases.intervals:
        for code in range(first, last + 1):
            assert CharacterSet.just(chr(code)).in_any_case(unicode=unicode) == cases


def test_javascripts_blanks_are_its_own() -> None:
    assert all(ord(blank) in CLASSES["s"] for blank in "\ufeff\u2028\xa0\u3000")
    assert all(ord(other) not in CLASSES["s"] for other in "\x1c\x85\u200b")
