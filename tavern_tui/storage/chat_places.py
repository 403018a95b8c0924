"""Where a terminal was in a chat: scroll position, selected turn and unsent draft, kept across a hang-up or a crash.

One small file for each terminal and chat in the state folder, private to the user and replaced in one step. The
terminal that uses it holds its lock, which the system drops however the process ends: a draft whose terminal is gone is
taken over, file and all, by the next terminal that opens the chat, and never by two. Nothing is copied or moved, so no
moment loses what a user wrote, and a file with a draft is never cleared away. When to write is ``session.coming_back``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import TavernError
from tavern_tui.storage.atomic import make_folder, write_atomic
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.locks import FileLock, HeldError, forget, is_held
from tavern_tui.storage.reading import read_bytes

FORMAT = 1
MOST_FILES = 400
"""Files that are kept; beyond them the oldest without a draft go."""

_SUFFIX = ".json"
_MAX_BYTES = 64 * 1024 * 1024
_LOCK_SECONDS = 5.0
_ABANDONED_SECONDS = 3600.0  # after which nobody is still writing a file that was begun
_PLACE_TEXTS = ("turn", "selected", "draft", "seen")
_LOOKED_AT = 64  # of the newest places, when the chat that was open last is looked for


@dataclass(frozen=True, slots=True)
class Place:
    """Where a terminal is in a chat.

    ``turn`` is the id of the turn at the top of the view and ``line`` the number of its lines above the view; an empty
    ``turn`` follows the end. ``selected`` is the selected turn's id, empty for none. ``draft`` is the text that was not
    sent, ``cursor`` its row and column in characters, from 0. ``seen`` is the id of the newest event that was shown.
    ``edits`` are changes of turns that were begun and not saved: the turn's id and the text.
    """

    turn: str = ""
    line: int = 0
    selected: str = ""
    draft: str = ""
    cursor: tuple[int, int] = (0, 0)
    seen: str = ""
    edits: tuple[tuple[str, str], ...] = ()

    @property
    def unsent(self) -> bool:
        """Whether there is text in it that is nowhere else."""
        return bool(self.draft or self.edits)


@dataclass(frozen=True, slots=True)
class Kept:
    """A place as it was written: in which chat's file, by which terminal, when (Unix seconds), and whether at the end
    of a visit that the user ended."""

    place: Place
    chat: Path
    terminal: str
    at: float
    ended: bool

    def to_bytes(self) -> bytes:
        """The file's content."""
        record = asdict(self.place) | {"chat": str(self.chat), "terminal": self.terminal, "at": self.at}
        return json.dumps({"f": FORMAT, "ended": self.ended} | record).encode("ascii") + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Kept | None:
        """What a file says; ``None`` where it is damaged or of a later format."""
        try:
            record = json.loads(data)
        except (ValueError, RecursionError):
            return None
        if not isinstance(record, dict) or record.get("f") != FORMAT:
            return None
        texts: dict[str, Any] = {name: record.get(name) for name in (*_PLACE_TEXTS, "chat", "terminal")}
        at = record.get("at")
        if not all(isinstance(text, str) for text in texts.values()) or not isinstance(at, int | float):
            return None
        place = Place(
            **{name: texts[name] for name in _PLACE_TEXTS},
            line=_count(record.get("line")),
            cursor=_cursor(record.get("cursor")),
            edits=_edits(record.get("edits")),
        )
        return cls(place, Path(texts["chat"]), texts["terminal"], float(at), record.get("ended") is True)


class HeldPlace:
    """A place that this terminal holds until ``release``. Used by one thread at a time.

    ``found`` is where the chat was left, the draft included; ``left_open`` says that whoever was there did not end the
    visit: the link broke, the program was killed, or another terminal is there still.
    """

    def __init__(self, path: Path, lock: FileLock, kept: Kept, clock: Callable[[], float], *, left_open: bool) -> None:
        self.found = kept.place
        self.left_open = left_open
        self._path = path
        self._lock = lock
        self._kept = kept
        self._clock = clock

    def save(self, place: Place, *, ended: bool = False) -> None:
        """Write ``place``, durably; with ``ended``, as the end of the visit. Raises ``StorageError``."""
        kept = replace(self._kept, place=place, at=self._clock(), ended=ended)
        write_atomic(self._path, kept.to_bytes(), mode=0o600)

    def release(self) -> None:
        """Let another terminal have it. Harmless when repeated."""
        if self._lock.held:
            forget(_lock_of(self._path))
            self._lock.release()


