"""``StateFolder``: what contexts had read, kept on disk so that a chat is not read again after a restart.

One file for each model setting and chat: a line that names the format, a line of JSON (``_Header``), the ids as 32-bit
numbers, and llama.cpp's state of the sequence. A file is written under another name and takes its place when it is
whole; its length and its hash are checked before llama.cpp sees a byte of it. While llama.cpp reads a state its file
has another name, so that one which ends the process is not met a second time. Nothing here raises for a disk that
refuses: what is not kept is read again, and the host's log says why.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import stat
import sys
import time
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from tavern_tui.domain.errors import EngineError
from tavern_tui.engines.embedded.parking import Parked, may_copy
from tavern_tui.engines.embedded.place import own_folder

BUDGET = 4 * 2**30
"""Bytes that all states together may take, where the disk has four times as much."""
KEPT_DAYS = 30
"""Days after which a state that nobody came back to is removed."""
_SHARE = 4
_MAGIC = b"tavern-tui context state 2\n"
_SUFFIX, _WRITING, _READING = ".state", ".part", ".loading"
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
_LONGEST_HEADER = 4096
_HASH_BYTES = 16
_HEAD = 2**16


@dataclass(frozen=True, slots=True)
class StateKey:
    """What a state is valid for. ``model`` is a path, ``size`` bytes, ``changed`` nanoseconds; ``head`` a hash.

    ``settings`` names everything else that the numbers in a state depend on (types of the cache, RoPE, LoRA);
    ``build`` is the build of llama.cpp.
    """

    model: str
    size: int
    changed: int
    head: str
    settings: str
    build: str

    def name(self, chat: str) -> str:
        """The name of the file for ``chat``, which does not tell which chat it is."""
        parts = (self.size, self.changed, self.head, self.settings, self.build, chat)
        return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:40] + _SUFFIX


@dataclass(frozen=True, slots=True)
class _Header:
    """The second line of a file. ``tokens`` ids and ``size`` bytes of state follow.

    ``hash`` (BLAKE2b) is of both and of the file's own name, which stands for everything that a state is valid for: a
    file that was given another one is as good as damaged.
    """

    model: str
    model_size: int
    model_changed: int
    build: str
    tokens: int
    size: int
    hash: str


def state_key(model: Path, *, settings: str, build: str) -> StateKey:
    """The key for a model file as it is now. Raises ``OSError`` where it cannot be read."""
    found = model.stat()
    with model.open("rb") as file:
        head = hashlib.sha256(file.read(_HEAD)).hexdigest()[:32]
    return StateKey(str(model), found.st_size, found.st_mtime_ns, head, settings, build)


class StateFolder:
    """The states of one loaded model in ``folder``; states of other models count towards the ``budget`` (bytes).

    Used by one thread; files are written by a thread of its own, which ``close`` waits for.
    """

    def __init__(self, folder: Path, key: StateKey, budget: int = BUDGET) -> None:
        self._folder = folder
        self._key = key
        self._most = budget
        self._pending: dict[str, Parked] = {}
        self._reading: set[str] = set()
        self._lock = Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="states")
        try:
            own_folder(folder)
        except EngineError as error:
            _log(f"States are not kept: {error.title}")
            self._most = 0
        else:
            _remove_halves(folder)
            self._writer.submit(_sweep, folder, key.build)

    def close(self) -> None:
        """Wait until everything is written; the folder is not used again."""
        self._writer.shutdown(wait=True)

    def ids(self, chat: str) -> tuple[int, ...]:
        """The ids of the state that is kept for ``chat``; empty where there is none."""
        with self._lock:
            if chat in self._pending:
                return self._pending[chat].ids
        try:
            with self._path(chat).open("rb") as file:
                header = _read_header(file)
                return tuple(_read_ids(file, header)) if header is not None else ()
        except OSError:
            return ()

    def load(self, chat: str) -> Parked | None:
        """The state that is kept for ``chat``, its length and hash checked; a damaged one is removed.

        ``settle`` has to follow once llama.cpp has read it.
        """
        with self._lock:
            if chat in self._pending:
                return self._pending[chat]
        path = self._path(chat)
        try:
            if not may_copy(path.stat().st_size):
                return None
            with path.open("rb") as file:
                parked = _read(file, path.name)
            if parked is None:
                _log("A state was damaged and is removed.")
                path.unlink(missing_ok=True)
            else:
                path.replace(path.with_suffix(_READING))
                self._reading.add(chat)
        except (OSError, MemoryError):
            return None
        return parked

    def settle(self, chat: str, *, good: bool) -> None:
        """Say whether llama.cpp took what was loaded: it is kept, and counts as just used; else it is removed."""
        if chat not in self._reading:
            return  # it came from memory
        self._reading.remove(chat)
        path = self._path(chat)
        reading = path.with_suffix(_READING)
        try:
            if good and not path.exists():
                reading.replace(path)
                os.utime(path)
            else:
                reading.unlink(missing_ok=True)
        except OSError:
            pass  # it is swept away later

    def has_room(self, size: int) -> bool:
        """Whether a state of ``size`` bytes may be kept, if need be in place of all others."""
        return size <= self._budget()

    def save(self, chat: str, parked: Parked) -> None:
        """Keep a state, written in the background in place of the one before."""
        with self._lock:
            waiting = chat in self._pending
            self._pending[chat] = parked
        if not waiting:
            self._writer.submit(self._write, chat)

    def _write(self, chat: str) -> None:
        with self._lock:
            parked = self._pending[chat]
        path = self._path(chat)
        part = path.with_suffix(_WRITING)
        try:
            self._make_room(parked.size, path)
            with os.fdopen(os.open(part, _FRESH, 0o600), "wb") as file:
                _write(file, self._key, path.name, parked)
            part.replace(path)
        except OSError as error:
            _log(f"A state could not be kept: {error.strerror}.")
            part.unlink(missing_ok=True)
        finally:
            with self._lock:
                newer = self._pending[chat] is not parked
                if not newer:
                    del self._pending[chat]
        if newer:
            self._write(chat)

    def _make_room(self, size: int, path: Path) -> None:
        """Remove the states that were not used for longest until ``size`` bytes more are within the budget."""
        budget = self._budget()
        files = sorted((found for found in _states(self._folder) if found[2] != path), key=lambda found: found[0])
        used = sum(found[1] for found in files)
        for _, bytes_freed, oldest in files:
            if used + size <= budget:
                return
            oldest.unlink(missing_ok=True)
            used -= bytes_freed

    def _budget(self) -> int:
        """What may be used now: the budget, but no more than a quarter of what is free or ours on that disk."""
        if self._most == 0:
            return 0
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return 0
        return min(self._most, (free + sum(size for _, size, _ in _states(self._folder))) // _SHARE)

    def _path(self, chat: str) -> Path:
        return self._folder / self._key.name(chat)


def _states(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each state was last used, its size in bytes, and its file."""
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            found = path.lstat()
        except OSError:
            continue  # removed meanwhile
        if not stat.S_ISREG(found.st_mode):
            continue  # nobody of ours put it there, and reading a pipe has no end
        yield found.st_mtime, found.st_size, path


