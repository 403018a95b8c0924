"""Copies of a chat: one to write on, and taking in what was written in another copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import ChatEvent, ChatStarted
from tavern_tui.formats.chatlog import decode_log
from tavern_tui.session.reading_chats import find_chat, open_for_reading
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.reading import read_bytes

MOST_BYTES = 1_000_000_000
"""The largest file that is merged, in bytes."""


@dataclass(frozen=True, slots=True)
class Merging:
    """What a merge did to the chat in the file ``path``: ``new`` events came from the other copy.

    ``problems`` are sentences about lines of the other copy that could not be read.
    """

    path: Path
    new: int
    problems: tuple[str, ...]


def copy_chat(workspace: Workspace, name: str, title: str) -> Path:
    """Write a copy of the chat that ``name`` means, called ``title``, for writing on; its file.

    Of a chat in a newer format it has what this version understands. The chat itself is left as it is, and may be one
    of those shipped. Raises ``NotFoundError``, ``StorageError``.
    """
    return workspace.chats.copy(open_for_reading(workspace, name).log, title).path


def merge_chat(workspace: Workspace, name: str, other: Path) -> Merging:
    """Take what is new in the copy at ``other`` into the user's chat that ``name`` means. ``other`` is only read.

    Raises ``NotFoundError``, ``StorageError``, and ``FormatError`` where ``other`` is not a copy of that chat.
    """
    log = find_chat(workspace, name)
    data = read_bytes(other, MOST_BYTES)
    events, _ = decode_log(data)
    if not events:
        raise FormatError(f"{other.name} is not a chat.", hint="Nothing was changed.", where=str(other))
    if not _same_chat(log, events):
        hint = f"{log.path.name} began otherwise. Nothing was changed."
        raise FormatError(f"{other.name} is a copy of another chat.", hint=hint, where=str(other))
    merged = log.merge(data)
    problems = tuple(f"{other}:{problem.line}: {problem.what} The rest of it was read." for problem in merged.problems)
    return Merging(log.path, len(merged.added), problems)


def _same_chat(log: ChatLog, events: list[ChatEvent]) -> bool:
    """Whether ``events`` tell the chat of ``log``: they began as one, or share some where a start is lost."""
    started = {event.id for event in events if isinstance(event.body, ChatStarted)}
    if started and log.chat_id:
        return log.chat_id in started
    return any(log.knows(event.id) for event in events)
