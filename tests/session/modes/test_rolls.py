"""Dice of a chat, and what a roll tells the narrator."""

from __future__ import annotations

import pytest

from tavern_tui.config.adventure_settings import AdventureSettings
from tavern_tui.domain.dice import OUTCOMES, again, read_dice
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.events import Roll, Speaker, TurnAdded
from tavern_tui.domain.outcomes import read_outcomes
from tavern_tui.formats.chatlog import decode_log, encode
from tavern_tui.session.modes.rolls import DICE, MEANINGS, Thrown, dice_set, for_narrator
from tests.domain.chat_events import event

USUAL = AdventureSettings()


def test_a_chat_throws_the_dice_of_the_settings_until_it_has_its_own() -> None:
    assert Thrown({}, USUAL).roll(lambda: 0.5) == Roll("1d20", 11, "fair")
    assert Thrown({}, AdventureSettings(dice="2d6")).roll(lambda: 0.99) == Roll("2d6", 12, "perfect")
    own = {DICE: {"dice": "2d6", "modifier": 1, "difficulty": 3}}
    assert Thrown(own, USUAL).roll(lambda: 0.0) == Roll("2d6-2", 0, "terrible")


def test_a_roll_by_hand_is_what_the_dice_showed() -> None:
    assert Thrown({DICE: {"dice": "1d20", "modifier": 2}}, USUAL).roll(lambda: 0.0, 17) == Roll(
        "1d20+2", 19, "excellent"
    )


def test_to_a_roll_by_hand_comes_what_is_added_to_the_dice() -> None:
    assert Thrown({DICE: {"dice": "2d6+1", "difficulty": 3}}, USUAL).roll(lambda: 0.0, 7).total == 5


@pytest.mark.parametrize("total", [0, 21, -5, 9_999_999])
def test_what_the_dice_cannot_show_is_no_roll_by_hand(total: int) -> None:
    with pytest.raises(SettingsError, match=r"1d20 shows 1 to 20, not"):
        Thrown({DICE: {"dice": "1d20", "modifier": 30}}, USUAL).roll(lambda: 0.0, total)


@pytest.mark.parametrize("kept", [7, {"dice": "999999d999999"}, {"dice": 3, "modifier": "much"}, {"modifier": 10**9}])
def test_what_another_version_kept_and_this_one_cannot_throw_is_the_usual(kept: object) -> None:
    assert Thrown({DICE: kept}, USUAL).told() == "1d20, modifier +0"


def test_dice_are_changed_in_words() -> None:
    thrown = Thrown({}, USUAL)
    for words in ("2d6", "modifier +2", "difficulty 3", "1d100 modifier -1"):
        thrown = Thrown({DICE: thrown.changed(words).value}, USUAL)
    assert thrown.told() == "1d100, modifier -1, difficulty 3"


@pytest.mark.parametrize("words", ["999999d999999", "modifier", "modifier much", "difficulty 99999", "sword"])
def test_what_cannot_be_thrown_or_added_is_refused(words: str) -> None:
    with pytest.raises(SettingsError):
        Thrown({}, USUAL).changed(words)


def test_every_outcome_has_a_meaning_and_failures_have_a_consequence() -> None:
    assert tuple(MEANINGS) == OUTCOMES
    assert "worse now" in MEANINGS["terrible"]
    assert "costs something" in MEANINGS["poor"]
    assert not any("nothing happens" in meaning for meaning in MEANINGS.values())


def test_the_narrator_reads_the_roll_and_its_meaning() -> None:
    told = for_narrator(Roll("1d20+2", 9, "fair"))
    assert told == f"[Roll 1d20+2 = 9: fair. {MEANINGS['fair']}]"
    assert for_narrator(again(Roll("1d20+2", 9, "fair"))) == told
    assert for_narrator(Roll("3d4", 7)) == "[Roll 3d4 = 7.]"


OWN = "1 fumble: Something breaks.; 8 miss; 15 hit: It works."
OF_SETTINGS = AdventureSettings(outcomes=OWN)


