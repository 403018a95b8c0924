"""What is kept of the last prompt of each chat, on this machine: a small file in the state folder, without any text.

It tells how the next prompt differs from it, and where the history began, so that a chat that is opened again goes on
with the prompt that the engine may still have in memory. It is no part of the chat: without it nothing is lost.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import StorageError, TavernError
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.reading import read_bytes

if TYPE_CHECKING:
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.prompt.plan_record import PromptRecord

_SUFFIX = ".prompt.json"
_LARGEST = 4 * 1024 * 1024  # bytes; a record of a thousand parts has a fortieth of it


def keep(log: ChatLog, plan: PromptPlan, turn: str, model: str, at: float) -> None:
    """Keep what ``plan`` was, whose reply is ``turn``, in place of the chat's last prompt. Blocks.

    ``at`` is Unix time in seconds. A disk that refuses keeps nothing, and nobody is told; nor is anything kept where no
    turn came of the plan.
    """
    from tavern_tui.prompt.plan_record import record_of

    if not turn:
        return
    record = record_of(plan, turn=turn, at=at, model=model)
    data = json.dumps(record.as_dict(), ensure_ascii=True, separators=(",", ":")).encode("ascii")
    if not log.kept:
        log.beside[_SUFFIX] = data
        return
    try:
        write_atomic(_path(log), data)
    except StorageError:
        pass  # the reply is what must be saved; where it was, the next prompt is only explained less well


def last(log: ChatLog) -> PromptRecord | None:
    """The record of the chat's last prompt; ``None`` where there is none that can be read. Blocks."""
    path = _path(log)
    if _SUFFIX not in log.beside and not path.is_file():
        return None
    from tavern_tui.prompt.plan_record import read_record

    try:
        return read_record(json.loads(log.beside.get(_SUFFIX) or read_bytes(path, _LARGEST)))
    except (TavernError, ValueError, RecursionError):
        return None


def _path(log: ChatLog) -> Path:
    return log.state / f"{log.key}{_SUFFIX}"
