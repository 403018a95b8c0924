"""What a player can type in an adventure: the kinds of input, and which one a line is.

The kind that is set for the chat counts, unless the line says its own: by a command at its beginning (``/say``), by
``>`` for an action or by a quotation mark for speech. How a kind stands in the text is the user's choice (``forms``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.config.adventure_settings import TYPED
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.second_person import in_second_person

if TYPE_CHECKING:
    from tavern_tui.config.adventure_settings import AdventureSettings

KIND: Final = "input_kind"
"""The chat's property that holds the kind that is typed."""


class Kind(StrEnum):
    """A kind of input; the value is also its command."""

    DO = "do"
    SAY = "say"
    STORY = "story"
    ROLL = "roll"
    OOC = "ooc"

    @property
    def label(self) -> str:
        """The word that stands before what is typed."""
        return _LABELS[self]

    @property
    def next(self) -> Kind:
        """The kind that comes after it."""
        kinds = tuple(Kind)
        return kinds[(kinds.index(self) + 1) % len(kinds)]


_LABELS = {Kind.DO: "Do", Kind.SAY: "Say", Kind.STORY: "Story", Kind.ROLL: "Do+roll", Kind.OOC: "OOC"}
_COMMAND = re.compile(rf"/({'|'.join(Kind)})(?:\s+(.*))?\Z", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?[0-9]{1,7})(?:\s+(.*))?\Z", re.DOTALL | re.ASCII)
_DICE = re.compile(r"([+-]?[0-9]*d(?:[0-9]|%)\S*)(?:\s+(.*))?\Z", re.DOTALL | re.ASCII | re.IGNORECASE)
_OPENING = '"“„«'
_CLOSING = '"”“»'
_ENDS = re.compile(r"[^\W_]\Z")


@dataclass(frozen=True, slots=True)
class Typed:
    """What a line is: its ``kind``, and its ``text`` without what said the kind.

    A roll may begin with the ``total`` that was thrown by hand, or with what is thrown this once, as it was typed.
    """

    kind: Kind
    text: str
    total: int | None = None
    dice: str = ""


def kind_of(properties: Mapping[str, Any]) -> Kind:
    """The kind that is typed in a chat with these properties."""
    kind = properties.get(KIND)
    return Kind(kind) if isinstance(kind, str) and kind in tuple(Kind) else Kind.DO


def kind_set(kind: Kind) -> PropertySet:
    """The event that makes ``kind`` the one that is typed."""
    return PropertySet(KIND, None if kind is Kind.DO else kind.value)


def typed(line: str, kind: Kind) -> Typed:
    """What ``line`` is, where ``kind`` is set. Its text may be empty."""
    line = line.strip()
    if command := _COMMAND.match(line):
        kind, line = Kind(command[1].lower()), (command[2] or "").strip()
    elif line.startswith(">"):
        kind = Kind.ROLL if kind is Kind.ROLL else Kind.DO
    elif kind in (Kind.DO, Kind.ROLL) and _is_speech(line):
        kind = Kind.SAY
    if kind is Kind.ROLL and (number := _NUMBER.match(line)):
        return Typed(kind, (number[2] or "").strip(), int(number[1]))
    if kind is Kind.ROLL and (dice := _DICE.match(line)):
        return Typed(kind, (dice[2] or "").strip(), dice=dice[1])
    return Typed(kind, line.lstrip(">").strip() if kind in (Kind.DO, Kind.ROLL) else line)


def written(kind: Kind, text: str, settings: AdventureSettings) -> str:
    """``text`` as it stands in the adventure."""
    if kind in (Kind.DO, Kind.ROLL):
        text = _one_line(_ended(in_second_person(text)))
        form = settings.do
    elif kind is Kind.SAY:
        text = _one_line(_unquoted(text))
        form = settings.say
    else:
        form = settings.story if kind is Kind.STORY else settings.ooc
    return form.replace(TYPED, text)


def shown_text(line: str, settings: AdventureSettings) -> str:
    """What a player typed for ``line`` of the adventure, as near as that can be told: for typing it anew."""
    forms = ((Kind.SAY, settings.say), (Kind.OOC, settings.ooc), (Kind.DO, settings.do))
    for kind, form in forms:
        before, _, after = form.partition(TYPED)
        if before.strip() and line.startswith(before) and line.endswith(after):
            inner = line[len(before) : len(line) - len(after)]
            return inner if kind is Kind.DO else f"/{kind} {inner}"
    return line


def _is_speech(line: str) -> bool:
    """Whether a line is quoted from its beginning to its end, or from its beginning on."""
    if not line or line[0] not in _OPENING:
        return False
    rest = line[1:]
    closing = next((at for at, sign in enumerate(rest) if sign in _CLOSING), None)
    return closing is None or closing == len(rest) - 1


def _unquoted(text: str) -> str:
    if _is_speech(text):
        text = text[1:]
        text = text[:-1] if text[-1:] and text[-1] in _CLOSING else text
    return text.replace('"', "'")


def _ended(text: str) -> str:
    return f"{text}." if _ENDS.search(text) else text


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))
