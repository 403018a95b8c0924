"""``ChatStore``: the folder of chats: what there is, making a new one, finding one by what a person calls it.

A chat's file name comes from its title at first and never changes with it. Titles are untrusted.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain.chat import fold
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import Body, ChatStarted, PropertySet, TurnAdded, Unknown
from tavern_tui.formats.chatlog import FORMAT, decode_log
from tavern_tui.storage.chats import ChatLog, TakenError
from tavern_tui.storage.device import Device, new_event_id
from tavern_tui.storage.file_names import stems

_SUFFIX = ".jsonl"
# Quotes are escaped inside JSON strings, so these bytes are never part of what somebody wrote.
_TURN = re.compile(rb'"k":"turn"(?:,"p":"([^"]*)")?')
_RARE = (b'"k":"chat"', b'"k":"set"', b'"k":"undo"')
_LAST_LINES = 20


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """One chat in a list. ``name`` opens it; ``turns`` counts places in the chat: the swipes of one place once.

    ``last`` is when it was last written to, in Unix seconds. ``problem`` says why the file could not be read. ``mode``
    is the chat's mode of play, "" for the usual one.
    """

    name: str
    path: Path
    title: str
    characters: tuple[str, ...]
    turns: int
    last: float
    problem: str = ""
    mode: str = ""


class ChatStore:
    """The chats in ``folder``, for the device ``device`` (``ChatLog`` says how); ``state`` takes locks and journals.

    All methods raise ``StorageError`` where the disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        *,
        device: str | Device,
        state: Path,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = new_event_id,
    ) -> None:
        self.folder = folder
        self._device = device
        self._state = state
        self._clock = clock
        self._new_id = new_id
        self._known: dict[Path, tuple[tuple[int, int], ChatSummary]] = {}

    def list(self) -> list[ChatSummary]:
        """Every chat, the last written first. No turn is decoded, and a file that has not changed is not read again.

        The logs' times are whole seconds; within one the files' own times tell which was written later.
        """
        found = [(self._summary(path, status), status.st_mtime_ns) for path, status in self._files()]
        found.sort(key=lambda pair: (-pair[0].last, -pair[1], pair[0].name))
        return [summary for summary, _ in found]

    def create(self, title: str, characters: Iterable[str] = (), persona: str = "") -> ChatLog:
        """A new chat in a file named after ``title``, beside whatever is there."""
        started = ChatStarted(title, tuple(characters), persona)
        for name in self.free_names(title):
            try:
                return ChatLog.create(
                    self.folder / name,
                    started,
                    device=self._device,
                    state=self._state,
                    clock=self._clock,
                    new_id=self._new_id,
                )
            except TakenError:
                continue  # something else of that name, or a chat that another program has just begun
        raise AssertionError("names never end")

    def free_names(self, title: str) -> Iterator[str]:
        """File names for a chat called ``title`` that no chat here has, without end, the nicest first."""
        taken = {path.name.casefold() for path, _ in self._files()}
        return (name for name in _names(title) if name.casefold() not in taken)

    def open(self, name: str) -> ChatLog:
        """The chat in the file ``name`` (with or without its suffix). Raises ``NotFoundError``."""
        for path, _ in self._files():
            if name in (path.name, path.name.removesuffix(_SUFFIX)):
                return self._log(path)
        raise _not_found(name, [path.name.removesuffix(_SUFFIX) for path, _ in self._files()])

    def find(self, name: str) -> ChatLog:
        """The chat that a person means: its file's name, its title, or the beginning of one, in any case of letters.

        Raises ``NotFoundError`` where none is meant, or several, and then names them.
        """
        summaries = self.list()
        wanted = name.strip().casefold()
        for rule in (
            lambda s: name in (s.name, s.path.name),
            lambda s: wanted in (s.name.casefold(), s.title.casefold()),
            lambda s: bool(wanted) and (s.name.casefold().startswith(wanted) or s.title.casefold().startswith(wanted)),
        ):
            meant = [summary for summary in summaries if rule(summary)]
            if len(meant) == 1:
                return self._log(meant[0].path)
            if meant:
                several = ", ".join(summary.name for summary in meant[:5])
                raise NotFoundError(f"{name} could be {len(meant)} chats.", hint=f"Say one of: {several}")
        raise _not_found(name, [text for summary in summaries for text in (summary.title, summary.name)])

    def copy(self, log: ChatLog, title: str) -> ChatLog:
        """A new chat called ``title`` with every event of ``log`` that this version knows, for writing on.

        What the "open a copy" of a chat in a newer format means; ``log`` is left as it is.
        """
        started = log.tree
        copied = self.create(title, started.characters, started.persona)
        known = [
            replace(event, format=FORMAT, parents=())
            for event in log.events
            if not isinstance(event.body, ChatStarted | Unknown) and not _names_chat(event.body)
        ]
        copied.take_in(known)
        return copied

    def _log(self, path: Path) -> ChatLog:
        log = ChatLog.open(path, device=self._device, state=self._state, clock=self._clock, new_id=self._new_id)
        if self._has_relatives(path):
            from tavern_tui.storage.merging import take_in_copies

            take_in_copies(log)
        return log

    def _has_relatives(self, path: Path) -> bool:
        """Whether a file lies beside that may be a conflict copy of this chat, by the beginning of its name."""
        stem = path.name.removesuffix(_SUFFIX)
        with os.scandir(self.folder) as entries:
            return any(entry.name.startswith(stem) and entry.name != path.name for entry in entries)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.endswith(_SUFFIX) and not entry.name.startswith("."):
                        try:
                            status = entry.stat()
                        except OSError:
                            continue  # a link to nowhere, or to where we may not look
                        if stat.S_ISREG(status.st_mode):
                            yield Path(entry.path), status
        except FileNotFoundError:
            return
        except OSError as error:
            if isinstance(error, NotADirectoryError) and not os.path.lexists(self.folder):
                return  # a file stands where the library should be: writing tells that
            raise storage_error(error, self.folder, reading=True) from error

    def _summary(self, path: Path, status: os.stat_result) -> ChatSummary:
        stamp = (status.st_size, status.st_mtime_ns)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            try:
                data = path.read_bytes()
            except OSError as error:
                name = path.name.removesuffix(_SUFFIX)
                problem = str(storage_error(error, path, reading=True))
                return ChatSummary(name, path, name, (), 0, status.st_mtime, problem)
            known = self._known[path] = (stamp, summarise(path, data, status.st_mtime))
        return known[1]


