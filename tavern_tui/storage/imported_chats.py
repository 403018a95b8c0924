"""Chats that came from other programs: which of ours they are, and new ones, whole from their first moment on.

What their events are is put together in ``session.chat_import``; the folder of all chats is ``chat_store``.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.events import ChatEvent, ChatStarted, PropertySet
from tavern_tui.formats.chatlog import decode_log, encode
from tavern_tui.storage.atomic import make_folder, sync_folder, write_all
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.reading import open_regular

_HEAD = 64 * 1024  # bytes from a log's start that are looked at
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EMLINK})


@dataclass(frozen=True, slots=True)
class ChatHead:
    """The beginning of a chat's log: its file's name, how it started, and the keys of its first properties."""

    name: str
    chat_id: str
    characters: tuple[str, ...]
    properties: tuple[str, ...]


def heads(store: ChatStore) -> Iterator[ChatHead]:
    """The beginnings of all chats of ``store``; what cannot be read is left out. Raises ``StorageError``."""
    for chat in store.list():
        try:
            with open_regular(chat.path) as file:
                data = file.read(_HEAD)
        except (TavernError, OSError):
            continue
        whole = data if len(data) < _HEAD else data[: data.rfind(b"\n") + 1]
        events, _ = decode_log(whole)
        started = next((event for event in events if isinstance(event.body, ChatStarted)), None)
        if started is not None and isinstance(started.body, ChatStarted):
            keys = tuple(event.body.key for event in events if isinstance(event.body, PropertySet))
            yield ChatHead(chat.path.name, started.id, started.body.characters, keys)


def create(store: ChatStore, title: str, events: Sequence[ChatEvent]) -> ChatLog:
    """A new chat of these events, the first of which starts it, in a file named after ``title``.

    The file is there whole or not at all. Raises ``StorageError``.
    """
    data = b"".join(encode(event) + b"\n" for event in events)
    for name in store.free_names(title):
        try:
            _write_new(store.folder / name, data)
        except FileExistsError:
            continue  # another program was faster
        return store.open(name)
    raise AssertionError("names never end")


def _write_new(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, durably and in one step. Raises ``FileExistsError``, ``StorageError``."""
    make_folder(path.parent)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        _write(temporary, data)
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
            temporary.replace(path)
        sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
