"""``ChatWatch``: what other processes do to an open chat: events that they append, replies that they are writing.

Each ``look`` costs the same however long the chat is: one look at the state folder's time stamp and one at the chat's
file, and only where one of them changed is anything listed or read, from where the last look ended. A reply whose
writer died is recovered at the same moment (``recovery``). Nothing here waits or repeats: ``session.following`` does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.events import ChatEvent
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import JournaledReply, begun_by
from tavern_tui.storage.locks import is_held
from tavern_tui.storage.mailbox import drop_request
from tavern_tui.storage.recovery import belongs, journals, recover

_SETTLED_SECONDS = 3.0
"""Age from which a folder's time stamp is trusted: file systems count it in steps of up to two seconds."""


@dataclass(slots=True)
class Look:
    """What one look found, in the order to be told: ``events`` first, ``ended`` last.

    ``events`` are those that this process did not write; ``started``, ``grown`` and ``ended`` are replies of others.
    Where a reply has ended, its turn is in the log's tree by now, unless nothing of it was to be kept.
    """

    events: list[ChatEvent] = field(default_factory=list)
    started: list[JournaledReply] = field(default_factory=list)
    grown: list[JournaledReply] = field(default_factory=list)
    ended: list[JournaledReply] = field(default_factory=list)


class ChatWatch:
    """Looks at the chat of ``log`` on behalf of one terminal. Used by one thread at a time; ``look`` blocks."""

    def __init__(self, log: ChatLog) -> None:
        self._log = log
        self._told = len(log.arrived)
        self._file: tuple[int, ...] | None = None
        self._folder = 0
        self._listed: list[Path] = []
        self._others: set[Path] = set()
        self._replies: dict[Path, JournaledReply] = {}
        self._found = Look()

    @property
    def replies(self) -> tuple[JournaledReply, ...]:
        """The replies that others were writing at the last look, in the order in which they were met."""
        return tuple(self._replies.values())

    def look(self) -> Look:
        """What happened since the last look; the first one tells every running reply of others as started.

        Raises ``StorageError``; the next look then tells what this one could not.
        """
        over, left = self._look_at_journals()
        if left:
            self._recover(left)
        self._look_at_file()  # after the journals: where one is gone, its turn is in the file
        for path in over:
            drop_request(path)  # one that came after the writer had looked for the last time
            self._found.ended.append(self._replies.pop(path))
        found, self._found = self._found, Look()
        found.events += self._log.arrived[self._told :]
        self._told = len(self._log.arrived)
        return found

    def _look_at_journals(self) -> tuple[list[Path], list[Path]]:
        """Read on in the replies of others; which of them are over, and which journals a dead writer left."""
        over, left = [], []
        for path in dict.fromkeys((*self._replies, *self._journals())):
            known = self._replies.get(path)
            if path in self._others or (known is None and begun_by(self._log, path)):
                continue
            held = is_held(path)  # asked before reading: a journal that nobody holds does not change any more
            if known is not None and known.refresh():
                self._found.grown.append(known)
            if held and known is None:
                self._meet(path)
            if not held and path.exists():
                left.append(path)
            if not held and known is not None:
                over.append(path)
        return over, left

    def _meet(self, path: Path) -> None:
        """Take up a running reply, if it is one of this chat."""
        try:
            reply = JournaledReply.read(path)
        except FileNotFoundError:
            return
        if reply is None:
            return  # its writer has not come to the end of the first line, or is of a later version
        if belongs(reply.facts, self._log):
            self._replies[path] = reply
            self._found.started.append(reply)
        else:
            self._others.add(path)

    def _recover(self, left: list[Path]) -> None:
        """Make turns of what dead writers left; what stays as it is (another chat's) is not looked at again."""
        self._found.events += recover(self._log).recovered
        self._others.update(path for path in left if path.exists() and not is_held(path))

    def _journals(self) -> list[Path]:
        """The journals in the state folder, listed anew where its time stamp changed or may still hide a change."""
        try:
            changed = self._log.state.stat().st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise storage_error(error, self._log.state, reading=True) from error
        if changed != self._folder or time.time() - changed / 1e9 < _SETTLED_SECONDS:
            self._listed = journals(self._log.state)
            self._others.intersection_update(self._listed)
            self._folder = changed
        return self._listed

    def _look_at_file(self) -> None:
        """Take in what others appended, where the file is another than at the last look."""
        try:
            status = self._log.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise storage_error(error, self._log.path, reading=True) from error
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if stamp != self._file:
            self._log.refresh()
            self._file = stamp
