"""Replies in progress: text that is safe on disk before the reply is finished (``docs/architecture.md`` §3.3).

One file per running reply in the chat's state folder, locked as long as its writer lives. When the reply is done it
becomes one event of the chat's log and the journal goes. A journal whose writer is gone becomes an interrupted turn
(``recovery``), under an event id that was reserved when the reply began: however often and by however many processes
it is recovered, the turn is there once. Another terminal may ask the writer to stop through ``mailbox``.

The file: a first line that says what the reply will be, then one line per flush: ``x`` text, ``z`` reasoning,
``n`` before a text that begins anew.
"""

from __future__ import annotations

import json
import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import ChatEvent, Speaker, TextExtended, TurnAdded
from tavern_tui.formats.chatlog import to_line
from tavern_tui.storage.atomic import make_folder
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.locks import FileLock, forget, is_held
from tavern_tui.storage.mailbox import drop_request, stop_asked

FORMAT = 1
"""The version of the journal's format."""

SUFFIX = ".reply"
"""How the name of a journal ends."""

_SYNC_SECONDS = 1.0
_TEXT, _REASONING, _ANEW = "x", "z", "n"
_BEGUN: weakref.WeakKeyDictionary[ChatLog, set[Path]] = weakref.WeakKeyDictionary()  # running journals of each
_PLAIN_KEYS = {"i": "event_id", "key": "key", "path": "path", "chat": "chat", "n": "name"}
_PLAIN_KEYS |= {"p": "parent", "on": "turn", "base": "base"}


@dataclass(frozen=True, slots=True)
class ReplyStart:
    """What a reply is going to be: enough to make its turn from the text alone.

    ``event_id`` is the id that its event will have. A new turn names its ``parent``; a continued one its ``turn``.
    ``base`` is the text that it goes on from: the turn's own, or the beginning that a new reply was given. ``key``,
    ``path`` and ``chat`` say which log it belongs to, ``pid`` is the process that writes it, ``at`` Unix seconds.
    """

    event_id: str
    speaker: Speaker
    name: str
    parent: str = ""
    turn: str = ""
    base: str = ""
    key: str = ""
    path: str = ""
    chat: str = ""
    pid: int = 0
    at: float = 0.0

    def body(self, text: str, reasoning: str) -> TurnAdded | TextExtended:
        """The reply as far as it came, marked interrupted."""
        if self.turn:
            return TextExtended(self.turn, self.base + text, interrupted=True)
        whole = self.base + text
        return TurnAdded(self.parent, self.speaker, self.name, whole, reasoning=reasoning, interrupted=True)

    def to_line(self) -> bytes:
        """The first line of a journal, without a newline."""
        record: dict[str, Any] = {"f": FORMAT, "s": self.speaker.value, "pid": self.pid, "t": self.at}
        record |= {key: getattr(self, name) for key, name in _PLAIN_KEYS.items()}
        return to_line(record)

    @staticmethod
    def is_newer(line: bytes) -> bool:
        """Whether a later version of the program wrote this first line."""
        written_in = _parsed(line).get("f")
        return isinstance(written_in, int) and written_in > FORMAT

    @classmethod
    def from_line(cls, line: bytes) -> ReplyStart | None:
        """What the first line says; ``None`` where it is damaged or of a later format."""
        record = _parsed(line)
        if record.get("f") != FORMAT or not isinstance(record.get("pid"), int):
            return None
        texts: dict[str, Any] = {name: record.get(key) for key, name in _PLAIN_KEYS.items()}
        speaker = next((speaker for speaker in Speaker if speaker.value == record.get("s")), None)
        at = record.get("t")
        if speaker is None or not all(isinstance(text, str) for text in texts.values()) or not texts["event_id"]:
            return None
        at = float(at) if isinstance(at, int | float) else 0.0
        return cls(speaker=speaker, pid=record["pid"], at=at, **texts)


