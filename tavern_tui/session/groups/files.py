"""A group as SillyTavern's files: its definition and its chats, taken in from ``groups/<id>.json`` and written so.

A whole folder of SillyTavern's comes in and goes out by ``moving_in`` and ``moving_out``.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.json_text import write_json
from tavern_tui.formats.sillytavern_settings import MAX_BYTES, read_group
from tavern_tui.session.chat_export import exported, write_export
from tavern_tui.session.chat_import import ChatImporter, ImportedChat
from tavern_tui.session.groups.changing import group_in
from tavern_tui.session.groups.exchange import definition_of, take_definition
from tavern_tui.session.moving_groups import group_chats
from tavern_tui.session.moving_report import MovingReport
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import make_folder, write_atomic
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.reading import read_bytes

GROUPS, CHATS = "groups", "group chats"
"""SillyTavern's folders for definitions and for chats."""


@dataclass(frozen=True, slots=True)
class WrittenGroup:
    """The two files of a group that was written; ``remarks`` say what could not be said in them."""

    definition: Path
    chat: Path
    remarks: tuple[Remark, ...]


def import_group(workspace: Workspace, path: Path, chats: Path | None = None) -> list[ImportedChat]:
    """Take in the group whose definition lies at ``path``, with its chats. Blocks.

    ``chats`` is the folder of chats, ``group chats`` beside the definition's folder where it is not named. Raises
    ``FormatError``, ``NotFoundError`` where there is no chat of the group, ``StorageError``.
    """
    definition = read_group(read_bytes(path, MAX_BYTES), path.name)
    folder = chats or path.parent.parent / CHATS
    wanted = {str(definition.get("chat_id")), *map(str, definition.get("chats") or ())}
    names = character_files(workspace)
    taken: list[ImportedChat] = []
    with tempfile.TemporaryDirectory(prefix="tavern-group-") as place:
        alone = Path(place) / GROUPS
        alone.mkdir()
        shutil.copyfile(path, alone / path.name)
        report = MovingReport()
        for chat in group_chats(alone, folder, Path(place), report):
            if Path(chat.source).stem in wanted:
                taken += ChatImporter(workspace).take_file(chat.path)
        if not taken and report.failed:
            raise StorageError(report.failed[0][1], where=report.failed[0][0])
    if not taken:
        raise NotFoundError(
            f"There is no chat of the group {definition.get('name') or path.stem} in {folder}.",
            hint="Name the folder of its chats: --chats.",
        )
    for one in taken:
        take_definition(workspace.chats.open(one.name), definition, lambda avatar: names.get(avatar, ""))
    return taken


def export_group(workspace: Workspace, name: str, folder: Path) -> WrittenGroup:
    """Write the group chat that ``name`` means into ``folder`` as SillyTavern's two files. Blocks.

    Nothing is written over. Raises ``NotFoundError``, ``StorageError``, ``FormatError``.
    """
    log = find_chat(workspace, name)
    group_in(log.tree)
    found = exported(log, "sillytavern")
    chat = _free(folder / CHATS, found.title or log.path.stem, found.suffix)
    files = {who: avatar for avatar, who in character_files(workspace).items()}

    def avatar_of(who: str) -> str:
        return files.get(who) or f"{next(stems(who, 'No character'))}.png"

    definition = definition_of(log.tree, chat.stem, avatar_of)
    at = _free(folder / GROUPS, str(definition["id"]), ".json")
    write_export(found, chat)
    write_atomic(at, write_json(definition))
    return WrittenGroup(at, chat, found.remarks)


def character_files(workspace: Workspace) -> dict[str, str]:
    """The characters' names by the names of their cards' files, as SillyTavern calls them (PNG, whatever ours are)."""
    found: dict[str, str] = {}
    for entry in workspace.characters():
        if not entry.problem:
            found.setdefault(f"{entry.path.stem}.png", entry.name)
            found.setdefault(entry.path.name, entry.name)
    return found


def _free(folder: Path, name: str, suffix: str) -> Path:
    """A path in ``folder`` at which there is nothing."""
    make_folder(folder)
    return next(path for stem in stems(name, "unnamed") if not (path := folder / f"{stem}{suffix}").exists())