def summarise(path: Path, data: bytes, changed: float) -> ChatSummary:
    """What a list says about the chat whose file at ``path`` holds ``data`` and was last ``changed`` then."""
    name = path.name.removesuffix(_SUFFIX)
    turns = len(set(_TURN.findall(data)))  # swipes have one parent
    events, _ = decode_log(data if not turns else b"\n".join(_rare_lines(data)))
    tree = fold(events)
    turns = turns or len({event.body.parent for event in events if isinstance(event.body, TurnAdded)})
    mode = tree.properties.get("mode")
    last = _last_time(data) or changed
    return ChatSummary(
        name, path, tree.title or name, tree.characters, turns, last, mode=mode if isinstance(mode, str) else ""
    )


def _rare_lines(data: bytes) -> Iterator[bytes]:
    for mark in _RARE:
        place = data.find(mark)
        while place >= 0:
            end = data.find(b"\n", place)
            end = len(data) if end < 0 else end
            yield data[data.rfind(b"\n", 0, place) + 1 : end]
            place = data.find(mark, end)


def _last_time(data: bytes) -> float:
    end = len(data)
    for _ in range(_LAST_LINES):
        start = data.rfind(b"\n", 0, end) + 1
        events, _ = decode_log(data[start:end])
        if events:
            return events[-1].at
        if start == 0:
            break
        end = start - 1
    return 0.0


def _names_chat(body: Body) -> bool:
    return isinstance(body, PropertySet) and body.key == "title"


def _names(title: str) -> Iterator[str]:
    """File names for a chat called ``title``, without end."""
    return (stem + _SUFFIX for stem in stems(title, "chat"))


def _not_found(name: str, known: Iterable[str]) -> NotFoundError:
    by_fold = {text.casefold(): text for text in known}
    from difflib import get_close_matches

    near = get_close_matches(name.casefold(), by_fold, n=1)
    hint = f"Nearest: {by_fold[near[0]]}" if near else "tavern-tui log lists the chats."
    return NotFoundError(f"No chat is called {name}.", hint=hint)
