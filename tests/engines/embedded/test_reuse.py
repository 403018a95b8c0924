"""What of a known sequence serves a wanted one: its beginning, and stretches behind gaps."""

from __future__ import annotations

from itertools import chain, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.engines.embedded.reuse import LEAST_HEAD, WORTH_MOVING, Stretch, common_prefix, stretches

HEAD, OLD, KEPT, LATER = range(10), range(100, 150), range(200, 260), range(300, 350)


def ids(*parts: range) -> list[int]:
    return list(chain.from_iterable(parts))


@given(known=st.lists(st.integers(0, 3)), wanted=st.lists(st.integers(0, 3)))
def test_the_common_prefix_is_common_and_cannot_be_longer(known: list[int], wanted: list[int]) -> None:
    length = common_prefix(known, wanted)
    assert known[:length] == wanted[:length]
    assert length in (len(known), len(wanted)) or known[length] != wanted[length]


@settings(max_examples=60)
@given(
    known=st.lists(st.integers(0, 2**31 - 1).map(lambda n: n % 300), max_size=300),
    cuts=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 80)), max_size=3),
    new=st.lists(st.integers(0, 300), max_size=20),
)
def test_stretches_put_one_behind_the_other_begin_what_is_wanted(
    known: list[int], cuts: list[tuple[int, int]], new: list[int]
) -> None:
    wanted = list(known)
    for start, length in cuts:
        del wanted[start : start + length]
    wanted += new
    found = stretches(known, wanted)
    joined = list(chain.from_iterable(known[one.start : one.end] for one in found))
    assert joined == wanted[: len(joined)]
    assert found[0].start == 0
    assert all(after.start > before.end for before, after in pairwise(found))


def test_what_follows_a_cut_in_the_middle_is_found() -> None:
    found = stretches(ids(HEAD, OLD, KEPT), ids(HEAD, KEPT, range(5)))
    assert found == [Stretch(0, len(HEAD)), Stretch(len(HEAD) + len(OLD), len(KEPT))]


def test_several_cuts_are_closed_at_once() -> None:
    found = stretches(ids(HEAD, OLD, KEPT, OLD, LATER), ids(HEAD, KEPT, LATER))
    assert [one.length for one in found] == [len(HEAD), len(KEPT), len(LATER)]


def test_the_longest_of_equal_beginnings_is_taken() -> None:
    found = stretches(ids(HEAD, OLD, KEPT, range(1), OLD, LATER), ids(HEAD, range(7, 8), OLD, LATER)[: len(HEAD)])
    assert found == [Stretch(0, len(HEAD))]
    twice = ids(HEAD, range(900, 901), OLD, KEPT, range(901, 902), OLD, LATER)
    found = stretches(twice, ids(HEAD, OLD, LATER))
    assert found[1] == Stretch(len(HEAD) + 1 + len(OLD) + len(KEPT) + 1, len(OLD) + len(LATER))


def test_a_stretch_as_short_as_markup_is_read_again() -> None:
    short = range(200, 200 + WORTH_MOVING - 1)
    assert stretches(ids(HEAD, OLD, short), ids(HEAD, short)) == [Stretch(0, len(HEAD))]


def test_nothing_moves_to_the_very_beginning() -> None:
    head = range(LEAST_HEAD - 1)
    assert stretches(ids(head, OLD, KEPT), ids(head, KEPT)) == [Stretch(0, len(head))]


def test_a_bound_holds_for_all_stretches_together() -> None:
    found = stretches(ids(HEAD, OLD, KEPT), ids(HEAD, KEPT), most=len(HEAD) + len(KEPT) - 1)
    assert sum(one.length for one in found) == len(HEAD) + len(KEPT) - 1
