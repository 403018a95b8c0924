"""Exporting a chat: our log as another program's file, with all that was read from one of its files before.

The formats are ``formats.chat_formats``'s; what an import keeps for this is ``chat_merge``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import ChatEvent, TextEdited, TextExtended
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.domain.told_chat import NOWHERE, ToldChat, ToldTurn
from tavern_tui.formats.chat_formats import CHAT_FORMATS, chat_format
from tavern_tui.formats.packed_facts import unpack
from tavern_tui.session.author_note import note_of
from tavern_tui.session.chat_merge import FILE, SHAPE, WRITER
from tavern_tui.session.chat_variables import VARIABLE, variables_in
from tavern_tui.session.lore import PROPERTY as LORE
from tavern_tui.session.reading_chats import open_for_reading
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.chats import ChatLog

_OURS = "tavern-tui"
_SAME_FACTS = {"kobold-share": "kobold"}  # formats that say what another says, wrapped otherwise
EXPORTS = tuple(row.name for row in CHAT_FORMATS if row.write is not None)
"""The names of the formats that are written."""


@dataclass(frozen=True, slots=True)
class ExportedChat:
    """A chat as ``data`` in a format whose files end in ``suffix``; ``remarks`` say what it could not say."""

    data: bytes
    suffix: str
    title: str
    turns: int
    remarks: tuple[Remark, ...]


def export_chat(workspace: Workspace, name: str, format_name: str) -> ExportedChat:
    """The chat that ``name`` means in the format of that name.

    Raises ``NotFoundError``, ``StorageError``, ``FormatError``.
    """
    return exported(open_for_reading(workspace, name).log, format_name)


def exported(log: ChatLog, format_name: str) -> ExportedChat:
    """A chat in the format of that name. Raises ``FormatError``."""
    row = chat_format(format_name)
    if row.write is None:
        raise StorageError(f"{row.title} is only read.", hint=f"Written are: {', '.join(EXPORTS)}")
    chat = told_chat(log.tree, log.events, _SAME_FACTS.get(format_name, format_name))
    data, remarks = row.write(chat)
    return ExportedChat(data, row.suffix, chat.title, len(chat.path()), remarks)


def write_export(found: ExportedChat, path: Path, *, replace: bool = False) -> None:
    """Put an export at ``path``, whole or not at all.

    Raises ``StorageError``; without ``replace`` also where a file is there.
    """
    if path.is_dir():
        raise StorageError(f"{path} is a folder.", hint="Name the file.", where=str(path))
    if path.exists() and not replace:
        raise StorageError(f"{path.name} is there already.", hint="--force writes over it.", where=str(path))
    write_atomic(path, found.data)


def told_chat(tree: ChatTree, events: list[ChatEvent], format_name: str) -> ToldChat:
    """``tree`` for a codec, with what was read from files of that format; ``events`` are all of the chat's."""
    file = _file_of(tree, format_name)
    edited = {
        event.body.turn
        for event in events
        if isinstance(event.body, TextEdited | TextExtended) and event.writer != WRITER
    }
    shapes = {key.removeprefix(SHAPE): value for key, value in tree.properties.items() if key.startswith(SHAPE)}
    place_of: dict[str, int] = {ROOT: NOWHERE}
    turns: list[ToldTurn] = []
    for turn in _parents_first(tree):
        place_of[turn.id] = len(turns)
        source = unpack(turn.source, shapes, round(turn.at)) if file is not None else EMPTY
        turns.append(_told(turn, place_of[turn.parent], source, edited=turn.id in edited))
    lore = tree.properties.get(LORE)
    return ToldChat(
        format=_OURS if file is None else format_name,
        title=tree.title,
        turns=tuple(turns),
        tip=place_of.get(tree.tip, NOWHERE),
        characters=tree.characters,
        persona=tree.persona,
        note=note_of(tree),
        variables=_variables(tree.properties),
        lore=tuple(effect for effect in lore if isinstance(effect, dict)) if isinstance(lore, list) else (),
        source=EMPTY if file is None else file,
    )


def _file_of(tree: ChatTree, format_name: str) -> Mapping[str, Any] | None:
    """What a file of that format said of the chat: its own rather than that of a checkpoint or branch."""
    told = [value for key, value in tree.properties.items() if key.startswith(FILE) and isinstance(value, dict)]
    told = [value for value in told if value.get("format") == format_name and isinstance(value.get("source"), dict)]
    told.sort(key=lambda value: bool(value.get("parent")))
    return told[0]["source"] if told else None


def _parents_first(tree: ChatTree) -> Iterator[Turn]:
    waiting = list(reversed(tree.children.get(ROOT, ())))
    while waiting:
        turn = waiting.pop()
        yield tree.turns[turn]
        waiting += reversed(tree.children.get(turn, ()))


def _told(turn: Turn, parent: int, source: Mapping[str, Any], *, edited: bool) -> ToldTurn:
    return ToldTurn(
        parent,
        turn.speaker,
        turn.name,
        turn.text,
        turn.at,
        turn.reasoning,
        turn.hidden,
        source,
        edited,
        turn.receipt,
    )


def _variables(properties: Mapping[str, Any]) -> dict[str, str | int | float]:
    """The chat's variables, numbers as numbers."""
    return {name: properties[VARIABLE + name] for name in variables_in(properties)}
