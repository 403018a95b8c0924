"""Left-over journals become interrupted turns; running ones are reported (``docs/architecture.md`` §3.3).

Called when a chat is opened, and again whenever a running reply's writer is found to be gone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.events import ChatEvent, Speaker, TextExtended, TurnAdded
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import SUFFIX, JournaledReply, ReplyStart, recovery_lock, remove
from tavern_tui.storage.locks import is_held
from tavern_tui.storage.mailbox import drop_orphans

_DAMAGED = ".damaged"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found: events ``recovered`` now, replies still ``running`` elsewhere, and journals set aside.

    ``set_aside`` are journals whose beginning cannot be read, so that nobody knows which chat they belong to; they are
    renamed and kept.
    """

    recovered: tuple[ChatEvent, ...] = ()
    running: tuple[JournaledReply, ...] = ()
    set_aside: tuple[Path, ...] = ()


def recover(log: ChatLog) -> Recovery:
    """Look through the journals of ``log``: finish what is left over, exactly once, and report what is running.

    A chat that may not be written to keeps its journals for later. Where the state folder cannot be used nothing is
    found: the chat can be read all the same, and the first write tells what is wrong. Raises ``StorageError``.
    """
    if not os.access(log.state, os.R_OK | os.W_OK | os.X_OK) or not log.state.is_dir():
        return Recovery()
    recovered: list[ChatEvent] = []
    running: list[JournaledReply] = []
    set_aside: list[Path] = []
    with recovery_lock(log.state):
        drop_orphans(log.state, SUFFIX)
        log.refresh()
        for path in journals(log.state):
            held = is_held(path)  # asked before reading: a journal that nobody holds does not change any more
            try:
                reply = JournaledReply.read(path)
            except FileNotFoundError:
                continue
            if reply is None:
                if not held and (damaged := _set_aside(path)):
                    set_aside.append(damaged)
            elif not belongs(reply.facts, log):
                continue
            elif held:
                running.append(reply)
            elif log.read_only is None:
                recovered += _finish(log, reply)
    return Recovery(tuple(recovered), tuple(running), tuple(set_aside))


def _finish(log: ChatLog, reply: JournaledReply) -> tuple[ChatEvent, ...]:
    facts = reply.facts
    events: tuple[ChatEvent, ...] = ()
    something = reply.text.strip() or (reply.reasoning and not facts.turn)
    if something and not log.knows(facts.event_id):
        body = facts.body(reply.text, reply.reasoning)
        events = log.append_from(lambda tree: [_in_place(body, tree)], event_id=facts.event_id)
    remove(reply.path)
    return events


def _in_place(body: TurnAdded | TextExtended, tree: ChatTree) -> TurnAdded | TextExtended:
    """``body`` behind a message that somebody sent since: beside it, one would be taken for a swipe of the other."""
    if isinstance(body, TurnAdded):
        beside = next((turn for turn in tree.walk_back() if turn.parent == body.parent), None)
        if beside is not None and beside.speaker is Speaker.USER:
            return replace(body, parent=tree.tip)
    return body


def belongs(facts: ReplyStart, log: ChatLog) -> bool:
    """Whether a journal is of ``log``: by the log's place; by the chat's own id where its file moved."""
    return facts.key == log.key or (facts.chat == log.chat_id != "" and not Path(facts.path).exists())


def _set_aside(path: Path) -> Path | None:
    """Rename a journal that says nothing readable; remove an empty one; leave a later version's where it is."""
    try:
        content = path.read_bytes()
        if ReplyStart.is_newer(content.partition(b"\n")[0]):
            return None
        if not content.strip(b"\0 \r\n"):
            remove(path)
            return None
        return path.replace(path.with_suffix(_DAMAGED))
    except OSError as error:
        raise storage_error(error, path) from error


def journals(state: Path) -> list[Path]:
    """The journals of all chats in ``state``, running and left over. Raises ``StorageError``."""
    try:
        return sorted(path for path in state.iterdir() if path.name.endswith(SUFFIX))
    except OSError as error:
        raise storage_error(error, state) from error
