"""Macros that read and change variables.

Under ``classic`` a text is gone through line by line, and in each line kind by kind, so that a line's ``{{getvar}}``
stands for what was there before its ``{{setvar}}``, and an argument ends at the first ``}``. Otherwise
``prompt.macro_walk`` takes each where it stands.
Source: SillyTavern 1.12.6, ``public/scripts/variables.js`` (``replaceVariableMacros``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tavern_tui.prompt.macro_context import MacroContext
from tavern_tui.prompt.macro_passes import LARGEST, Call, Pass, Source, calls
from tavern_tui.prompt.variables import Scope, Variables

SAYS_VARIABLE = re.compile(r"\{\{(?:get|set|add|inc|dec)(?:global)?var::", re.IGNORECASE | re.ASCII)
_KIND = re.compile(r"(get|set|add|inc|dec)(global)?var::(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of variable macro: its name, whose variables, and what it does and becomes."""

    name: str
    scope: Scope
    becomes: str
    perform: Callable[[Variables, Scope, str, str], str]
    valued: bool = False


def _get(variables: Variables, scope: Scope, name: str, _value: str) -> str:
    return variables.get(scope, name)


def _set(variables: Variables, scope: Scope, name: str, value: str) -> str:
    variables.set(scope, name, value)
    return ""


def _add(variables: Variables, scope: Scope, name: str, value: str) -> str:
    variables.add(scope, name, value)
    return ""


def _increase(variables: Variables, scope: Scope, name: str, _value: str) -> str:
    return variables.add(scope, name, 1)


def _decrease(variables: Variables, scope: Scope, name: str, _value: str) -> str:
    return variables.add(scope, name, -1)


KINDS: tuple[Kind, ...] = tuple(
    Kind(f"{verb}{'global' if scope is Scope.EVERYWHERE else ''}var", scope, becomes.format(whose), perform, valued)
    for scope, whose in ((Scope.CHAT, "this chat"), (Scope.EVERYWHERE, "all chats"))
    for verb, becomes, perform, valued in (
        ("get", "a variable of {}", _get, False),
        ("set", "nothing; gives a variable of {} a value", _set, True),
        ("add", "nothing; adds to a variable of {}: a number, a text, or to a list", _add, True),
        ("inc", "a variable of {}, which becomes 1 greater before", _increase, False),
        ("dec", "a variable of {}, which becomes 1 smaller before", _decrease, False),
    )
)
"""The kinds in SillyTavern's order."""

CHANGING = frozenset(kind.name for kind in KINDS if kind.perform is not _get)
"""Names of the macros that change variables."""


def by_kind(text: str, context: MacroContext, source: Source) -> str:
    """``text`` line by line, each kind in turn. The pass of ``classic``; elsewhere the walk has been there before."""
    if context.variables is None or not context.exact:
        return text
    lines = text.split("\n")
    room = LARGEST - len(text)
    for at, line in enumerate(lines):
        if not SAYS_VARIABLE.search(line):
            continue
        became = line
        for one in _PASSES:
            became = one(became, context, source)
        if len(became) - len(line) <= max(0, room):
            room -= len(became) - len(line)
            lines[at] = became
    return "\n".join(lines)


def performed(macro: str, context: MacroContext) -> str | None:
    """What a whole macro becomes; ``None`` where it is no macro of variables."""
    found = _KIND.fullmatch(macro[2:-2]) if context.variables is not None else None
    if found is None:
        return None
    kind = _BY_NAME[f"{found[1]}{found[2] or ''}var".lower()]
    return _run(kind, found[3], context, empty=True)


def _run(kind: Kind, argument: str, context: MacroContext, *, empty: bool) -> str | None:
    name, value = argument, ""
    if kind.valued:
        name, colons, value = argument.partition("::")
        if not colons or ":" in name or not (value or empty):
            return None
    if not name or context.variables is None:
        return None
    return kind.perform(context.variables, kind.scope, name.strip(), value)


def _pass_of(kind: Kind) -> Pass:
    def value(call: Call, context: MacroContext) -> str | None:
        return _run(kind, call.argument, context, empty=False)

    return calls(f"{kind.name}::", value)


_BY_NAME = {kind.name: kind for kind in KINDS}
_PASSES = tuple(_pass_of(kind) for kind in KINDS)