def _remove_halves(folder: Path) -> None:
    """Remove what an earlier process was writing or loading when it ended; before anything new is called so."""
    for suffix in (_WRITING, _READING):
        for path in folder.glob(f"*{suffix}"):
            try:
                path.unlink()
            except OSError as error:
                _log(f"Half a state could not be removed: {error.strerror}.")


def _sweep(folder: Path, build: str) -> None:
    """Remove what can never be used again: states of other builds and of changed models, and very old ones."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for used_at, _, path in list(_states(folder)):
        try:
            with path.open("rb") as file:
                header = _read_header(file)
            if header is None or header.build != build or used_at < oldest or _model_changed(header):
                path.unlink(missing_ok=True)
        except OSError as error:
            _log(f"An old state could not be removed: {error.strerror}.")


def _model_changed(header: _Header) -> bool:
    """Whether another file stands in the model's place; one that is not there may come back with its disk."""
    try:
        found = Path(header.model).stat()
    except (OSError, ValueError):
        return False
    return (found.st_size, found.st_mtime_ns) != (header.model_size, header.model_changed)


def _write(file: BinaryIO, key: StateKey, name: str, parked: Parked) -> None:
    ids, state = array("i", parked.ids).tobytes(), memoryview(parked.state).cast("B")
    header = _Header(key.model, key.size, key.changed, key.build, len(parked.ids), parked.size, _hash(name, ids, state))
    file.write(_MAGIC + json.dumps(asdict(header), separators=(",", ":")).encode() + b"\n")
    file.write(ids)
    file.write(state)


def _read_header(file: BinaryIO) -> _Header | None:
    """The header at the file's beginning; ``None`` where this is no state, or one of another format."""
    if file.read(len(_MAGIC)) != _MAGIC:
        return None
    try:
        header = _Header(**json.loads(file.readline(_LONGEST_HEADER)))
    except (ValueError, TypeError, RecursionError):
        return None
    numbers = (header.model_size, header.model_changed, header.tokens, header.size)
    right = all(type(number) is int and number >= 0 for number in numbers)
    whole = right and os.fstat(file.fileno()).st_size == file.tell() + header.tokens * array("i").itemsize + header.size
    return header if whole and isinstance(header.model, str) else None


def _read_ids(file: BinaryIO, header: _Header) -> array[int]:
    ids = array("i")
    ids.frombytes(file.read(header.tokens * ids.itemsize))
    return ids


def _read(file: BinaryIO, name: str) -> Parked | None:
    header = _read_header(file)
    if header is None:
        return None
    ids = _read_ids(file, header)
    state = (ctypes.c_uint8 * header.size)()
    read = file.readinto(state)  # type: ignore[attr-defined]  # of the buffered file that ``open`` gives
    if read != header.size or _hash(name, ids.tobytes(), memoryview(state).cast("B")) != header.hash:
        return None
    return Parked(tuple(ids), state, header.size)


def _hash(name: str, ids: bytes, state: memoryview) -> str:
    digest = hashlib.blake2b(f"{name}\n".encode(), digest_size=_HASH_BYTES)
    digest.update(ids)
    digest.update(state)
    return digest.hexdigest()


def _log(line: str) -> None:
    sys.stderr.write(line + "\n")
