"""Backups for the front ends: making one, the one of the day, what there is, looking into one, and putting back.

Everything here blocks: call it in a thread. Where a backup lies and what belongs into it is ``storage.backup``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.domain.chat import fold
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.formats.chatlog import decode_log
from tavern_tui.session.privacy import private_things
from tavern_tui.session.transcript import path_lines
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import make_folder
from tavern_tui.storage.backup import (
    Backup,
    Kept,
    Made,
    backups_in,
    content_of,
    drop_oldest,
    files_of,
    find_backup,
    library_fingerprint,
    make_backup,
    same_library,
)
from tavern_tui.storage.locks import FileLock, HeldError
from tavern_tui.storage.restoring import Outcome, Restored, chats_in, chosen, restore

DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Restoring:
    """What came of putting back: one entry for each file that was chosen."""

    files: tuple[Restored, ...]

    @property
    def told(self) -> str:
        """What came of it, in a sentence or two."""
        if len(self.files) == 1:
            return _told_of_one(self.files[0])
        counted = ", ".join(f"{number:,} {what}" for what, number in self.counted().items())
        problems = "".join(f" {one.problem}" for one in self.files if one.problem)
        return f"Done: {counted or 'nothing'}.{problems}"

    def counted(self) -> dict[str, int]:
        """How many files each outcome had."""
        numbers: dict[str, int] = {}
        for one in self.files:
            numbers[one.outcome.value] = numbers.get(one.outcome.value, 0) + 1
        return numbers


@dataclass(frozen=True, slots=True)
class KeptChat:
    """A chat in a backup: ``name`` is its file there; ``title`` and ``problem`` are safe to show. ``last``: seconds."""

    name: str
    title: str
    turns: int
    last: float
    problem: str = ""


def backup_library(workspace: Workspace, folder: Path | None = None) -> Made:
    """Make a backup now, in the usual folder or in ``folder``. Raises ``StorageError``."""
    return make_backup(workspace.directories, folder or workspace.directories.backups)


def daily_backup(
    workspace: Workspace, *, now: float | None = None, goes_on: Callable[[], bool] = lambda: True
) -> Backup | None:
    """Make the backup of the day: a day after the newest, if anything changed since; ``None`` where none is due.

    Beyond the number to keep, the oldest daily ones go. Of two programs one makes it; none where ``goes_on`` says no
    meanwhile. Raises ``StorageError``.
    """
    wanted = workspace.settings.backup
    folder = workspace.directories.backups
    moment = time.time() if now is None else now
    if not wanted.daily or workspace.safe or not workspace.directories.data.is_dir():
        return None
    make_folder(folder, 0o700)
    try:
        with FileLock(folder / ".lock", timeout=0):
            present = [one for one in backups_in(folder) if not one.problem]
            if present and 0 <= moment - present[0].at < DAY_SECONDS:
                return None
            fingerprint = library_fingerprint(workspace.directories)
            if not fingerprint or same_library(present, fingerprint):
                return None
            made = make_backup(workspace.directories, folder, daily=True, clock=lambda: moment, goes_on=goes_on)
            drop_oldest(folder, wanted.keep)
            return made.backup
    except (HeldError, InterruptedError):
        return None


def all_backups(workspace: Workspace) -> list[Backup]:
    """The backups in the usual folder, the newest first. Raises ``StorageError``."""
    return backups_in(workspace.directories.backups)


def backup_named(workspace: Workspace, name: str) -> Backup:
    """The backup that a person means. Raises ``NotFoundError``, and ``StorageError`` for one that cannot be read."""
    return find_backup(workspace.directories.backups, name)


def contents(backup: Backup) -> list[Kept]:
    """The files in a backup. Raises ``FormatError``."""
    return files_of(backup)


def preview(backup: Backup, name: str, last: int) -> list[str]:
    """The ``last`` turns of the chat called ``name`` as it is in the backup, as lines of text.

    Raises ``NotFoundError`` where no chat is meant.
    """
    chats = [one for one in chosen(backup, [name]) if one.is_chat]
    if not chats:
        raise NotFoundError(
            f"“{name}” is no chat of {backup.path.name}.", hint="Without --show it lists what there is."
        )
    tree = fold(decode_log(content_of(backup, chats[0].name))[0])
    return list(path_lines(tree, tree.path()[-last:]))


def kept_chats(workspace: Workspace, backup: Backup, *, shows_private: bool = True) -> list[KeptChat]:
    """The chats of a backup, the last written first, without private ones unless asked. Raises ``TavernError``."""
    private = private_things(workspace)
    return [
        KeptChat(str(one.path), safe_line(one.title), one.turns, one.last, safe_line(one.problem))
        for one in chats_in(backup)
        if shows_private or not private.hides(one.name, one.characters)
    ]


def put_back(workspace: Workspace, backup: Backup, names: Sequence[str]) -> Restoring:
    """Put the files called ``names`` back, or everything where there are none; nothing present is overwritten.

    Raises ``NotFoundError`` before anything is done, ``StorageError`` where the disk refuses.
    """
    kept: Iterable[Kept] = chosen(backup, names) if names else files_of(backup)
    return Restoring(tuple(restore(workspace.directories, backup, kept, older=bool(names))))


def _told_of_one(one: Restored) -> str:
    name = one.path.stem if one.path is not None else one.name
    return {
        Outcome.PUT_BACK: f"{name} is back.",
        Outcome.COPY: f"It is there as a copy beside the present one: {name}.",
        Outcome.SAME: f"{name} is there already, word for word.",
        Outcome.GROWN: f"{name} is there already, and longer.",
        Outcome.NOT_READ: one.problem,
    }[one.outcome]


def backup_record(backup: Backup) -> dict[str, Any]:
    """A backup as plain values."""
    return {
        "file": str(backup.path),
        "at": backup.at,
        "daily": backup.daily,
        "chats": backup.chats,
        "turns": backup.turns,
        "characters": backup.characters,
        "files": backup.files,
        "bytes": backup.size,
        "program": backup.program,
        "problem": backup.problem,
    }


def moment(at: float) -> str:
    """Local time, for lists."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
