"""Backups of the library: one zip file each, of everything that people make and edit, and what stands in one.

Left out: model files, the trash, and whatever belongs to this device (state, caches, keys of servers). A backup is
written whole or not at all, says its format, and is for this user's eyes only. Putting things back: ``restoring``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import tavern_tui
from tavern_tui.config.paths import Directories
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, NotFoundError, StorageError, TavernError
from tavern_tui.storage.atomic import make_folder, sync_folder
from tavern_tui.storage.chat_store import summarise
from tavern_tui.storage.index_files import stamp_of
from tavern_tui.storage.reading import open_regular, read_bytes

FORMAT = 1
LIBRARY, CONFIG = "library", "config"
CHATS = f"{LIBRARY}/chats/"
CHARACTERS = f"{LIBRARY}/characters/"
MOST_FILES = 200_000
MOST_BYTES = 512 * 1024 * 1024
"""Of one file; larger ones are left out of a backup, and named."""

MANIFEST = "tavern-backup.json"
_NAME = re.compile(r"tavern-(?P<kind>backup|daily)-(?P<at>\d{8}-\d{6})(-\d+)?\.zip")
_PACKED = frozenset({".png", ".webp", ".jpg", ".jpeg", ".zip", ".charx", ".gz", ".xz", ".apng"})
_GROWING = 1 << 16  # bytes that somebody may write while the file is being read
_MOST_MANIFEST = 1024 * 1024
# What zipfile raises for damaged, encrypted and unknown content.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup: when it was made (Unix seconds), how much it holds, and its size in bytes.

    ``fingerprint`` is equal for backups of the same library. ``problem`` says why the file cannot be used.
    """

    path: Path
    at: float
    daily: bool = False
    chats: int = 0
    turns: int = 0
    characters: int = 0
    files: int = 0
    size: int = 0
    program: str = ""
    fingerprint: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One file in a backup, by its name there (``library/chats/A night.jsonl``), and its size in bytes."""

    name: str
    size: int

    @property
    def is_chat(self) -> bool:
        """Whether it is a chat."""
        return self.name.startswith(CHATS) and self.name.endswith(".jsonl")

    @property
    def stem(self) -> str:
        """The file's name without folders and suffix."""
        return PurePosixPath(self.name).stem


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made, and the files that could not be taken into it, each with the reason."""

    backup: Backup
    left_out: tuple[str, ...]


def make_backup(
    directories: Directories,
    folder: Path,
    *,
    daily: bool = False,
    clock: Callable[[], float] = time.time,
    goes_on: Callable[[], bool] = lambda: True,
) -> Made:
    """Write a backup of the whole library to ``folder``.

    ``goes_on`` is asked before each file. Raises ``StorageError``, ``InterruptedError`` where it said no; nothing is
    then left there.
    """
    make_folder(folder, 0o700)
    at = clock()
    temporary = folder / f".{secrets.token_hex(8)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6, strict_timestamps=False) as archive:
                facts, left_out = _fill(archive, directories, goes_on)
                facts |= {"format": FORMAT, "program": tavern_tui.__version__, "at": at}
                archive.writestr(MANIFEST, json.dumps(facts, indent=1))
            file.flush()
            os.fsync(file.fileno())
        path = _put(temporary, folder, at, daily=daily)
        sync_folder(folder)
    except InterruptedError:
        raise
    except OSError as error:
        raise storage_error(error, folder / "backup") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return Made(_described(path), left_out)


def backups_in(folder: Path) -> list[Backup]:
    """The backups in ``folder``, the newest first, those that cannot be read with the reason.

    Raises ``StorageError``.
    """
    try:
        names = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error(error, folder, reading=True) from error
    return sorted(map(_described, names), key=lambda backup: (-backup.at, backup.path.name))


def find_backup(folder: Path, name: str) -> Backup:
    """The backup that a person means: ``latest``, a file, or the beginning of a date (``2026-11-22``).

    Raises ``NotFoundError``, and ``StorageError`` where it cannot be read.
    """
    typed = Path(name).expanduser()
    known = backups_in(folder)
    readable = [backup for backup in known if not backup.problem]
    if name == "latest":
        found = readable[:1]
    elif name.endswith(".zip"):
        path = typed if typed.exists() else folder / typed.name
        found = [_described(path)] if path.exists() else []
    else:
        digits = re.sub(r"\D", "", name)
        found = [one for one in known if digits and re.sub(r"\D", "", _moment(one.at)).startswith(digits)][:1]
    if not found:
        hint = "tavern-tui restore lists them." if known else "tavern-tui backup makes one."
        raise NotFoundError(f"There is no backup “{name}”.", hint=hint)
    if found[0].problem:
        raise StorageError(found[0].problem, where=str(found[0].path))
    return found[0]


def drop_oldest(folder: Path, keep: int) -> list[Path]:
    """Remove daily backups beyond the newest ``keep``; those that were asked for stay. Returns the removed ones."""
    daily = [backup for backup in backups_in(folder) if backup.daily]
    gone = []
    for backup in daily[keep:]:
        try:
            backup.path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, backup.path) from error
        gone.append(backup.path)
    return gone


def files_of(backup: Backup) -> list[Kept]:
    """What is in a backup, by name; names that lead out of the library are left out. Raises ``FormatError``."""
    with opened(backup.path) as archive:
        infos = archive.infolist()
    return sorted(
        (Kept(info.filename, info.file_size) for info in infos if is_name(info.filename)), key=lambda kept: kept.name
    )


def content_of(backup: Backup, name: str) -> bytes:
    """The bytes of one file of a backup. Raises ``NotFoundError``, ``FormatError`` where it is damaged or too large."""
    with opened(backup.path) as archive:
        try:
            info = archive.getinfo(name)
        except KeyError:
            raise NotFoundError(f"{name} is not in {backup.path.name}.", where=str(backup.path)) from None
        if info.file_size > MOST_BYTES:
            raise FormatError(f"{name} is larger than the {MOST_BYTES:,} bytes that are read.", where=backup.path.name)
        try:
            with archive.open(info) as file:
                data = file.read(MOST_BYTES + 1)
        except _UNREADABLE as error:
            title = f"{name} cannot be read from the backup: it is damaged."
            raise FormatError(title, where=backup.path.name) from error
    if len(data) > MOST_BYTES:
        raise FormatError(f"{name} is larger than it says.", where=backup.path.name)
    return data


def is_name(name: str) -> bool:
    """Whether a name in a backup is one of a file in the library or among the settings, and leads nowhere else."""
    if "\\" in name or "\0" in name or name.endswith("/") or ":" in name.split("/")[0]:
        return False
    parts = name.split("/")
    return len(parts) > 1 and parts[0] in (LIBRARY, CONFIG) and all(parts) and ".." not in parts and "." not in parts


def present_bytes(path: Path) -> bytes:
    """The content of a file of the library, of at most ``MOST_BYTES``. Raises ``NotFoundError`` or ``StorageError``."""
    stamp = stamp_of(path)
    return read_bytes(path, min(MOST_BYTES, stamp.size + _GROWING if stamp else 0))


def library_fingerprint(directories: Directories) -> str:
    """Equal as long as no file of the library changed; told by names, sizes and times alone. Empty without a file."""
    if next(_sources(directories), None) is None:
        return ""
    digest = hashlib.sha256()
    for name, path in _sources(directories):
        with suppress(OSError):
            status = path.stat()
            digest.update(f"{name!r} {status.st_size} {status.st_mtime_ns}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _fill(
    archive: zipfile.ZipFile, directories: Directories, goes_on: Callable[[], bool]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Put everything into ``archive``; what its manifest tells of that, and what was left out."""
    facts: dict[str, Any] = {"chats": 0, "turns": 0, "characters": 0, "files": 0}
    facts["fingerprint"] = library_fingerprint(directories)
    left_out: list[str] = []
    for name, path in _sources(directories):
        if not goes_on():
            raise InterruptedError
        try:
            name.encode("utf-8")
            data = present_bytes(path)
        except UnicodeEncodeError:
            left_out.append(f"{path}: its name is no text.")
            continue
        except TavernError as error:
            left_out.append(str(error))
            continue
        changed = path.stat().st_mtime
        info = zipfile.ZipInfo(name, time.localtime(max(changed, 315_619_200))[:6])  # zip has no years before 1980
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        info.compress_type = zipfile.ZIP_STORED if path.suffix.lower() in _PACKED else zipfile.ZIP_DEFLATED
        archive.writestr(info, data)
        facts["files"] += 1
        if name.startswith(CHATS) and name.endswith(".jsonl"):
            facts["chats"] += 1
            facts["turns"] += summarise(path, data, changed).turns
        facts["characters"] += name.startswith(CHARACTERS)
    return facts, tuple(left_out)


