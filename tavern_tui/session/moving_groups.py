"""SillyTavern's groups: their chats' files, given the names and the note that the group's own file has.

Until 1.12 a group's chat has no header line: title, author's note and variables stand in ``groups/<id>.json``. A copy
with a header in the later form is made for the codec. Fields: ``docs/spec/sillytavern-prompts.md`` §8, §9.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.formats.json_lines import first_value
from tavern_tui.formats.sillytavern_settings import MAX_BYTES, read_group
from tavern_tui.session.moving_report import MovingReport
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.import_sources import files_below
from tavern_tui.storage.reading import read_bytes

_MOST = 1024**3


@dataclass(frozen=True, slots=True)
class GroupChat:
    """One chat of a group: a file to be read, the one it stands for, the group's name, and all that is said of it."""

    path: Path
    source: str
    title: str
    definition: Mapping[str, Any] = EMPTY


def group_chats(groups: Path, chats: Path, place: Path, report: MovingReport) -> Iterator[GroupChat]:
    """The chats of all groups; copies are made in ``place``. What cannot be read is told in ``report``."""
    of_chat = _groups(groups, report) if groups.is_dir() else {}
    for path in files_below(chats) if chats.is_dir() else ():
        if path.suffix.lower() != ".jsonl":
            continue
        source = f"{chats.name}/{path.name}"
        group = of_chat.get(path.stem, {})
        title = str(group.get("name") or path.stem)
        try:
            yield GroupChat(_with_header(path, group, place), source, title, group)
        except TavernError as error:
            report.failed.append((source, error.title))


def _groups(folder: Path, report: MovingReport) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for path in files_below(folder):
        try:
            group = read_group(read_bytes(path, MAX_BYTES), path.name)
        except TavernError as error:
            report.failed.append((f"{folder.name}/{path.name}", error.title))
            continue
        listed = group.get("chats")
        for name in (group.get("chat_id"), *(listed if isinstance(listed, list) else ())):
            found[str(name)] = group
    return found


def _with_header(path: Path, group: Mapping[str, Any], place: Path) -> Path:
    """The chat in a file called after its group, which begins with what that says of it."""
    data = read_bytes(path, _MOST)
    first = first_value(data)
    copy = place / f"{next(stems(str(group.get('name', '')), 'Group'))} {path.stem}.jsonl"
    if not group:
        return path
    if isinstance(first, dict) and "chat_metadata" in first:
        copy.symlink_to(path.absolute())
        return copy
    past = group.get("past_metadata")
    metadata = past.get(path.stem) if isinstance(past, dict) else None
    if path.stem == group.get("chat_id"):
        metadata = group.get("chat_metadata", metadata)
    header = {"user_name": "unused", "character_name": "unused", "chat_metadata": metadata or {}}
    copy.write_bytes(json.dumps(header).encode() + b"\n" + data)
    shutil.copystat(path, copy)
    return copy