class ReplyJournal:
    """The journal of one running reply; made by ``start``. Used by one thread at a time.

    ``write`` leaves the text with the system before it returns, so that it outlives the process; a thread of the
    journal's own makes it durable against a power cut, at most once a second.
    """

    def __init__(self, log: ChatLog, facts: ReplyStart, *, sync_seconds: float = _SYNC_SECONDS) -> None:
        self.facts = facts
        self.path = journal_path(log, facts.event_id)
        self._log = log
        self._lock = FileLock(self.path)
        self._pending = facts.to_line() + b"\n"
        self._size = 0
        self._lock.acquire()
        try:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            self._lock.release()
            raise storage_error(error, self.path) from error
        self._syncer = _Syncer(os.dup(self._descriptor), sync_seconds)
        _BEGUN.setdefault(log, set()).add(self.path)
        try:
            self._flush()
        except StorageError:
            self.finish()
            raise

    @classmethod
    def start(
        cls,
        log: ChatLog,
        *,
        speaker: Speaker,
        name: str,
        parent: str = "",
        turn: str = "",
        base: str = "",
        sync_seconds: float = _SYNC_SECONDS,
    ) -> ReplyJournal:
        """Begin the journal of a reply in ``log``: a new turn under ``parent``, or more of ``turn``; after ``base``.

        Raises ``StorageError``; nothing is left behind then.
        """
        facts = ReplyStart(
            event_id=log.new_id(),
            speaker=speaker,
            name=name,
            parent=parent,
            turn=turn,
            base=base,
            key=log.key,
            path=str(log.path),
            chat=log.chat_id,
            pid=os.getpid(),
            at=log.clock(),
        )
        if not log.kept:
            return UnkeptJournal(log, facts)
        make_folder(log.state, 0o700)
        with recovery_lock(log.state):
            return cls(log, facts, sync_seconds=sync_seconds)

    @property
    def event_id(self) -> str:
        """The id that the reply's event will have."""
        return self.facts.event_id

    def stop_asked(self) -> bool:
        """Whether another terminal has asked for the reply to be stopped. Looks at the disk; never raises."""
        return stop_asked(self.path)

    def write(self, text: str = "", reasoning: str = "", *, anew: bool = False) -> None:
        """Add to the reply's text or to its reasoning. ``anew``: the text written before does not count any more.

        Raises ``StorageError`` on a full disk; the text is kept and written with the next call that finds room.
        """
        if anew:
            self._pending += to_line({_ANEW: True}) + b"\n"
        if reasoning:
            self._pending += to_line({_REASONING: reasoning}) + b"\n"
        if text:
            self._pending += to_line({_TEXT: text}) + b"\n"
        self._flush()

    def commit(self, body: TurnAdded | TextExtended) -> ChatEvent:
        """Write the finished reply to the log under the reserved id, durably, and remove the journal.

        Raises ``StorageError``; the journal then stays, and so does its text.
        """
        return self.commit_from(lambda _tree: body)

    def commit_from(self, make: Callable[[ChatTree], TurnAdded | TextExtended]) -> ChatEvent:
        """Like ``commit``, with what ``make`` gives once the turns of all others are in the tree."""
        (event,) = self._log.append_from(lambda tree: [make(tree)], event_id=self.facts.event_id)
        self.finish()
        return event

    def finish(self) -> None:
        """Remove the journal: its event is durable, or there was nothing to keep. Harmless when repeated."""
        if self._lock.held:
            self.path.unlink(missing_ok=True)
            self.leave()

    def leave(self) -> None:
        """Let go of the journal without removing it: the next recovery makes an interrupted turn of it."""
        if self._lock.held:
            self._syncer.stop()
            os.close(self._descriptor)
            drop_request(self.path)
            self._lock.release()
            _BEGUN.get(self._log, set()).discard(self.path)

    def _flush(self) -> None:
        try:
            while self._pending:
                written = os.pwrite(self._descriptor, self._pending, self._size)
                self._size += written
                self._pending = self._pending[written:]
        except OSError as error:
            raise storage_error(error, self.path) from error
        self._syncer.wake()