def test_a_table_of_ones_own_calls_the_totals_of_its_dice_and_tells_the_narrator_what_they_mean() -> None:
    thrown = Thrown({}, OF_SETTINGS)
    assert thrown.roll(lambda: 0.0) == Roll("1d20", 1, "fumble", "Something breaks.")
    assert for_narrator(thrown.roll(lambda: 0.9)) == "[Roll 1d20 = 19: hit. It works.]"
    assert for_narrator(thrown.roll(lambda: 0.5)) == "[Roll 1d20 = 11: miss.]"
    assert thrown.told() == "1d20, modifier +0, outcomes fumble 1, miss 8, hit 15"


def test_what_is_added_moves_the_total_through_the_table_and_a_roll_by_hand_is_called_by_it_too() -> None:
    thrown = Thrown({DICE: {"dice": "1d20", "modifier": 6}}, OF_SETTINGS)
    assert thrown.roll(lambda: 0.4) == Roll("1d20+6", 15, "hit", "It works.")
    assert thrown.roll(lambda: 0.0, 9).outcome == "hit"


def test_the_log_keeps_what_a_roll_meant_so_that_another_table_changes_no_prompt_of_before() -> None:
    roll = Thrown({}, OF_SETTINGS).roll(lambda: 0.0)
    line = encode(event("a", 1, TurnAdded("", Speaker.USER, "Alex", "> You jump.", roll=roll)))
    (found,), problems = decode_log(line)
    assert problems == []
    assert isinstance(found.body, TurnAdded)
    assert found.body.roll == roll
    assert again(roll).means == "Something breaks."


def test_other_dice_have_the_usual_table() -> None:
    other = {DICE: Thrown({}, OF_SETTINGS).changed("2d6").value}
    assert Thrown(other, OF_SETTINGS).roll(lambda: 0.0) == Roll("2d6", 2, "terrible")
    assert Thrown({}, OF_SETTINGS).throw(read_dice("1d20+1"), lambda: 0.0).outcome == "fumble"


def test_the_chats_own_table_comes_before_that_of_the_settings_and_outlives_other_dice() -> None:
    own = {DICE: dice_set("1d20", read_outcomes("1 low; 11 high")).value}
    for words in ("modifier +1", "2d6", "1d20 modifier 0"):
        own = {DICE: Thrown(own, OF_SETTINGS).changed(words).value}
    assert Thrown(own, OF_SETTINGS).roll(lambda: 0.5).outcome == "high"


@pytest.mark.parametrize("outcomes", [7, "no table", ["1 low"], "9 a; 1 b"])
def test_a_table_of_another_version_that_means_nothing_here_is_passed_over(outcomes: object) -> None:
    kept = {DICE: {"dice": "1d20", "outcomes": outcomes, "outcomes_of": "1d20"}}
    assert Thrown(kept, USUAL).roll(lambda: 0.0).outcome == "terrible"


def test_a_chat_is_given_a_table_in_words_and_it_is_taken_away_again() -> None:
    thrown = Thrown({DICE: {"dice": "2d6", "modifier": 1, "difficulty": 0}}, USUAL)
    thrown = Thrown({DICE: thrown.changed("outcomes 2 low: It breaks.; 8 high").value}, USUAL)
    assert thrown.told() == "2d6, modifier +1, outcomes low 2, high 8"
    assert thrown.roll(lambda: 0.0) == Roll("2d6+1", 3, "low", "It breaks.")
    assert Thrown({DICE: thrown.changed("outcomes usual").value}, USUAL).told() == "2d6, modifier +1"


@pytest.mark.parametrize("words", ["outcomes", "outcomes low", "outcomes 8 a; 2 b"])
def test_a_table_in_words_that_makes_no_sense_is_refused(words: str) -> None:
    with pytest.raises(SettingsError, match="Outcome"):
        Thrown({}, USUAL).changed(words)
