"""Dice of a chat, and what a roll tells the narrator."""

from __future__ import annotations

import pytest

from tavern_tui.config.adventure_settings import AdventureSettings
from tavern_tui.domain.dice import OUTCOMES, again
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.events import Roll
from tavern_tui.session.modes.rolls import DICE, MEANINGS, Thrown, for_narrator

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
