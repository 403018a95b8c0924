"""``chat_metadata`` of a SillyTavern chat: author's note, variables and timed world info, read and written over.

Source: ``docs/spec/sillytavern-prompts.md`` §9, §10.4. What else it holds is left as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.note import MOST_DEPTH, MOST_INTERVAL, NO_NOTE, ChatNote, NotePlace, NoteRole
from tavern_tui.formats.json_text import clean_text

_PLACES = {0: NotePlace.AFTER, 1: NotePlace.CHAT, 2: NotePlace.BEFORE}
_ROLES = {0: NoteRole.SYSTEM, 1: NoteRole.USER, 2: NoteRole.ASSISTANT}
_TIMED = "timedWorldInfo"
_KINDS = {True: "sticky", False: "cooldown"}
Metadata = Mapping[str, Any]


def note_of(metadata: Metadata) -> ChatNote:
    """The author's note; ``NO_NOTE`` where it has no text."""
    text = metadata.get("note_prompt")
    if not isinstance(text, str) or not text.strip():
        return NO_NOTE
    return ChatNote(
        text=clean_text(text),
        place=_PLACES.get(_whole(metadata.get("note_position"), 1), NotePlace.CHAT),
        depth=min(max(_whole(metadata.get("note_depth"), 4), 0), MOST_DEPTH),
        role=_ROLES.get(_whole(metadata.get("note_role"), 0), NoteRole.SYSTEM),
        interval=min(max(_whole(metadata.get("note_interval"), 1), 0), MOST_INTERVAL),
    )


def variables_of(metadata: Metadata) -> dict[str, str | int | float]:
    """The chat's variables that are texts or numbers; others mean nothing to macros and stay where they are."""
    found = metadata.get("variables")
    if not isinstance(found, dict):
        return {}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def lore_of(metadata: Metadata) -> list[dict[str, Any]]:
    """The sticky entries and cooldowns in force, as the chat's property ``lore`` has them.

    Their ``mark`` is empty: SillyTavern's own hash of an entry tells nothing here, and the entry is taken for the same.
    """
    return [effect for _, _, effect in _timed(metadata)]


def written_over(
    metadata: Metadata, note: ChatNote, variables: Mapping[str, str | int | float], lore: tuple[Mapping[str, Any], ...]
) -> tuple[dict[str, Any], list[Remark]]:
    """``metadata`` with what has changed here since it was read, and what cannot be said in it."""
    written = copy.deepcopy(dict(metadata))
    if note != note_of(metadata):
        written |= _note_fields(note)
    _write_variables(written, variables_of(metadata), variables)
    return written, _write_lore(written, metadata, lore)


def _note_fields(note: ChatNote) -> dict[str, Any]:
    return {
        "note_prompt": note.text,
        "note_interval": note.interval,
        "note_depth": note.depth,
        "note_position": next(number for number, place in _PLACES.items() if place is note.place),
        "note_role": next(number for number, role in _ROLES.items() if role is note.role),
    }


def _write_variables(
    written: dict[str, Any], told: Mapping[str, str | int | float], now: Mapping[str, str | int | float]
) -> None:
    if {name: str(value) for name, value in told.items()} == {name: str(value) for name, value in now.items()}:
        return
    kept = written.get("variables")
    fields: dict[str, Any] = dict(kept) if isinstance(kept, dict) else {}
    for name in told.keys() - now.keys():
        del fields[name]
    for name, value in now.items():
        if name not in told or str(told[name]) != str(value):
            fields[name] = value
    written["variables"] = fields


def _write_lore(written: dict[str, Any], metadata: Metadata, lore: tuple[Mapping[str, Any], ...]) -> list[Remark]:
    """Leave out what has ended here; what began here is told, for SillyTavern knows entries by a hash of its own."""
    left = [_same(effect) for effect in lore]
    for kind, key, effect in _timed(metadata):
        if _same(effect) in left:
            left.remove(_same(effect))
        else:
            del written[_TIMED][kind][key]
    told = f"{len(left)} lasting effect{'' if len(left) == 1 else 's'} of lore entries began here and cannot be told"
    return [Remark(f"chat_metadata.{_TIMED}", f"{told} in SillyTavern's words.")] if left else []


def _timed(metadata: Metadata) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every effect that makes sense: its kind and key there, and what it is here."""
    timed = metadata.get(_TIMED)
    for sticky, kind in _KINDS.items():
        effects = timed.get(kind) if isinstance(timed, dict) else None
        for key, told in effects.items() if isinstance(effects, dict) else ():
            book, _, uid = key.rpartition(".")
            if not isinstance(told, dict) or not book or not uid.isdecimal() or len(uid) > 15 or not uid.isascii():
                continue
            start, end = told.get("start"), told.get("end")
            if type(start) is int and type(end) is int:
                protected = told.get("protected") is True
                effect = {"sticky": sticky, "book": book, "uid": int(uid), "mark": "", "start": start, "end": end}
                yield kind, key, {**effect, "protected": protected}


def _same(effect: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(effect.get(name) for name in ("sticky", "book", "uid", "mark", "start", "end"))


def _whole(value: Any, usual: int) -> int:
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and value.isascii() and len(value) < 12:
        return int(value)
    return value if type(value) is int else usual
