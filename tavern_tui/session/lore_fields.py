"""The fields of a lore entry as a form: what each is called, what it says in plain words, and how it is typed.

A field turns what was typed into another entry, or says why not. Pure: saving is ``session.lore_editing``'s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.lorebook import InjectionRole, LoreEntry, LorePosition, LoreSource, SelectiveLogic
from tavern_tui.prompt.lore_keys import KeyForm
from tavern_tui.session.lore_keys_typed import key_problem, read_keys, write_keys

PLACES: Mapping[LorePosition, str] = {
    LorePosition.BEFORE_CHARACTER: "before the character",
    LorePosition.AFTER_CHARACTER: "after the character",
    LorePosition.NOTE_TOP: "above the author's note",
    LorePosition.NOTE_BOTTOM: "below the author's note",
    LorePosition.AT_DEPTH: "in the chat, at a depth",
    LorePosition.EXAMPLES_TOP: "above the examples",
    LorePosition.EXAMPLES_BOTTOM: "below the examples",
    LorePosition.OUTLET: "where {{outlet::…}} stands",
}
"""Where an entry's text goes, in words."""

_LOGIC = {
    SelectiveLogic.AND_ANY: "one of them, too",
    SelectiveLogic.AND_ALL: "all of them, too",
    SelectiveLogic.NOT_ANY: "none of them",
    SelectiveLogic.NOT_ALL: "not all of them",
}
_ROLES = {role: role.value for role in InjectionRole}
_YES = {True: "yes", False: "no"}
_ASKED = {None: "by the settings", True: "yes", False: "no"}
_TRIGGERS = ("normal", "continue", "impersonate", "swipe", "regenerate", "quiet")
_WORDS_YES, _WORDS_NO = ("yes", "on", "true", "y", "1"), ("no", "off", "false", "n", "0")


