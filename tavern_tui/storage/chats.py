"""``ChatLog``: one chat on disk, an append-only file of events and the tree that they fold to.

The rules of the log (``docs/architecture.md`` §3.1): to append, take the chat's lock, open the file anew, read what
others wrote, write each event with one call on a line of its own, sync, keep no handle. Events are never rewritten;
copies of a chat merge by the union of their events. Bytes of an event: ``formats.chatlog``; the folder of all chats:
``chat_store``; replies in progress: ``journal``.
"""

from __future__ import annotations

import gc
import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tavern_tui
from tavern_tui.domain import messages
from tavern_tui.domain.chat import ChatTree, fold, preferred, union
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import NotFoundError, StorageError, TavernError
from tavern_tui.domain.events import Body, ChatEvent, ChatStarted, Undone
from tavern_tui.formats.chatlog import FORMAT, LogProblem, decode_log, encode, newer_format
from tavern_tui.storage.atomic import make_folder, sync_folder
from tavern_tui.storage.device import Device, new_event_id
from tavern_tui.storage.locks import FileLock, wait_until_free
from tavern_tui.storage.logfile import LogFile, Reading

_MOST_PARENTS = 16  # a damaged or foreign log may have any number of loose ends; the next events take up the rest
_LOCK_SECONDS = 10.0
_FINISH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge brought: the events that were new here, and what of the other copy could not be read."""

    added: tuple[ChatEvent, ...]
    problems: tuple[LogProblem, ...]


class TakenError(StorageError):
    """A file is there already, where a new one was to be made."""


@contextmanager
def _collector_resting() -> Iterator[None]:
    """Keep the garbage collector from looking through the events read so far again and again: all of them stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class ChatLog:
    """One chat: its file at ``path``, as the device ``device`` sees it: an id, or where the id is made when first used.

    The attribute ``device`` is the id; empty as long as there is none, and the tip is then anybody's last move.
    ``arrived`` are the events that this object did not write itself, in the order in which it met them: it only grows,
    so that its length marks a moment and what stands behind it is what came since (``chat_watch``).

    ``state`` is the folder for the chat's lock and its journals; it belongs to this machine and is not synced.
    ``clock`` gives Unix seconds, ``new_id`` ids of events. Methods may be called from any thread, one waiting for the
    other; all of them raise ``StorageError`` where the disk refuses. Where ``kept`` is false nothing of the chat may be
    on disk (``incognito``): ``beside`` has what is otherwise a file of its own."""

    kept = True

    def __init__(
        self,
        path: Path,
        *,
        device: str | Device,
        state: Path,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = new_event_id,
    ) -> None:
        self.path = path
        self.device = device if isinstance(device, str) else device.known
        self._unnamed = None if isinstance(device, str) else device
        self.state = state
        self.clock = clock
        self.new_id = new_id
        self.key = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
        self._lock_file = state / f"{self.key}.lock"
        self._file = LogFile(path)
        self._mutex = threading.RLock()
        self._events: dict[str, ChatEvent] = {}
        self._unwritten: dict[str, ChatEvent] = {}
        self.arrived: list[ChatEvent] = []
        self.beside: dict[str, bytes] = {}
        self._writing: frozenset[str] = frozenset()
        self._tree = ChatTree(device=self.device)
        self._last = (0, "")
        self._heads: set[str] = set()
        self._named_as_parent: set[str] = set()
        self._newer: ChatEvent | None = None
        self._started: ChatEvent | None = None
        self._problems: list[LogProblem] = []
        self._tail_problems: list[LogProblem] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        device: str | Device,
        state: Path,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = new_event_id,
    ) -> ChatLog:
        """The chat at ``path``, read and folded. Raises ``NotFoundError`` where there is none."""
        log = cls(path, device=device, state=state, clock=clock, new_id=new_id)
        if not _is_chat(path):
            raise NotFoundError(f"There is no chat at {path}.", hint="tavern-tui log lists the chats.", where=str(path))
        log.refresh()
        return log

    @classmethod
    def create(
        cls,
        path: Path,
        started: ChatStarted,
        *,
        device: str | Device,
        state: Path,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = new_event_id,
    ) -> ChatLog:
        """A new chat at ``path``. Raises ``StorageError``, ``TakenError`` where a file is there already."""
        make_folder(path.parent)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        except FileExistsError as error:
            raise TakenError(f"{path.name} is there already.", hint="Choose another name.", where=str(path)) from error
        except OSError as error:
            raise storage_error(error, path) from error
        log = cls(path, device=device, state=state, clock=clock, new_id=new_id)
        try:
            log.append(started)
        except StorageError:
            path.unlink(missing_ok=True)
            raise
        return log

    @property
    def tree(self) -> ChatTree:
        """The chat as it stands; a later ``append`` or ``refresh`` changes it or puts another in its place."""
        return self._tree

    @property
    def events(self) -> list[ChatEvent]:
        """Every event known, in the order of the fold."""
        return sorted(self._events.values(), key=lambda event: event.order)

    @property
    def chat_id(self) -> str:
        """The id of the event that started the chat; empty where that is lost. Survives a renamed file."""
        return self._started.id if self._started else ""

    @property
    def newest(self) -> str:
        """The id of the last event in the order of the fold, as of the last read; empty where there is none."""
        return self._last[1]

    def knows(self, event_id: str) -> bool:
        """Whether the log has an event with this id, as of the last read."""
        return event_id in self._events

    @property
    def problems(self) -> tuple[LogProblem, ...]:
        """What of the file could not be read; nothing of it is ever touched."""
        return (*self._problems, *self._tail_problems)

    @property
    def read_only(self) -> TavernError | None:
        """Why this chat cannot be written to, in the words to show; ``None`` where it can."""
        if self._newer is not None:
            return _newer_error(self._newer, self.path)
        if os.access(self.path, os.F_OK) and not os.access(self.path, os.W_OK):
            wording = messages.not_writable(str(self.path))
            return StorageError(wording.title, hint=wording.hint, where=str(self.path))
        return None

    def refresh(self) -> bool:
        """Take in what others wrote since the last look; whether anything changed. Needs no lock."""
        with self._mutex:
            if not _is_chat(self.path):
                return False
            with self._opened(os.O_RDONLY) as descriptor:
                changed = self._take(self._file.read(descriptor))
                tail: list[LogProblem] = []
                while self._tail_problems and self._tail_problems != tail:
                    # Other processes see a write page by page: this line may just be coming.
                    tail = self._tail_problems
                    wait_until_free(self._lock_file, _FINISH_SECONDS)
                    changed = self._take(self._file.read(descriptor)) or changed
                return changed

    def append(self, *bodies: Body, event_id: str = "") -> tuple[ChatEvent, ...]:
        """Write ``bodies`` as events of this device, durably; on return they are on disk and in ``tree``.

        ``event_id`` is the first event's id where a journal reserved one. Others' new events are read first. Raises
        ``StorageError``: nothing of this call is then in the file, and what was there is as it was.
        """
        return self._write(lambda: self._as_events(bodies, event_id))

    def append_from(self, make: Callable[[ChatTree], Iterable[Body]], *, event_id: str = "") -> tuple[ChatEvent, ...]:
        """Like ``append``, with the bodies that ``make`` gives once the events of all others are in the tree.

        So that of two turns sent from two terminals at once the later follows the earlier. Nobody else can write while
        ``make`` runs.
        """
        return self._write(lambda: self._as_events(make(self._tree), event_id))

    def merge(self, other: bytes) -> Merged:
        """Take in the events of another copy of this chat (its file's bytes) that are new here, in their order.

        Both copies, each merged with the other, tell the same chat. Raises ``StorageError`` also where the other copy
        was written in a newer format; nothing is then taken.
        """
        events, problems = decode_log(other)
        return Merged(self.take_in(events), tuple(problems))

    def take_in(self, events: Iterable[ChatEvent]) -> tuple[ChatEvent, ...]:
        """Write those of ``events`` that are new here, as they are; returns them.

        Raises ``StorageError``, also where one of them is of a newer format.
        """
        events = list(events)
        newer = next((event for event in events if event.format > FORMAT), None)
        if newer is not None:
            raise _newer_error(newer, self.path)
        return self._write(lambda: self._new_here(events))

    def _write(self, choose: Callable[[], list[ChatEvent]]) -> tuple[ChatEvent, ...]:
        """Append the events that ``choose`` gives once everything in the file is known."""
        self._name_device()
        lock = FileLock(self._lock_file, timeout=_LOCK_SECONDS, guarded=self.path)
        with self._mutex, lock, self._opened(os.O_RDWR | os.O_APPEND | os.O_CREAT) as descriptor:
            self._take(self._file.read(descriptor))
            if self._newer is not None:
                raise _newer_error(self._newer, self.path)
            chosen = choose()
            # A sync tool may have put a copy in our file's place that lacks what this process has already promised.
            missing = sorted(self._unwritten.values(), key=_order)
            lines = [encode(event) for event in (*missing, *chosen)]
            if lines:
                is_new = os.fstat(descriptor).st_size == 0
                self._file.append(descriptor, lines)
                if is_new:
                    sync_folder(self.path.parent)
                self._writing = frozenset(event.id for event in chosen)
                self._take(self._file.read(descriptor))
                self._writing = frozenset()
        return tuple(self._events[event.id] for event in chosen)

    def _name_device(self) -> None:
        """Have an id before the first write. Another program may have made it meanwhile and written here under it."""
        with self._mutex:
            if not self.device and self._unnamed is not None:
                self.device = self._unnamed.own
                self._tree = fold(self._events.values(), self.device)

    @contextmanager
    def _opened(self, flags: int) -> Iterator[int]:
        descriptor = -1
        try:
            descriptor = os.open(self.path, flags | os.O_CLOEXEC, 0o666)
            yield descriptor
        except OSError as error:
            raise storage_error(error, self.path, reading=flags == os.O_RDONLY) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _as_events(self, bodies: Iterable[Body], first_id: str) -> list[ChatEvent]:
        """``bodies`` as the next events of this device: numbered after everything known, naming the loose ends."""
        lamport, parents = self._last[0], self._loose_ends()
        events: list[ChatEvent] = []
        for body in bodies:
            lamport += 1
            identity = first_id if first_id and not events else self._free_id()
            program = tavern_tui.__version__ if isinstance(body, ChatStarted) else ""
            events.append(
                ChatEvent(identity, self.device, lamport, body, parents, self.clock(), FORMAT, program=program)
            )
            parents = (identity,)
        return events

    def _loose_ends(self) -> tuple[str, ...]:
        heads = sorted((self._events[identity] for identity in self._heads), key=_order)
        return tuple(event.id for event in heads[-_MOST_PARENTS:])

    def _free_id(self) -> str:
        while (identity := self.new_id()) in self._events:
            pass
        return identity

    def _new_here(self, events: Iterable[ChatEvent]) -> list[ChatEvent]:
        known = self._events
        return [e for e in union(events) if e.id not in known or preferred(known[e.id], e) is not known[e.id]]

    @_collector_resting()
    def _take(self, reading: Reading | None) -> bool:
        """Take in what was read; whether it changed anything."""
        if reading is None:
            return False
        events, problems = decode_log(reading.data, first_line=reading.line, first_offset=reading.offset)
        if reading.whole:
            self._problems.clear()
        self._problems += (problem for problem in problems if problem.offset < reading.settled)
        self._tail_problems = [problem for problem in problems if problem.offset >= reading.settled]
        known_before = bool(self._events)
        changed = self._absorb(events)
        if reading.whole and known_before:
            in_file = {event.id: event for event in union(events)}
            self._unwritten = {key: event for key, event in self._events.items() if in_file.get(key) != event}
        else:
            for event in events:
                self._unwritten.pop(event.id, None)
        return changed

    def _absorb(self, events: Iterable[ChatEvent]) -> bool:
        """Add what is new to the tree: by itself where it comes after everything known, else by a new fold."""
        must_fold = not self._events
        fresh: list[ChatEvent] = []
        for event in union(events):
            known = self._events.get(event.id)
            if known is not None and preferred(known, event) is known:
                continue
            must_fold = must_fold or known is not None or event.order <= self._last or isinstance(event.body, Undone)
            fresh.append(event)
        for event in fresh:
            self._note(event)
        if fresh and must_fold:
            self._tree = fold(self._events.values(), self.device)
        else:
            for event in fresh:
                self._tree.apply(event)
        self.arrived += (event for event in fresh if event.id not in self._writing)  # last: who hears of it looks
        return bool(fresh)

    def _note(self, event: ChatEvent) -> None:
        self._events[event.id] = event
        self._last = max(self._last, event.order)
        self._named_as_parent.update(event.parents)
        self._heads.difference_update(event.parents)
        if event.id not in self._named_as_parent:
            self._heads.add(event.id)
        if isinstance(event.body, ChatStarted) and (self._started is None or event.order < self._started.order):
            self._started = event
        if event.format > FORMAT and (self._newer is None or event.format >= self._newer.format):
            self._newer = event


def _is_chat(path: Path) -> bool:
    """Whether a file is there that can be read to its end: a pipe or a device would keep the reader for ever."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage_error(error, path, reading=True) from error


def _order(event: ChatEvent) -> tuple[int, str]:
    return event.order


def _newer_error(event: ChatEvent, path: Path) -> StorageError:
    reason = newer_format(event, tavern_tui.__version__)
    return StorageError(reason.title, hint=reason.hint, where=str(path))