class ChatPlaces:
    """All places in ``folder``, as ``terminal`` sees them. ``clock`` gives Unix seconds. Methods block."""

    def __init__(self, folder: Path, terminal: str, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._terminal = terminal
        self._clock = clock

    def claim(self, log: ChatLog) -> HeldPlace:
        """This terminal's place in the chat of ``log``; the chat is from now on the one that was open last.

        The draft is this terminal's own, else the newest one whose terminal is gone. The position is where somebody
        was last. Raises ``StorageError``.
        """
        make_folder(self._folder, 0o700)
        with FileLock(self._folder / "places.lock", timeout=_LOCK_SECONDS, guarded=self._folder):
            chat = _chat_name(log)
            known = {path: kept for path in self._files() if path.name.startswith(chat) and (kept := _read(path))}
            newest = max(known.values(), key=lambda kept: kept.at, default=None)
            path, lock = self._hold(chat, known)
            own = known[path].place if path in known else Place()
            place = replace(newest.place if newest else own, draft=own.draft, cursor=own.cursor, edits=own.edits)
            kept = Kept(place, log.path, self._terminal, self._clock(), ended=False)
            held = HeldPlace(path, lock, kept, self._clock, left_open=newest is not None and not newest.ended)
            try:
                held.save(place)
                self._clear_away()
            except BaseException:
                held.release()
                raise
        return held

    def drafts_elsewhere(self, log: ChatLog) -> tuple[Kept, ...]:
        """Where other terminals left a draft in the chat of ``log``, the newest first, in use there or not.

        A line that broke without a word keeps its program, and the draft in it, until the system notices. Raises
        ``StorageError``.
        """
        chat = _chat_name(log)
        places = (_read(path) for path in self._files() if path.name.startswith(chat))
        return tuple(kept for kept in places if kept and kept.place.draft and kept.terminal != self._terminal)

    def last_chat(self) -> Path | None:
        """The file of the chat that was open last in this terminal, else in any; ``None`` where none is there any more.

        Raises ``StorageError``.
        """
        elsewhere = None
        for path in self._files()[:_LOOKED_AT]:
            kept = _read(path)
            if kept is None or not kept.chat.is_file():
                continue
            if kept.terminal == self._terminal:
                return kept.chat
            elsewhere = elsewhere or kept.chat
        return elsewhere

    def _hold(self, chat: str, known: Mapping[Path, Kept]) -> tuple[Path, FileLock]:
        """The best place of ``chat`` that nobody holds, or a new one; and its lock, taken."""
        for path in sorted(known, key=lambda path: self._worth(known[path]), reverse=True):
            lock = FileLock(_lock_of(path), timeout=0.0)
            try:
                lock.acquire()
            except HeldError:
                continue
            return path, lock
        path = self._folder / f"{chat}{secrets.token_hex(8)}{_SUFFIX}"
        lock = FileLock(_lock_of(path), timeout=0.0)
        lock.acquire()
        return path, lock

    def _worth(self, kept: Kept) -> tuple[bool, bool, bool, float]:
        """What makes a place the one to take over, most important first."""
        own, drafted = kept.terminal == self._terminal, kept.place.unsent
        return (own and drafted, drafted, own, kept.at)

    def _files(self) -> list[Path]:
        """Every place's file, the last written first. Raises ``StorageError``."""
        try:
            paths = [path for path in self._folder.iterdir() if _is_place(path.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(error, self._folder, reading=True) from error
        return sorted(paths, key=lambda path: (_changed(path), path.name), reverse=True)

    def _clear_away(self) -> None:
        """Remove the oldest places that hold no draft and are held by nobody, down to ``MOST_FILES``.

        And what a program that was killed while it wrote left half written: the whole file is beside it.
        """
        for path in self._folder.glob(".*.tmp"):
            if self._clock() - _changed(path) / 1e9 > _ABANDONED_SECONDS:
                path.unlink(missing_ok=True)
        files = self._files()
        for path in reversed(files[MOST_FILES:]):
            kept = _read(path)
            if kept is not None and not kept.place.unsent and not is_held(_lock_of(path)):
                path.unlink(missing_ok=True)
                forget(_lock_of(path))


def places_of(folder: Path, log: ChatLog) -> list[Path]:
    """The files in ``folder`` with places and drafts in the chat of ``log``, and their locks."""
    return sorted(folder.glob(f"{_chat_name(log)}*"))


def _chat_name(log: ChatLog) -> str:
    """How the names of a chat's places begin: by its own id, which a renamed file keeps."""
    return hashlib.sha256((log.chat_id or log.key).encode("utf-8", "surrogatepass")).hexdigest()[:16] + "-"


def _is_place(name: str) -> bool:
    return name.endswith(_SUFFIX) and not name.startswith(".")


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _changed(path: Path) -> int:
    """When a file was last written to, in nanoseconds; now, for one that has just gone."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return time.time_ns()


def _read(path: Path) -> Kept | None:
    """What ``path`` says; ``None`` where it cannot be read: it is then left as it is."""
    try:
        return Kept.from_bytes(read_bytes(path, _MAX_BYTES))
    except TavernError:
        return None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _edits(value: Any) -> tuple[tuple[str, str], ...]:
    """As far as they can be read: a file of before they were kept has none."""
    pairs = [tuple(pair) for pair in value if isinstance(pair, list)] if isinstance(value, list) else []
    return tuple(pair for pair in pairs if len(pair) == 2 and all(isinstance(text, str) for text in pair))


def _cursor(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        return (0, 0)
    return (_count(value[0]), _count(value[1]))