class Kind(Enum):
    """How a field is edited."""

    LINE = "a line"
    TEXT = "a text"
    KEYS = "keys"
    NUMBER = "a number"
    CHOICE = "a choice"
    SEEN = "only seen"


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the form. ``name`` is the field of ``LoreEntry``; ``help`` says in a sentence what it does.

    ``choices`` are the values of a choice with their words; ``least`` and ``most`` bound a number, whose ``usual`` is
    what nothing typed means. ``keys`` of a ``KEYS`` field that are ``searched`` may be regular expressions.
    """

    name: str
    title: str
    help: str
    kind: Kind
    choices: Mapping[Any, str] | None = None
    least: float = 0
    most: float = 1_000_000
    usual: float | None = 0
    whole: bool = True
    searched: bool = False
    known: tuple[str, ...] = ()

    def shown(self, entry: LoreEntry) -> str:
        """What the field says now, on a line."""
        value = self._value(entry)
        if self.kind is Kind.CHOICE:
            return (self.choices or {}).get(value, str(value))
        if self.kind is Kind.NUMBER:
            return "by the settings" if value is None else f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"
        if self.kind in (Kind.KEYS, Kind.SEEN):
            return write_keys(value)
        return " ".join(str(value).split())

    def typed(self, entry: LoreEntry) -> str:
        """What stands in the line when the field is edited."""
        value = self._value(entry)
        if self.kind is Kind.NUMBER:
            return "" if value is None else repr(value).removesuffix(".0")
        return str(value) if self.kind in (Kind.LINE, Kind.TEXT) else self.shown(entry)

    def read(self, entry: LoreEntry, typed: str) -> LoreEntry:
        """``entry`` with what was typed. Raises ``SettingsError`` saying what is wrong with it and what is meant."""
        match self.kind:
            case Kind.KEYS:
                return self._with(entry, self._keys(entry, typed))
            case Kind.NUMBER:
                return self._with(entry, self._number(typed))
            case Kind.CHOICE:
                return self._with(entry, self._choice(typed))
            case Kind.SEEN:
                return entry
        return self._with(entry, typed)

    def turned(self, entry: LoreEntry, steps: int) -> LoreEntry:
        """``entry`` with the next choice, or a number one higher; with the one before where ``steps`` is negative."""
        value = self._value(entry)
        if self.kind is Kind.CHOICE and self.choices:
            listed = list(self.choices)
            place = listed.index(value) if value in listed else 0
            return self._with(entry, listed[(place + steps) % len(listed)])
        if self.kind is Kind.NUMBER:
            start = self.least if value is None else value
            return self._with(entry, self._kept(min(self.most, max(self.least, start + steps))))
        return entry

    def _value(self, entry: LoreEntry) -> Any:
        if self.kind is Kind.SEEN:
            return decorators(entry)
        value = getattr(entry, self.name)
        return tuple(one.value for one in value) if self.name == "also_scans" else value

    def _with(self, entry: LoreEntry, value: Any) -> LoreEntry:
        return replace(entry, **{self.name: value})

    def _kept(self, number: float) -> float | int:
        return int(number) if self.whole else float(number)

    def _number(self, typed: str) -> float | int | None:
        text = typed.strip().removesuffix("%").strip()
        if not text:
            return None if self.usual is None else self._kept(self.usual)
        try:
            number = float(text)
        except ValueError:
            raise SettingsError(f"“{text}” is not a number.", hint=self._range()) from None
        if not math.isfinite(number) or not self.least <= number <= self.most or (self.whole and number % 1):
            raise SettingsError(f"{text} is out of range.", hint=self._range())
        return self._kept(number)

    def _range(self) -> str:
        what = "A whole number" if self.whole else "A number"
        nothing = "; nothing: by the settings" if self.usual is None else ""
        return f"{what} from {self.least:,.0f} to {self.most:,.0f}{nothing}."

    def _choice(self, typed: str) -> Any:
        wanted = typed.strip().casefold()
        choices = self.choices or {}
        flags = {**dict.fromkeys(_WORDS_YES, True), **dict.fromkeys(_WORDS_NO, False)}
        if wanted in flags and flags[wanted] in choices:
            return flags[wanted]
        found = [value for value, words in choices.items() if wanted and words.casefold().startswith(wanted)]
        if not found:
            raise SettingsError(
                f"There is no choice “{typed.strip()}”.", hint=f"Choose: {', '.join(choices.values())}."
            )
        return found[0]

    def _keys(self, entry: LoreEntry, typed: str) -> Any:
        keys = read_keys(typed)
        if self.searched:
            form = KeyForm.PATTERN if entry.use_regex else KeyForm.EITHER
            problem = next((f"{key}: {told}" for key in keys if (told := key_problem(key, form))), "")
            if problem:
                raise SettingsError(problem)
        if unknown := [key for key in keys if self.known and key not in self.known]:
            raise SettingsError(f"There is no “{unknown[0]}”.", hint=f"There are: {', '.join(self.known)}.")
        return tuple(LoreSource(key) for key in keys) if self.name == "also_scans" else keys


def decorators(entry: LoreEntry) -> tuple[str, ...]:
    """The decorators at the beginning of an entry's text, as they stand there."""
    found = []
    for line in entry.content.splitlines():
        if not line.startswith("@@"):
            break
        found.append(line.strip())
    return tuple(found)


def _flag(name: str, title: str, help: str) -> Field:
    return Field(name, title, help, Kind.CHOICE, _YES)


def _asked(name: str, title: str, help: str) -> Field:
    return Field(name, title, help, Kind.CHOICE, _ASKED)


def _keys(name: str, title: str, help: str, *, searched: bool = False, known: Sequence[str] = ()) -> Field:
    return Field(name, title, help, Kind.KEYS, searched=searched, known=tuple(known))


