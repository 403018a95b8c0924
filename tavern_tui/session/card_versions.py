"""What a change of a card took the place of, kept so that it can be taken back: single fields, its picture, or what is
kept beside it.

Fields are told by their paths in the card's ``data`` object. Taking a change back puts those fields back alone, so that
whatever else became of the card since stays. Where versions lie: ``storage.versions``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.beside_card import BesideCard
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, StorageError
from tavern_tui.formats.card_object import to_object, with_data
from tavern_tui.formats.json_text import read_json, write_json

_DEEPER = ("extensions",)
_MAX = 128 * 1024 * 1024
_BESIDE = b"beside "

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field at ``place`` before and after: a list of one value, an empty one where the field was not there."""

    place: Place
    before: list[Any]
    after: list[Any]


def changes_between(before: Character, after: Character) -> list[FieldChange]:
    """The fields in which two versions of a card differ."""
    was, now = _fields(before), _fields(after)
    places = dict.fromkeys((*was, *now))
    pairs = ((place, _held(was, place), _held(now, place)) for place in places)
    return [FieldChange(place, old, new) for place, old, new in pairs if old != new]


def packed(changes: list[FieldChange]) -> bytes:
    """Changes as they are kept."""
    return write_json({"changes": [[list(one.place), one.before, one.after] for one in changes]}, indent=None)


def packed_beside(before: BesideCard, after: BesideCard) -> bytes:
    """A change of what is kept beside the card."""
    return _BESIDE + write_json([before.as_dict(), after.as_dict()], indent=None)


def is_packed_beside(data: bytes) -> bool:
    """Whether what was kept is such a change."""
    return data.startswith(_BESIDE)


def beside_taken_back(data: bytes) -> Callable[[BesideCard], BesideCard]:
    """The change that takes back what ``packed_beside`` made: of the fields that it was about, and of no other.

    It raises ``StorageError`` where one of them was changed since. Raises ``FormatError`` for anything else.
    """
    try:
        before, after = map(BesideCard.from_dict, read_json(data.removeprefix(_BESIDE), max_bytes=_MAX))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged() from error
    was, made = before.as_dict(), after.as_dict()
    about = [name for name in was if was[name] != made[name]]

    def back(now: BesideCard) -> BesideCard:
        held = now.as_dict()
        for name in about:
            if held[name] != made[name]:
                raise _changed_since(name)
        return BesideCard.from_dict({**held, **{name: was[name] for name in about}})

    return back


def is_packed(data: bytes) -> bool:
    """Whether what was kept are changes of fields, and no picture."""
    return data.startswith(b"{")


def unpacked(data: bytes) -> list[FieldChange]:
    """The changes in what ``packed`` made. Raises ``FormatError`` for anything else."""
    try:
        listed = read_json(data, max_bytes=_MAX)["changes"]
        return [FieldChange(tuple(place), list(before), list(after)) for place, before, after in listed]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged() from error


def taken_back(character: Character, changes: list[FieldChange]) -> Character:
    """``character`` with these fields as they were before. Raises ``StorageError`` where one was changed since."""
    data = copy.deepcopy(to_object(character)["data"])
    now = _fields(character)
    for one in changes:
        if _held(now, one.place) != one.after:
            raise _changed_since(".".join(one.place))
        holder = data
        for key in one.place[:-1]:
            holder = holder.setdefault(key, {})
        if one.before:
            holder[one.place[-1]] = one.before[0]
        else:
            holder.pop(one.place[-1], None)
    return with_data(character, data)


def _damaged() -> FormatError:
    return FormatError("A kept version of the card is damaged.", hint="It is left where it is.")


def _changed_since(name: str) -> StorageError:
    return StorageError(
        f"{name} was changed by something else since: taking this back would lose that.",
        hint="The versions before are kept.",
    )


def _fields(character: Character) -> dict[Place, Any]:
    found: dict[Place, Any] = {}
    for key, value in to_object(character)["data"].items():
        if key in _DEEPER and isinstance(value, Mapping):
            found |= {(key, inner): part for inner, part in value.items()}
        elif key != "modification_date":
            found[key,] = value
    return found


def _held(fields: Mapping[Place, Any], place: Place) -> list[Any]:
    return [fields[place]] if place in fields else []
