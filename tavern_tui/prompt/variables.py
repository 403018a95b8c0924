"""``Variables``: the named values that macros read and change while one prompt is made.

A chat has its own (``{{setvar}}``), and there are those of all chats (``{{setglobalvar}}``). They come in with a
``PromptInput`` and go out with the plan; in between they are changed here, and a prompt that is begun anew (with less
lore, say) begins with the values that it had. A text takes effect once in a prompt, however often it is expanded.
Source: SillyTavern 1.12.6, ``public/scripts/variables.js``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.prompt.script_numbers import as_number, number_text

MOST = 1_000
"""Variables that a chat may have, and as many for all chats; further ones are not taken."""

LONGEST = 10_000
"""Characters that a value may have; what is longer is not taken. A name, or a banned string, may have a hundredth."""

MOST_BANNED = 100
"""Strings that macros may ban in one prompt."""


class Scope(Enum):
    """Whose a variable is."""

    CHAT = "chat"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Change:
    """A variable got a value, or (without a scope) a string was banned."""

    scope: Scope | None
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A state to go back to."""

    values: Mapping[Scope, Mapping[str, str]]
    banned: tuple[str, ...]
    performed: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a text became, and what it changed."""

    text: str
    changes: tuple[Change, ...]


@dataclass(slots=True)
class Variables:
    """The variables of one prompt in the making. ``chat`` and ``everywhere`` are their first values."""

    chat: Mapping[str, str] = field(default=EMPTY)
    everywhere: Mapping[str, str] = field(default=EMPTY)
    _values: dict[Scope, dict[str, str]] = field(init=False)
    _banned: dict[str, None] = field(init=False, default_factory=dict)
    _journal: list[Change] = field(init=False, default_factory=list)
    _kept: dict[Hashable, _Kept] = field(init=False, default_factory=dict)
    _performed: set[Hashable] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._values = {Scope.CHAT: dict(self.chat), Scope.EVERYWHERE: dict(self.everywhere)}

    @property
    def banned(self) -> tuple[str, ...]:
        """The strings that were banned, in order, each once."""
        return tuple(self._banned)

    @property
    def changes(self) -> int:
        """How often anything was changed, for comparing."""
        return len(self._journal)

    def values(self, scope: Scope) -> dict[str, str]:
        """All variables of a scope as they stand."""
        return dict(self._values[scope])

    def get(self, scope: Scope, name: str) -> str:
        """A variable's value as it is shown: numbers as numbers, empty where there is none."""
        value = self._values[scope].get(name, "")
        number = as_number(value)
        return value if number is None else number_text(number)

    def set(self, scope: Scope, name: str, value: str) -> None:
        """Give a variable a value; one that is beyond the bounds of this module is not taken."""
        self._change(Change(scope, name, value))

    def add(self, scope: Scope, name: str, value: str | int) -> str:
        """Add to a number, append to a text, push onto a JSON list; the new value as it is shown."""
        present = self.get(scope, name)
        items = _list(present)
        if items is not None:
            items.append(value)
            self.set(scope, name, json.dumps(items, ensure_ascii=False, separators=(",", ":")))
            return ",".join(item if isinstance(item, str) else json.dumps(item) for item in items)
        value = str(value)
        summand, base = as_number(value), as_number(present or "0")
        if summand is None or base is None:
            result = ("" if base == 0 else present) + value
        else:
            result = number_text(base + summand)
        self.set(scope, name, result)
        return result

    def ban(self, text: str) -> None:
        """Take ``text`` among the strings that the reply must not contain."""
        self._change(Change(None, text))

    def once(self, place: Hashable, expand: Callable[[], str]) -> str:
        """What ``expand`` gives for the text at ``place``: the first time by expanding it, then the same again."""
        if place in self._kept:
            self.again(place)
        else:
            before = len(self._journal)
            text = expand()
            if len(self._journal) == before:
                return text  # what changes nothing may become something else when more is known
            self._kept[place] = _Kept(text, tuple(self._journal[before:]))
            self._performed.add(place)
        return self._kept[place].text

    def again(self, place: Hashable) -> None:
        """Make the changes of the text at ``place``, if there are any and they are not yet made."""
        kept = self._kept.get(place)
        if kept is None or place in self._performed:
            return
        for change in kept.changes:
            self._change(change)
        self._performed.add(place)

    def forget_texts(self) -> None:
        """Let every text take effect once more."""
        self._kept.clear()
        self._performed.clear()

    def mark(self) -> Mark:
        """The state as it stands."""
        values = {scope: dict(here) for scope, here in self._values.items()}
        return Mark(values, self.banned, frozenset(self._performed))

    def go_back(self, mark: Mark) -> None:
        """Take up an earlier state. What a text became is still known; its changes are made when it comes up again."""
        self._values = {scope: dict(here) for scope, here in mark.values.items()}
        self._banned = dict.fromkeys(mark.banned)
        self._performed = set(mark.performed)

    def _change(self, change: Change) -> None:
        if len(change.value) > LONGEST or len(change.name) > LONGEST // 100:
            return
        self._journal.append(change)
        if change.scope is None:
            if len(self._banned) < MOST_BANNED:
                self._banned[change.name] = None
            return
        here = self._values[change.scope]
        if change.name in here or len(here) < MOST:
            here[change.name] = change.value


def _list(text: str) -> list[object] | None:
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None
