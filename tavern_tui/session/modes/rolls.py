"""Dice in an adventure: what is thrown for an action, and what a roll means to the narrator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.dice import Dice, band, judged, read_dice, throw, with_modifier
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.events import PropertySet, Roll

if TYPE_CHECKING:
    from tavern_tui.config.adventure_settings import AdventureSettings

DICE: Final = "dice"
"""The chat's property that holds what is thrown: an object with ``dice``, ``modifier`` and ``difficulty``."""

MEANINGS: Final = {
    "terrible": "It goes badly wrong: tell at once what is worse now, so that it can be seen.",
    "poor": "It fails, and the failure costs something: tell what can be seen of that.",
    "fair": "It works only in part, or at a price: tell both.",
    "good": "It works as it was meant to.",
    "excellent": "It works and brings more than was hoped for: tell what.",
    "perfect": "It could not go better: tell of a wonder.",
}
"""What each outcome asks of the narrator; a failure always has a consequence that can be seen."""


class Thrown:
    """What is thrown in a chat with these ``properties``: the chat's own dice, else those of the settings."""

    def __init__(self, properties: Mapping[str, Any], settings: AdventureSettings) -> None:
        kept = properties.get(DICE)
        own = kept if isinstance(kept, dict) else {}
        self.dice = _known(own.get("dice")) or read_dice(settings.dice)
        self.modifier = _whole(own.get("modifier"))
        self.difficulty = _whole(own.get("difficulty"))

    @property
    def whole(self) -> Dice:
        """The dice with the modifier added and the difficulty taken off."""
        return with_modifier(self.dice, self.modifier - self.difficulty)

    def roll(self, dice: Callable[[], float], total: int | None = None) -> Roll:
        """A throw, or what was thrown by hand; of that the ``total`` is what the dice showed."""
        if total is None:
            return throw(self.whole, dice)
        return judged(self.whole, total + self.modifier - self.difficulty)

    def told(self) -> str:
        """All of it in a line."""
        difficulty = f", difficulty {self.difficulty}" if self.difficulty else ""
        return f"{self.dice.written}, modifier {self.modifier:+d}{difficulty}"

    def changed(self, words: str) -> PropertySet:
        """The event for ``2d6``, ``modifier +2`` or ``difficulty 3``, several after one another.

        Raises ``SettingsError`` for anything else.
        """
        dice, modifier, difficulty = self.dice, self.modifier, self.difficulty
        rest = words.split()
        while rest:
            word = rest.pop(0).lower()
            if word in ("modifier", "difficulty"):
                number = _number(rest.pop(0) if rest else "", word)
                modifier, difficulty = (number, difficulty) if word == "modifier" else (modifier, number)
            else:
                dice = read_dice(word)
                with_modifier(dice, modifier - difficulty)
        return PropertySet(DICE, {"dice": dice.written, "modifier": modifier, "difficulty": difficulty})


def for_narrator(roll: Roll) -> str:
    """The line under an action that tells the narrator how it goes."""
    outcome = band(roll)
    meaning = MEANINGS.get(outcome, "")
    named = f": {outcome}" if outcome else ""
    return f"[Roll {roll.dice} = {roll.total}{named}. {meaning}".rstrip() + "]"


def _known(value: object) -> Dice | None:
    try:
        return read_dice(value) if isinstance(value, str) else None
    except SettingsError:
        return None  # of another version; the usual dice do


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 1_000 else 0


def _number(typed: str, what: str) -> int:
    sign = typed.removeprefix("+").removeprefix("-")
    if not (sign.isascii() and sign.isdigit() and int(sign[:9]) <= 1_000):
        raise SettingsError(
            f"The {what} has to be a whole number up to 1,000.", hint=f"Write /dice {what} +2, for example."
        )
    return -int(sign) if typed.startswith("-") else int(sign)