def _sources(directories: Directories) -> Iterator[tuple[str, Path]]:
    """Every file that belongs into a backup, with its name there, in an order of no meaning but always the same."""
    apart = {directories.config, directories.state, directories.cache, directories.models, directories.trash}
    for top, root in ((LIBRARY, directories.data), (CONFIG, directories.config)):
        skipped = {path for path in apart if path != root}
        for folder, folders, files in os.walk(root):
            here = Path(folder)
            folders[:] = sorted(one for one in folders if not one.startswith(".") and here / one not in skipped)
            for file in sorted(files):
                if not file.startswith("."):
                    yield f"{top}/{(here / file).relative_to(root).as_posix()}", here / file


def _put(temporary: Path, folder: Path, at: float, *, daily: bool) -> Path:
    """Give the finished file a name that no other backup has."""
    stem = f"tavern-{'daily' if daily else 'backup'}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(at))}"
    for number in range(1, MOST_FILES):
        path = folder / (f"{stem}.zip" if number == 1 else f"{stem}-{number}.zip")
        if not path.exists():
            temporary.replace(path)
            return path
    raise AssertionError("there are not so many backups")


def _described(path: Path) -> Backup:
    """What a backup tells of itself."""
    named = _NAME.fullmatch(path.name)
    daily = named is not None and named["kind"] == "daily"
    try:
        size = path.stat().st_size
        facts = _manifest(path)
    except OSError as error:
        return Backup(path, 0.0, daily, problem=str(storage_error(error, path, reading=True)))
    except TavernError as error:
        return Backup(path, path.stat().st_mtime, daily, size=size, problem=str(error))

    def number(key: str) -> int:
        value = facts.get(key, 0)
        return value if isinstance(value, int) else 0

    return Backup(
        path,
        float(facts["at"]),
        daily,
        chats=number("chats"),
        turns=number("turns"),
        characters=number("characters"),
        files=number("files"),
        size=size,
        program=str(facts.get("program", "")),
        fingerprint=str(facts.get("fingerprint", "")),
    )


