"""Macros: ``{{user}}``, ``{{random::a::b}}`` and the rest, one row of ``MACROS`` each.

SillyTavern's engine is a sequence of passes over the whole text: no escaping, names in any case, what is unknown stays.
Under ``classic`` (``MacroContext.exact``) that is all. Otherwise macros may stand in one another's arguments, and
variables change in the order of reading. Pure and bounded: clock and randomness are in the context, a text never grows
beyond ``LARGEST`` characters, nothing calls itself, every pass takes linear time.
Source: SillyTavern 1.12.6, ``public/scripts/macros.js``, ``public/script.js`` (``substituteParams``).
"""

from __future__ import annotations

from collections.abc import Hashable

from tavern_tui.prompt.macro_context import MacroContext
from tavern_tui.prompt.macro_passes import LARGEST, LEGACY, MOST_PER_PASS, Macro, Source, keys_in
from tavern_tui.prompt.macro_table import MACROS
from tavern_tui.prompt.macro_turns import NewestTurns
from tavern_tui.prompt.macro_variables import CHANGING
from tavern_tui.prompt.macro_walk import in_order
from tavern_tui.prompt.variables import Scope, Variables

__all__ = [
    "LARGEST",
    "MACROS",
    "MOST_PER_PASS",
    "Macro",
    "MacroContext",
    "NewestTurns",
    "Scope",
    "Variables",
    "expand",
    "take_effect",
]

_TAKES_EFFECT = CHANGING | {"banned"}
_KEYED = tuple((macro.key, macro) for macro in MACROS)
_KEYS = frozenset(key for key, _ in _KEYED)


def expand(text: str, context: MacroContext, place: Hashable = None) -> str:
    """``text`` with its macros replaced; unknown ones stay as they are. Never raises.

    A text that changes variables does so once for each ``place``, and becomes the same there each time, until the
    variables are told otherwise.
    """
    if "{{" not in text and LEGACY not in text:
        return text
    variables = context.variables
    if variables is None or not (keys_in(text) & _TAKES_EFFECT):
        return _expanded(text, context)
    return variables.once(_place(text, context, place), lambda: _expanded(text, context))


def take_effect(text: str, context: MacroContext, place: Hashable = None) -> None:
    """Let ``text``, which was expanded for ``place`` before, change variables again where they were taken back."""
    if context.variables is not None:
        context.variables.again(_place(text, context, place))


def _place(text: str, context: MacroContext, place: Hashable) -> Hashable:
    """What tells one text that takes effect from another: whose it is and what it stands for, too."""
    return (place, context.user, context.char, context.original, text)


def _expanded(text: str, context: MacroContext) -> str:
    source = Source(text)
    if not context.exact:
        text = in_order(text, context, source, _passes, _KEYS)
    return _passes(text, context, source)


def _passes(text: str, context: MacroContext, source: Source) -> str:
    """Every pass of the table that may find something, in its order."""
    keys = keys_in(text)
    last = None
    for key, macro in _KEYED:
        if key not in keys or macro.expand is last or (macro.later and context.exact):
            continue
        last = macro.expand
        expanded = macro.expand(text, context, source)
        if expanded != text:
            text, keys = expanded, keys_in(expanded)
    return text
