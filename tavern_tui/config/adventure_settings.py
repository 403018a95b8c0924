"""Settings of adventures and stories.

How what is typed stands in the text, what is thrown, what is asked of the model beside, how a gap is filled.
"""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.config.setting_values import NotTakenError, one_of, setting, text, truth
from tavern_tui.domain.errors import SettingsError

TYPED = "{text}"
"""The place in a form where what was typed goes."""


def _dice(value: object) -> str:
    from tavern_tui.domain.dice import read_dice

    try:
        return read_dice(str(text(shortest=1)(value))).written
    except SettingsError as error:
        raise NotTakenError(f"{error.title} {error.hint}") from None


def _outcomes(value: object) -> str:
    from tavern_tui.domain.outcomes import read_outcomes

    if not isinstance(value, str | list | tuple):
        raise NotTakenError("It has to be a list of outcomes, like: [1 fumble, 8 miss, 15 hit].")
    try:
        return str(read_outcomes(value) or "")
    except SettingsError as error:
        raise NotTakenError(f"{error.title} {error.hint}".rstrip()) from None


def _form(value: object) -> str:
    form = str(text(shortest=1, longest=200)(value))
    if TYPED not in form:
        raise NotTakenError(f"It has to have {TYPED} in it, where what you type goes.")
    return form


@dataclass(frozen=True, slots=True)
class AdventureSettings:
    """Adventures."""

    strip_question: bool = setting(
        True, truth, "Take off a reply's last words where they only ask what you do, as many models' do."
    )
    suggest: bool = setting(False, truth, "Ask for three actions to choose from after every reply.")
    dice: str = setting("1d20", _dice, "What is thrown for an action with a roll: 1d20, 2d6, d100 or other dice.")
    outcomes: str = setting(
        "",
        _outcomes,
        "What the totals of these dice are called, if not as usual: 1 fumble; 8 miss: It fails, at a price; 15 hit.",
    )
    do: str = setting(f"> {TYPED}", _form, f"How what you do stands in the text; {TYPED} is what you typed.")
    say: str = setting(f'> You say "{TYPED}"', _form, "How what you say stands in the text.")
    story: str = setting(TYPED, _form, "How what you tell yourself stands in the text.")
    ooc: str = setting(f"(Out of character: {TYPED})", _form, "How a word to the narrator stands in the text.")


@dataclass(frozen=True, slots=True)
class StorySettings:
    """Stories."""

    fill_in: str = setting(
        "auto",
        one_of("auto", "always", "never"),
        "Whether what stands behind the cursor is given to the model by tokens that it has for that: where it was"
        " trained for it, wherever it or its server has a way, or never.",
    )
