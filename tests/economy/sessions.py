"""The sessions as values: who is in them, what stands in their prompts, and what is done step by step.

They are files in ``session_files/``, written by ``build_sessions``. One ``like`` another has its fields and steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition
from tavern_tui.domain.note import ChatNote
from tavern_tui.domain.persona import Persona

NAMES = ("A", "B", "R", "C", "D")
NOTE_DEPTH = 4
_FOLDER = Path(__file__).with_name("session_files")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done.

    ``do``: ``reply`` to what is said (``say`` is empty where a character speaks on), ``swipe`` the newest reply,
    ``edit`` the turn ``back`` places above the newest, ``branch`` off there, ``turn to`` another ``chat``, ``restart``
    program and engine. ``reply`` is what the model writes, as the character ``by``.
    """

    do: str
    say: str = ""
    reply: str = ""
    by: str = ""
    back: int = 0
    text: str = ""
    chat: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One session. ``characters`` are the group's members where ``group``, else the one who is there.

    ``notes_stay`` is how many turns notes stay where they are, and whether they are then stated again.
    """

    name: str
    title: str
    context_tokens: int
    response_tokens: int
    persona: Persona
    characters: tuple[Character, ...]
    lore: Lorebook
    note: ChatNote
    steps: tuple[Step, ...]
    group: bool = False
    notes_stay: tuple[int, bool] = (0, False)

    def member(self, name: str) -> Character:
        """The character of that name."""
        return next(one for one in self.characters if one.name == name)


def read_session(name: str) -> Session:
    """The session of that name."""
    table = _table(name)
    note = CharacterNote(table.get("character_note", ""), NOTE_DEPTH)
    return Session(
        name=table["name"],
        title=table["title"],
        context_tokens=table["context_tokens"],
        response_tokens=table["response_tokens"],
        persona=Persona(**table["persona"]),
        characters=tuple(Character(**fields, note=note) for fields in table["characters"]),
        lore=Lorebook("Places", tuple(_entry(uid, entry) for uid, entry in enumerate(table.get("lore", ())))),
        note=ChatNote(table.get("author_note", ""), depth=NOTE_DEPTH),
        steps=tuple(Step(**step) for step in table["steps"]),
        group=table.get("group", False),
        notes_stay=tuple(table.get("notes_stay", (0, False))),
    )


def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((_FOLDER / f"{name.lower()}.json").read_text(encoding="utf-8"))
    return {**_table(table["like"]), **table} if "like" in table else table


def _entry(uid: int, fields: dict[str, Any]) -> LoreEntry:
    depth = fields.get("depth")
    return LoreEntry(
        uid=uid,
        keys=tuple(fields["keys"]),
        content=fields["content"],
        comment=fields["keys"][0],
        constant=fields.get("constant", False),
        position=LorePosition.BEFORE_CHARACTER if depth is None else LorePosition.AT_DEPTH,
        depth=depth or 4,
    )
