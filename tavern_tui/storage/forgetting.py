"""Removing a chat from this device for good: its file, and everything that was made from it.

That is: rows and words of the index, drafts and places, what was copied last, journals, what is remembered of its last
prompt, saved states of the engine, copies in the trash and beside it, and its file in every backup here. The chat's
own file goes last, so that a disk that refuses midway leaves something that can be forgotten again. What other devices
and backups elsewhere hold is theirs.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import COPIED, Directories
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import StorageError, TavernError
from tavern_tui.formats.chatlog import decode_log
from tavern_tui.storage.backup import MANIFEST, Backup, Kept, backups_in, content_of, files_of, opened
from tavern_tui.storage.chat_places import places_of
from tavern_tui.storage.chat_store import summarise
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_chats import forget_chat, known_chats
from tavern_tui.storage.index_files import stamps
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.recovery import recover

_LOCK_SECONDS = 10.0
_HEAD = 1 << 16  # bytes at a log's beginning in which its first event stands


@dataclass(frozen=True, slots=True)
class Remains:
    """What there is of a chat on this device: ``files`` beside its log, ``backups`` that hold it, ``states`` of the
    engine (which do not tell whose they are: all of them go), and whether the index knows it."""

    log: Path
    files: tuple[Path, ...]
    backups: tuple[Backup, ...]
    states: tuple[Path, ...]
    indexed: bool


def remains_of(directories: Directories, index: LibraryIndex, log: ChatLog) -> Remains:
    """What would go if the chat of ``log`` were forgotten. Raises ``StorageError``, also while a reply is written."""
    if recover(log).running:
        raise StorageError(
            "A reply is being written in this chat.", hint="Wait until it is saved.", where=str(log.path)
        )
    files = [*_of_state(directories, log), *places_of(directories.state / "places", log)]
    files += [path for path in _copies(directories, log) if path != log.path]
    files += directories.state.glob(COPIED)  # which does not tell whose it is
    backups = tuple(one for one in backups_in(directories.backups) if not one.problem and _held(one, log))
    folder = directories.cache / "states"
    states = tuple(sorted((*folder.glob("*.state*"), *folder.glob("*.slot*"))))
    return Remains(log.path, tuple(files), backups, states, log.path.name in known_chats(index))


def forget(directories: Directories, index: LibraryIndex, log: ChatLog, remains: Remains) -> None:
    """Remove everything that ``remains`` names, the chat's own file last. Raises ``StorageError``."""
    known = known_chats(index).get(log.path.name)
    if known is not None:
        for _ in forget_chat(index, known):
            pass
        index.wipe()
    for backup in remains.backups:
        _without(backup, log)
    with FileLock(log.state / f"{log.key}.lock", timeout=_LOCK_SECONDS, guarded=log.path):
        for path in (*remains.states, *remains.files, remains.log):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(error, path) from error
    for folder in {path.parent for path in remains.files if path.is_relative_to(directories.trash)}:
        with suppress(OSError):
            folder.rmdir()


def _of_state(directories: Directories, log: ChatLog) -> list[Path]:
    """Journals, the record of the last prompt, requests; the lock stays while it is held."""
    return sorted(path for path in directories.journals.glob(f"{log.key}*") if path.name != f"{log.key}.lock")


def _copies(directories: Directories, log: ChatLog) -> Iterator[Path]:
    """Other files with this chat: conflict and restored copies beside it, and what lies in the trash."""
    folders = [directories.chats, *_folders_below(directories.trash)]
    for folder in folders:
        for name in stamps(folder, (".jsonl",)):
            if _is_of(name, _beginning(folder / name), log):
                yield folder / name


def _folders_below(folder: Path) -> list[Path]:
    return [Path(here) for here, _, _ in os.walk(folder)]


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _is_of(name: str, data: bytes, log: ChatLog) -> bool:
    """Whether a log called ``name`` that begins with ``data`` is this chat: it has the event that began it."""
    if not log.chat_id:
        return name == log.path.name  # that event is lost: only the name tells
    return any(event.id == log.chat_id for event in decode_log(data[:_HEAD])[0])


def _held(backup: Backup, log: ChatLog) -> list[Kept]:
    """The files of a backup that are this chat."""
    try:
        return [one for one in files_of(backup) if one.is_chat and _is_this(backup, one, log)]
    except TavernError:
        return []


def _is_this(backup: Backup, one: Kept, log: ChatLog) -> bool:
    try:
        return _is_of(one.name.rpartition("/")[2], content_of(backup, one.name), log)
    except TavernError:
        return False


def _without(backup: Backup, log: ChatLog) -> None:
    """Write a backup anew without the chat. The old file is replaced in one step."""
    gone = {one.name for one in _held(backup, log)}
    temporary = backup.path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w+b") as file, opened(backup.path) as old:
            with zipfile.ZipFile(file, "w", strict_timestamps=False) as new:
                _copy(old, new, gone)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(backup.path)
    except (OSError, zipfile.BadZipFile) as error:
        fault = error if isinstance(error, OSError) else OSError(0, "it is damaged")
        raise storage_error(fault, backup.path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _copy(old: zipfile.ZipFile, new: zipfile.ZipFile, gone: Iterable[str]) -> None:
    turns = sum(summarise(Path(name), old.read(name), 0.0).turns for name in gone)
    for info in old.infolist():
        if info.filename in gone:
            continue
        if info.filename == MANIFEST:
            facts: dict[str, Any] = json.loads(old.read(info))
            for key, less in (("chats", len(set(gone))), ("turns", turns), ("files", len(set(gone)))):
                facts[key] = max(0, facts.get(key, 0) - less)
            new.writestr(MANIFEST, json.dumps(facts, indent=1))
            continue
        with old.open(info) as source, new.open(info, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)
