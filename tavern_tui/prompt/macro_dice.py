"""Macros that choose: ``{{roll}}``, ``{{random}}``, ``{{pick}}``.

``{{pick}}`` makes the choice that SillyTavern makes: it depends on the chat, the text and the macro's place in it. What
is frozen is chosen in the same way; everything else asks the context's randomness.
Source: SillyTavern 1.12.6, ``public/scripts/macros.js``; dice as in the library droll.
"""

from __future__ import annotations

import re

from tavern_tui.prompt.macro_context import MacroContext
from tavern_tui.prompt.macro_passes import Call
from tavern_tui.prompt.seeded import seeded_fraction, string_hash

_MOST_DICE = 1_000
_MOST_SIDES = 1_000_000_000
_COMMA = re.compile(r"(?<!\\),")
_DICE = re.compile(r"([1-9][0-9]{0,3})?d([1-9][0-9]{0,9})([+-][0-9]{1,9})?", re.IGNORECASE | re.ASCII)


def random(call: Call, context: MacroContext) -> str:
    """One of the choices, drawn anew each time unless frozen."""
    return _choice(call.argument, _fraction(call, context) if context.frozen else context.random())


def pick(call: Call, context: MacroContext) -> str:
    """One of the choices, the same each time."""
    return _choice(call.argument, _fraction(call, context))


def roll(call: Call, context: MacroContext) -> str:
    """The total of ``[n]d<sides>[±mod]``, or of a die with so many sides; empty where it is no such thing."""
    formula = call.argument.strip()
    if not context.exact:
        formula = formula.removeprefix(":")
    return _total(formula, call, context)


def die(call: Call, context: MacroContext) -> str:
    """As ``roll``; without an argument a die with six sides."""
    return _total(call.argument.strip(" :") or "d6", call, context)


def _total(formula: str, call: Call, context: MacroContext) -> str:
    dice = _DICE.fullmatch(f"1d{formula}" if formula.isascii() and formula.isdigit() else formula)
    if dice is None:
        return ""
    count, sides, modifier = int(dice[1] or 1), int(dice[2]), int(dice[3] or 0)
    if count > _MOST_DICE or sides > _MOST_SIDES:
        return ""
    if not context.frozen:
        return str(modifier + sum(1 + int(context.random() * sides) for _ in range(count)))
    seed = _fraction(call, context)
    return str(modifier + sum(1 + string_hash(f"{seed}-{one}") % sides for one in range(count)))


def _fraction(call: Call, context: MacroContext) -> float:
    """A number from 0 up to 1 that depends on the chat, the text and the macro's place in it alone."""
    place = f"{string_hash(context.chat_id)}-{string_hash(call.source.raw)}-{call.source.start}"
    return seeded_fraction(string_hash(place))


def _choice(listed: str, fraction: float) -> str:
    if "::" in listed:
        options = listed.split("::")
    else:
        options = [piece.strip().replace("\\,", ",") for piece in _COMMA.split(listed)]
    return options[min(int(fraction * len(options)), len(options) - 1)]
