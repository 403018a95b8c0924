"""Putting files of a backup back into the library: what is missing at its place, what differs as a copy beside.

Nothing that is there is ever overwritten or removed.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.storage.atomic import make_folder, sync_folder, write_all
from tavern_tui.storage.backup import CONFIG, LIBRARY, Backup, Kept, content_of, files_of, present_bytes
from tavern_tui.storage.chat_store import ChatSummary, summarise
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.device import Device


class Outcome(Enum):
    """What was done with one file of a backup."""

    PUT_BACK = "put back"
    COPY = "copy beside"
    SAME = "there already"
    GROWN = "there already, and longer"
    NOT_READ = "not read"


@dataclass(frozen=True, slots=True)
class Restored:
    """One file of a backup: its name there, what was done, and where it is now. ``problem`` says why nothing was."""

    name: str
    outcome: Outcome
    path: Path | None = None
    problem: str = ""


def chosen(backup: Backup, names: Iterable[str]) -> list[Kept]:
    """The files of a backup that ``names`` mean: a name in it, a file's name with or without suffix, or the beginning;
    else the titles of chats or their beginnings.

    Raises ``NotFoundError`` for a name that means none.
    """
    kept = files_of(backup)
    found: dict[str, Kept] = {}
    for name in names:
        meant = _meant(kept, name) or _titled(backup, kept, name)
        if not meant:
            raise NotFoundError(f"{backup.path.name} has nothing called “{name}”.", hint="Without names it lists them.")
        found |= {one.name: one for one in meant}
    return list(found.values())


def restore(directories: Directories, backup: Backup, kept: Iterable[Kept], *, older: bool) -> Iterator[Restored]:
    """Put ``kept`` back, one after the other. A chat that only grew since is left as it is, unless ``older`` is wanted.

    Raises ``StorageError`` where the disk refuses; what was put back until then stays.
    """
    for one in kept:
        try:
            data = content_of(backup, one.name)
        except TavernError as error:
            yield Restored(one.name, Outcome.NOT_READ, problem=str(error))
            continue
        yield _restored(directories, backup, one, data, older=older)


def _restored(directories: Directories, backup: Backup, one: Kept, data: bytes, *, older: bool) -> Restored:
    place = _place(directories, one.name)
    try:
        if not os.path.lexists(place):
            _write_new(place, data)
            return Restored(one.name, Outcome.PUT_BACK, place)
    except FileExistsError:
        pass  # another program has just made it
    try:
        present = present_bytes(place)
    except TavernError:
        present = None  # larger, or not to be read: another content in any case
    if present == data:
        return Restored(one.name, Outcome.SAME, place)
    if one.is_chat and not older and present is not None and present.startswith(data):
        return Restored(one.name, Outcome.GROWN, place)
    note = f"(restored {time.strftime('%Y-%m-%d', time.localtime(backup.at))})"
    copy, is_new = _write_beside(place, note, data, grows=one.is_chat)
    if not is_new:
        return Restored(one.name, Outcome.SAME, copy)
    if one.is_chat:
        _retitle(directories, copy, note)
    return Restored(one.name, Outcome.COPY, copy)


def _meant(kept: list[Kept], name: str) -> list[Kept]:
    wanted = name.strip().casefold()
    rules: tuple[Callable[[Kept], bool], ...] = (
        lambda one: one.name == name,
        lambda one: one.name.rpartition("/")[2].casefold() == wanted,
        lambda one: one.stem.casefold() == wanted,
        lambda one: bool(wanted) and one.stem.casefold().startswith(wanted),
    )
    for rule in rules:
        if meant := [one for one in kept if rule(one)]:
            return meant
    return []


def _titled(backup: Backup, kept: list[Kept], name: str) -> list[Kept]:
    wanted = name.strip().casefold()
    titles = {str(chat.path): chat.title.casefold() for chat in chats_in(backup)} if wanted else {}
    exact = [one for one in kept if titles.get(one.name) == wanted]
    return exact or [one for one in kept if titles.get(one.name, "").startswith(wanted)] if titles else []


def _place(directories: Directories, name: str) -> Path:
    top, _, rest = name.partition("/")
    return {LIBRARY: directories.data, CONFIG: directories.config}[top] / rest


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, durably. Raises ``StorageError``; ``FileExistsError`` where it is there."""
    make_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        raise
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise storage_error(error, path) from error


def _write_beside(place: Path, note: str, data: bytes, *, grows: bool) -> tuple[Path, bool]:
    """The copy of a file beside it, and whether it was written now: one of an earlier time serves as well.

    One that ``grows``, a chat, has a title of its own below ``data``, and was perhaps gone on with.
    """
    for number in itertools.count(1):
        again = f" {number}" if number > 1 else ""
        path = place.with_name(f"{place.stem} {note}{again}{place.suffix}")
        try:
            _write_new(path, data)
        except FileExistsError:
            with suppress(TavernError):
                present = present_bytes(path)
                if present == data or (grows and present.startswith(data)):
                    return path, False
            continue
        return path, True
    raise AssertionError("numbers never end")


def _retitle(directories: Directories, path: Path, note: str) -> None:
    """Let the copy of a chat be told from the chat in lists; one of a later format is left as it is."""
    log = ChatLog.open(path, device=Device(directories.state), state=directories.journals)
    if log.read_only is None and log.tree.title:
        log.append(PropertySet("title", f"{log.tree.title} {note}"))


def chats_in(backup: Backup) -> list[ChatSummary]:
    """The chats of a backup as a list shows them, the last written first; one that is damaged says so.

    ``path`` is the name in the backup. Raises ``FormatError``, ``StorageError``.
    """
    found = []
    for one in files_of(backup):
        if not one.is_chat:
            continue
        name = Path(one.name)
        try:
            found.append(summarise(name, content_of(backup, one.name), 0.0))
        except TavernError as error:
            found.append(ChatSummary(name.stem, name, name.stem, (), 0, 0.0, str(error)))
    return sorted(found, key=lambda one: (-one.last, one.title))
