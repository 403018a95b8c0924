"""Dice in an adventure: what is thrown for an action, and what a roll means to the narrator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.dice import Dice, band, judged, read_dice, throw, with_modifier
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.events import PropertySet, Roll
from tavern_tui.domain.outcomes import OutcomeTable, read_outcomes

if TYPE_CHECKING:
    from tavern_tui.config.adventure_settings import AdventureSettings

DICE: Final = "dice"
"""The chat's property that holds what is thrown: an object with ``dice``, ``modifier`` and ``difficulty``; of an
outcome table of its own ``outcomes``, as it is written, and ``outcomes_of``, the dice that they are for."""

_USUAL: Final = "usual"

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
    """What is thrown in a chat with these ``properties``: the chat's own dice, else those of the settings.

    Totals are called as the chat's table has it, else that of the settings, each for the dice that it was made for.
    """

    def __init__(self, properties: Mapping[str, Any], settings: AdventureSettings) -> None:
        kept = properties.get(DICE)
        own = kept if isinstance(kept, dict) else {}
        self.dice = _known(own.get("dice")) or read_dice(settings.dice)
        self.modifier = _whole(own.get("modifier"))
        self.difficulty = _whole(own.get("difficulty"))
        self._kept = {name: own[name] for name in ("outcomes", "outcomes_of") if name in own}
        own_table, its_dice = _table(own.get("outcomes")), _known(own.get("outcomes_of"))
        self._tables = ((own_table, its_dice), (_table(settings.outcomes), read_dice(settings.dice)))

    @property
    def whole(self) -> Dice:
        """The dice with the modifier added and the difficulty taken off."""
        return with_modifier(self.dice, self.modifier - self.difficulty)

    def roll(self, dice: Callable[[], float], total: int | None = None) -> Roll:
        """A throw, or what was thrown by hand; of that the ``total`` is what the dice showed.

        Raises ``SettingsError`` for a total that these dice cannot show.
        """
        if total is None:
            return self.throw(self.whole, dice)
        least, most = self.dice.bare_range
        if not least <= total <= most:
            raise SettingsError(
                f"{self.dice.written} shows {least:,} to {most:,}, not {total:,}.",
                hint="Write what your dice show, without what is added. /dice tells what is thrown.",
            )
        return self._named(self.whole, judged(self.whole, total + self.whole.added))

    def throw(self, thrown: Dice, dice: Callable[[], float]) -> Roll:
        """A throw of other dice than the chat's own."""
        return self._named(thrown, throw(thrown, dice))

    def table(self, dice: Dice) -> OutcomeTable | None:
        """The table that somebody made for these dice, whatever is added to them; ``None``: the usual one."""
        return next((table for table, of in self._tables if table and of and of.bare == dice.bare), None)

    def told(self) -> str:
        """All of it in a line."""
        difficulty = f", difficulty {self.difficulty}" if self.difficulty else ""
        table = self.table(self.dice)
        outcomes = f", outcomes {table.told}" if table is not None else ""
        return f"{self.dice.written}, modifier {self.modifier:+d}{difficulty}{outcomes}"

    def changed(self, words: str) -> PropertySet:
        """The event for ``2d6``, ``modifier +2`` or ``difficulty 3``, several after one another.

        ``outcomes`` and a table are for the present dice in this chat; ``outcomes usual`` takes that table away.
        Raises ``SettingsError`` for anything else.
        """
        dice, modifier, difficulty = self.dice, self.modifier, self.difficulty
        rest = words.split()
        if rest and rest[0].lower() == "outcomes":
            typed = " ".join(rest[1:])
            table = None if typed.lower() == _USUAL else read_outcomes(typed or [typed])
            return dice_set(dice.written, table, modifier, difficulty)
        while rest:
            word = rest.pop(0).lower()
            if word in ("modifier", "difficulty"):
                number = _number(rest.pop(0) if rest else "", word)
                modifier, difficulty = (number, difficulty) if word == "modifier" else (modifier, number)
            else:
                dice = read_dice(word)
                with_modifier(dice, modifier - difficulty)
        return PropertySet(DICE, {"dice": dice.written, "modifier": modifier, "difficulty": difficulty, **self._kept})

    def _named(self, dice: Dice, roll: Roll) -> Roll:
        """The roll as the table calls it."""
        table = self.table(dice)
        if table is None:
            return roll
        found = table.band(roll.total)
        return replace(roll, outcome=found.name, means=found.means)


def dice_set(dice: str, table: OutcomeTable | None, modifier: int = 0, difficulty: int = 0) -> PropertySet:
    """The event that gives a chat these dice, and the table that is for them. Raises ``SettingsError``."""
    written = read_dice(dice).written
    own = {"outcomes": str(table), "outcomes_of": written} if table is not None else {}
    return PropertySet(DICE, {"dice": written, "modifier": modifier, "difficulty": difficulty, **own})


def for_narrator(roll: Roll) -> str:
    """The line under an action that tells the narrator how it goes."""
    outcome = band(roll)
    meaning = roll.means or MEANINGS.get(outcome, "")
    named = f": {outcome}" if outcome else ""
    return f"[Roll {roll.dice} = {roll.total}{named}. {meaning}".rstrip() + "]"


def _known(value: object) -> Dice | None:
    try:
        return read_dice(value) if isinstance(value, str) else None
    except SettingsError:
        return None  # of another version; the usual dice do


def _table(value: object) -> OutcomeTable | None:
    try:
        return read_outcomes(value) if isinstance(value, str) else None
    except SettingsError:
        return None  # of another version; the usual table does


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 1_000 else 0


def _number(typed: str, what: str) -> int:
    sign = typed.removeprefix("+").removeprefix("-")
    if not (sign.isascii() and sign.isdigit() and int(sign[:9]) <= 1_000):
        raise SettingsError(
            f"The {what} has to be a whole number up to 1,000.", hint=f"Write /dice {what} +2, for example."
        )
    return -int(sign) if typed.startswith("-") else int(sign)