class UnkeptJournal(ReplyJournal):
    """The journal of a reply in a chat that is never written to the disk: its text is in memory alone."""

    def __init__(self, log: ChatLog, facts: ReplyStart) -> None:
        self.facts = facts
        self._log = log

    def stop_asked(self) -> bool:
        """No other terminal knows of it."""
        return False

    def write(self, text: str = "", reasoning: str = "", *, anew: bool = False) -> None:
        """Write nothing."""

    def finish(self) -> None:
        """There is nothing to remove."""

    def leave(self) -> None:
        """There is nothing to let go of."""


class JournaledReply:
    """A journal as a reader sees it: somebody else's running reply, or one that was left behind.

    ``text`` and ``reasoning`` are what came by the last ``refresh``.
    """

    def __init__(self, path: Path, facts: ReplyStart) -> None:
        self.path = path
        self.facts = facts
        self.text = ""
        self.reasoning = ""
        self._offset = 0

    @classmethod
    def read(cls, path: Path) -> JournaledReply | None:
        """The reply in the journal at ``path``; ``None`` where its first line cannot be read.

        Raises ``FileNotFoundError`` where it was finished meanwhile, and ``StorageError``.
        """
        facts = ReplyStart.from_line(_bytes_from(path, 0).partition(b"\n")[0])
        if facts is None:
            return None
        reply = cls(path, facts)
        reply.refresh()
        return reply

    @property
    def running(self) -> bool:
        """Whether the writer still lives. Raises ``StorageError``."""
        return is_held(self.path)

    def refresh(self) -> bool:
        """Read what was written since; whether there was anything. A finished journal adds nothing."""
        try:
            data = _bytes_from(self.path, self._offset)
        except FileNotFoundError:
            return False
        lines = data[: data.rfind(b"\n") + 1]
        self._offset += len(lines)
        for line in lines.split(b"\n"):
            record = _parsed(line)
            text, reasoning = record.get(_TEXT, ""), record.get(_REASONING, "")
            self.text = "" if record.get(_ANEW) is True else self.text
            self.text += text if isinstance(text, str) else ""
            self.reasoning += reasoning if isinstance(reasoning, str) else ""
        return bool(lines)


class _Syncer:
    """A thread that syncs a file some time after it was woken, never twice within ``seconds``. Owns its handle."""

    def __init__(self, descriptor: int, seconds: float) -> None:
        self._descriptor = descriptor
        self._seconds = seconds
        self._written = threading.Event()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="journal-sync", daemon=True).start()

    def wake(self) -> None:
        self._written.set()

    def stop(self) -> None:
        self._stopped.set()
        self._written.set()

    def _run(self) -> None:
        try:
            while self._written.wait() and not self._stopped.is_set():
                self._written.clear()
                _sync(self._descriptor)
                self._stopped.wait(self._seconds)
        finally:
            os.close(self._descriptor)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # the text is with the system; a disk that refuses is told by the next write, or by the log


def journal_path(log: ChatLog, event_id: str) -> Path:
    """Where the journal of the reply with ``event_id`` lies."""
    return log.state / f"{log.key}-{event_id}{SUFFIX}"


def begun_by(log: ChatLog, path: Path) -> bool:
    """Whether the journal at ``path`` is of a reply that runs through this very ``log``, not in another terminal."""
    return path in _BEGUN.get(log, ())


def recovery_lock(state: Path) -> FileLock:
    """The lock under which journals in ``state`` are begun and recovered, so that none is met half made."""
    return FileLock(state / "journals.lock", guarded=state)


def remove(path: Path) -> None:
    """Remove the journal at ``path`` and what its lock left; raises ``StorageError``."""
    try:
        forget(path)
    except OSError as error:
        raise storage_error(error, path) from error


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _bytes_from(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise storage_error(error, path, reading=True) from error
