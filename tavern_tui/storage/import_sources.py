"""What somebody points at to move in: a file, a folder or an archive of one, as files that can be read one by one.

Sources are only read. Archives are unpacked into a folder of their own, with limits and without links or names that
would lead out of it; what an import has no use for (thumbnails, backgrounds) is not unpacked at all.
"""

from __future__ import annotations

import errno
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.storage.reading import open_regular, refusal

MOST_FILES = 500_000
MOST_UNPACKED = 32 * 1024**3
MOST_OF_ONE = 1024**3
"""Limits of an archive: files, bytes of all of them, bytes of one."""

_NO_NAMES = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)
"""What the system says of a file that cannot be made because of its name."""

UNUSED = ("backgrounds", "thumbnails", "vectors", "assets", "movingUI", "themes", "User Avatars", "user", "extensions")
"""Folders of a SillyTavern user in which there is nothing for us."""

_DEEPEST = 12
_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not looked at, and why, as a sentence."""

    path: str
    why: str


def is_packed(path: Path) -> bool:
    """Whether a file is an archive of files, by its name; a card in an archive (CHARX) is none."""
    return path.name.lower().endswith(_ENDINGS)


def unpacked(path: Path, into: Path) -> list[Skipped]:
    """Unpack the archive at ``path`` into the folder ``into``; what was left out.

    Raises ``FormatError`` for one that is damaged or beyond the limits, ``StorageError``.
    """
    skipped: list[Skipped] = []
    count = total = 0
    with open_regular(path) as file:
        try:
            for name, content in _members(file):
                count += 1
                if count > MOST_FILES:
                    raise FormatError(f"There are more than {MOST_FILES:,} files inside.", where=str(path))
                target = _target(into, name)
                if target is None:
                    skipped.append(Skipped(name, "Its name leads out of the archive."))
                elif content is None:
                    skipped.append(Skipped(name, "It is a link or no ordinary file."))
                else:
                    try:
                        total += _copy(content, target, MOST_UNPACKED - total, path)
                    except OSError as error:
                        if error.errno not in _NO_NAMES:
                            raise
                        skipped.append(Skipped(name, "Its name is taken, or one that no file can have here."))
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
            raise FormatError(
                f"{path.name} is damaged, or packed in a way that is not read here.",
                hint="Unpack it and name the folder.",
                where=str(path),
            ) from error
        except OSError as error:
            raise storage_error(error, path, reading=True) from error
    return skipped


def files_below(folder: Path, *, leave_out: tuple[str, ...] = ()) -> Iterator[Path]:
    """Every ordinary file below ``folder``, by name, without hidden ones, links, and folders called as ``leave_out``.

    Raises ``StorageError`` and ``NotFoundError`` for ``folder`` itself; a folder inside that cannot be read is passed.
    """
    try:
        next(os.scandir(folder), None)
    except OSError as error:
        raise refusal(folder, error) from None
    depth = len(folder.parts)
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in leave_out and not (here / name).is_symlink()
        )
        if len(here.parts) - depth >= _DEEPEST:
            folders.clear()
        for name in sorted(names):
            if not name.startswith(".") and _is_ordinary(here / name):
                yield here / name


def user_folders(path: Path) -> list[Path]:
    """SillyTavern's folders of users in ``path``: itself, those in its ``data``, or the ``public`` of older versions.

    None where it is another kind of folder.
    """
    candidates = dict.fromkeys([path, path / "public", *_inside(path / "data"), *_inside(path)])
    found = [one for one in candidates if _is_user_folder(one)]
    return found[:1] if found and found[0] == path else found


def _is_user_folder(path: Path) -> bool:
    has = [name for name in ("characters", "chats", "worlds", "groups", "settings.json") if (path / name).exists()]
    return len(has) >= 2 and ("settings.json" in has or {"characters", "chats"} <= set(has))


def _inside(path: Path) -> list[Path]:
    try:
        return sorted(one for one in path.iterdir() if one.is_dir() and not one.is_symlink())
    except OSError:
        return []


def _is_ordinary(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _members(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Names and contents; ``None`` for what is neither file nor folder. What nobody needs is passed over."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                kind = stat.S_IFMT(entry.external_attr >> 16)
                if entry.is_dir() or _unused(entry.filename):
                    continue
                yield entry.filename, archive.open(entry) if kind in (0, stat.S_IFREG) else None
        return
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:*") as tar:
        for member in tar:
            if not member.isdir() and not _unused(member.name):
                yield member.name, tar.extractfile(member) if member.isreg() else None


def _unused(name: str) -> bool:
    return any(part in UNUSED for part in PurePosixPath(name).parts[:-1])


def _target(into: Path, name: str) -> Path | None:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or any(part in ("..", "/") or ":" in part or "\x00" in part for part in parts):
        return None
    return into.joinpath(*parts)


def _copy(content: IO[bytes], target: Path, room: int, path: Path) -> int:
    """Write one file; how many bytes it has. Nothing stands there twice: a second file of a name is refused."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with content, target.open("xb") as out:
        while block := content.read(1 << 20):
            written += len(block)
            if written > min(room, MOST_OF_ONE):
                raise FormatError(f"{path.name} unpacks to more than is read.", where=str(path))
            out.write(block)
    return written


def checked(path: Path) -> Path:
    """``path`` where there is something. Raises ``NotFoundError``."""
    if not path.exists():
        raise NotFoundError(f"There is nothing at {path}.", where=str(path))
    return path
