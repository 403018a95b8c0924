"""Dice: what can be thrown, what cannot, and what a total is called."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.dice import OUTCOMES, Dice, again, band, judged, outcome, read_dice, throw, told, with_modifier
from tavern_tui.domain.errors import SettingsError

EXPRESSION = st.builds(
    "{}d{}{}".format, st.integers(1, 20), st.integers(2, 100), st.sampled_from(["", "+3", "-2", "+1d4", "kh1", "kl1"])
)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("d20", "1d20"),
        ("1D20", "1d20"),
        ("2d6+1", "2d6+1"),
        (" 2d6 + 1 ", "2d6+1"),
        ("d%", "1d100"),
        ("4d6kh3", "4d6kh3"),
        ("2d20KL1", "2d20kl1"),
        ("1d20+1d4-2", "1d20+1d4-2"),
        ("3d6kh3", "3d6"),
        ("-1d4+10", "-1d4+10"),
    ],
)
def test_a_throw_is_written_in_one_way(typed: str, written: str) -> None:
    assert read_dice(typed).written == written


@pytest.mark.parametrize("typed", ["", "d", "1d", "2d6+", "2d6 1", "sword", "2d6x", "1e3", "d6" * 40, "٣d6", "5", "+"])
def test_what_is_no_throw_is_refused_with_a_way_to_write_one(typed: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_dice(typed)
    assert "1d20" in refused.value.hint


@pytest.mark.parametrize("typed", ["999999d999999", "1001d6", "1d1000001", "600d6+600d6", f"1d{'9' * 80}"])
def test_what_nobody_can_throw_is_refused_with_the_limits(typed: str) -> None:
    with pytest.raises(SettingsError, match="Nobody can throw that") as refused:
        read_dice(typed)
    assert refused.value.hint == "At most 1,000 dice of at most 1,000,000 sides are thrown at once."


@pytest.mark.parametrize("typed", ["0d6", "1d0", "2d6kh3", "2d6kl0"])
def test_no_die_and_no_side_are_nothing_to_throw(typed: str) -> None:
    with pytest.raises(SettingsError, match="nothing to throw"):
        read_dice(typed)


@settings(max_examples=25, deadline=None)
@given(EXPRESSION, st.integers(0, 2**32))
def test_a_total_lies_between_least_and_most_and_a_seed_throws_the_same_again(typed: str, seed: int) -> None:
    dice = read_dice(typed)
    least, most = dice.bare_range
    added = sum(term.sign * term.count for term in dice.terms if term.sides == 1)
    roll = throw(dice, random.Random(seed).random)
    assert least + added <= roll.total <= most + added
    assert roll == throw(dice, random.Random(seed).random)
    assert roll.outcome in OUTCOMES


def test_the_highest_and_the_lowest_are_kept() -> None:
    numbers = (0.0, 0.5, 0.999)  # of six sides 1, 4 and 6
    assert throw(read_dice("3d6kh1"), iter(numbers).__next__).total == 6
    assert throw(read_dice("3d6kl2"), iter(numbers).__next__).total == 5


def test_a_number_of_one_at_the_edge_is_still_the_last_side() -> None:
    assert throw(read_dice("1d6"), lambda: 1.0).total == 6


@pytest.mark.parametrize(
    ("dice", "bands"),
    [
        ("1d20", {1: "terrible", 4: "terrible", 5: "poor", 9: "fair", 13: "good", 17: "excellent", 20: "perfect"}),
        ("2d6", {2: "terrible", 4: "poor", 6: "fair", 8: "good", 10: "excellent", 12: "perfect"}),
        ("1d100", {1: "terrible", 11: "poor", 31: "fair", 51: "good", 76: "excellent", 96: "perfect", 100: "perfect"}),
        ("1d20+2", {-5: "terrible", 9: "fair", 22: "perfect"}),
    ],
)
def test_the_outcome_is_one_of_six_bands(dice: str, bands: dict[int, str]) -> None:
    assert {total: outcome(read_dice(dice), total) for total in bands} == bands


@pytest.mark.parametrize("dice", ["1d20", "2d6", "1d100", "3d8", "5d10", "1d40-1d20"])
def test_a_higher_total_is_never_a_worse_outcome_and_both_ends_are_reached(dice: str) -> None:
    thrown = read_dice(dice)
    least, most = thrown.bare_range
    bands = [OUTCOMES.index(outcome(thrown, total)) for total in range(least, most + 1)]
    assert bands == sorted(bands)
    assert {bands[0], bands[-1]} == {0, 5}


def test_a_modifier_is_added_to_what_is_added_already() -> None:
    written = [with_modifier(read_dice(dice), 2).written for dice in ("1d20", "2d6+1", "1d20-2", "1d20-5")]
    assert written == ["1d20+2", "2d6+3", "1d20", "1d20-3"]


def test_a_roll_is_told_in_a_line_and_says_when_it_was_rolled_again() -> None:
    roll = judged(read_dice("1d20+2"), 9)
    assert told(roll) == "1d20+2 = 9 · fair"
    assert told(again(roll)) == "1d20+2 = 9 · fair · rolled again"
    assert band(again(again(roll))) == band(roll) == "fair"


def test_dice_that_are_equal_are_equal() -> None:
    assert read_dice("d20") == Dice("1d20", read_dice("1d20").terms)