def _manifest(path: Path) -> dict[str, Any]:
    with opened(path) as archive:
        try:
            info = archive.getinfo(MANIFEST)
            if info.file_size > _MOST_MANIFEST:
                raise ValueError(MANIFEST)
            facts = json.loads(archive.read(info))
            at, written_in = facts["at"], facts["format"]
        except (KeyError, TypeError, *_UNREADABLE) as error:
            raise FormatError(f"{path.name} is no backup of tavern-tui, or damaged.", where=str(path)) from error
    if not isinstance(written_in, int) or not isinstance(at, int | float):
        raise FormatError(f"{path.name} is no backup of tavern-tui, or damaged.", where=str(path))
    if written_in > FORMAT:
        program = facts.get("program", "a later version")
        title = f"{path.name} was written by tavern-tui {program} (format {written_in}; this one reads {FORMAT})."
        raise FormatError(title, hint="Update.", where=str(path))
    return dict(facts)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A backup's file, to read in. Raises ``FormatError``, ``NotFoundError`` or ``StorageError``."""
    with open_regular(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except _UNREADABLE as error:
            raise FormatError(f"{path.name} is no backup, or damaged.", where=str(path)) from error
        with archive:
            if len(archive.filelist) > MOST_FILES:
                raise FormatError(f"{path.name} holds more than {MOST_FILES:,} files.", where=str(path))
            yield archive


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def same_library(backups: Sequence[Backup], fingerprint: str) -> bool:
    """Whether the newest readable backup is of the library as it is now."""
    newest = next((backup for backup in backups if not backup.problem), None)
    return newest is not None and newest.fingerprint == fingerprint