def _number(name: str, title: str, help: str, **bounds: Any) -> Field:
    return Field(name, title, help, Kind.NUMBER, **bounds)


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "What it says": (
        Field("comment", "Title", "What lists and receipts call the entry; the model never reads it.", Kind.LINE),
        Field("content", "Text", "What the model reads while the entry is in. Macros are filled in.", Kind.TEXT),
        Field("decorators", "Decorators", "Lines with @@ at the text's beginning: change them in the text.", Kind.SEEN),
    ),
    "When it fires": (
        _flag("enabled", "On", "Switched off, it never fires."),
        _flag("constant", "Always in", "It is in every prompt, whatever is said."),
        _keys("keys", "Keys", "One of them in the last turns lets it fire. /word/i is a pattern.", searched=True),
        _keys("secondary_keys", "Second keys", "Looked for once a key was found.", searched=True),
        Field(
            "selective_logic",
            "Second keys decide",
            "What of the second keys must stand there, too.",
            Kind.CHOICE,
            _LOGIC,
        ),
        _flag("selective", "Heed second keys", "Without this they are left aside."),
        _keys("exclude_keys", "Never with", "One of these in the text keeps it out.", searched=True),
        _number(
            "probability", "Chance in percent", "How often it fires when it may.", most=100, usual=100, whole=False
        ),
        _number("scan_depth", "Turns searched", "How far up its keys are looked for.", most=1000, usual=None),
        _asked("case_sensitive", "Capitals count", "Whether Inn and inn are two keys."),
        _asked("match_whole_words", "Whole words only", "Whether inn is found in dinner."),
        _flag("use_regex", "Keys are patterns", "Every key is a regular expression without slashes."),
        _keys(
            "also_scans",
            "Searched besides",
            "Texts beside the turns: persona description, scenario, …",
            known=[one.value for one in LoreSource],
        ),
        _keys("triggers", "Only when asked to", "normal, continue, swipe, …; nothing: always.", known=_TRIGGERS),
    ),
    "Where it stands": (
        Field("position", "Place", "Where in the prompt its text goes.", Kind.CHOICE, PLACES),
        _number("depth", "Depth", "Turns below it, where it stands in the chat.", most=10_000, usual=4),
        Field("role", "Said by", "Who seems to say it, where it stands in the chat.", Kind.CHOICE, _ROLES),
        _number(
            "order",
            "Order",
            "Higher stands nearer to the end, and gets its tokens first.",
            least=-1_000_000,
            usual=100,
        ),
        Field("outlet", "Outlet", "The name of its place, where the place is an outlet.", Kind.LINE),
    ),
    "How long": (
        _number("sticky", "Stays for", "Turns that it stays in after it fired."),
        _number("cooldown", "Rests for", "Turns that it cannot fire again after that."),
        _number("delay", "Not before turn", "Turns that the chat must have first."),
    ),
    "Budget and groups": (
        _flag("ignore_budget", "Beside the budget", "It is neither counted nor cut."),
        _number(
            "priority", "Priority", "The lowest leaves first, where the book has a budget.", usual=None, least=-1e6
        ),
        Field("group", "Groups", "Of a group, one entry fires. Names between commas.", Kind.LINE),
        _flag("group_override", "First in its group", "It wins over the others, by its order."),
        _number(
            "group_weight", "Weight in its group", "How likely it is the one.", usual=100, most=10_000, whole=False
        ),
        _asked("use_group_scoring", "Most keys win", "In its group the entry with most keys found fires."),
    ),
    "One entry brings another": (
        _flag("exclude_recursion", "Not by others", "What other entries say does not let it fire."),
        _flag("prevent_recursion", "Brings no others", "What it says lets no other fire."),
        _number("delay_until_recursion", "From which round on", "0: from the first; 1: only by others, …", most=100),
    ),
    "For whom": (
        _keys("characters", "Characters", "Names; nothing: everybody."),
        _keys("tags", "Their tags", "Tags of characters; nothing: all."),
        _flag("except_characters", "All but these", "For everybody but those who are named above."),
    ),
}
"""Every field of an entry, under the headings of the form."""

BY_NAME: Mapping[str, Field] = {field.name: field for fields in FIELDS.values() for field in fields}
"""The fields by their names."""

Change = Callable[[LoreEntry], LoreEntry]


def bulk_change(name: str, typed: str) -> Change:
    """What setting a field to ``typed`` does to each of many entries. Raises ``SettingsError`` before any changes."""
    field = BY_NAME[name]
    field.read(LoreEntry(), typed)
    return lambda entry: field.read(entry, typed)
