"""Quick replies: sets of messages that one key sends. Ours are YAML or JSON lists; SillyTavern's are read and written.

A list holds texts, or objects with ``label`` and ``message``. SillyTavern's sets: version 2 (``qrList``) and the older
one (``quickReplySlots``); what they run by themselves is not run here. Source: ``docs/spec/sillytavern-prompts.md``
§10.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.formats.json_text import write_json
from tavern_tui.formats.yaml_text import read_yaml

MOST = 1_000
"""Replies of one file that are read."""

_LABEL = 60  # characters


@dataclass(frozen=True, slots=True)
class ReadReplies:
    """The replies of a file, and what cannot be used of it, a sentence each."""

    replies: tuple[QuickReply, ...]
    problems: tuple[str, ...] = ()


def read_quick_replies(data: bytes, *, where: str) -> ReadReplies:
    """The replies that a file holds. Raises ``FormatError`` for one that holds no set at all."""
    found = read_yaml(data, where=where).value
    if found is None:
        return ReadReplies(())
    listed = _listed(found)
    if listed is None:
        raise FormatError(
            "No quick replies are inside.", where=where, hint="It is a list of texts, or a set of SillyTavern's."
        )
    replies, problems = [], []
    for number, item in enumerate(listed[:MOST], 1):
        if _switched_off(item):
            continue
        reply = _reply(item)
        if reply is None:
            problems.append(f"{where}: entry {number} has no message.")
        else:
            replies.append(reply)
    return ReadReplies(tuple(replies), tuple(problems))


def _listed(found: Any) -> list[Any] | None:
    if isinstance(found, list):
        return found
    named: Iterator[Any] = (
        (found.get(key) for key in ("qrList", "quickReplySlots")) if isinstance(found, dict) else iter(())
    )
    return next((value for value in named if isinstance(value, list)), None)


def _switched_off(item: Any) -> bool:
    return isinstance(item, dict) and (item.get("isHidden") is True or item.get("enabled") is False)


def _reply(item: Any) -> QuickReply | None:
    if isinstance(item, dict):
        message = item.get("message", item.get("mes"))
        label = item.get("label")
    else:
        message, label = item, None
    if not isinstance(message, str) or not message.strip():
        return None
    named = label if isinstance(label, str) and label.strip() else message
    return QuickReply(" ".join(named.split())[:_LABEL], message.strip())


@dataclass(frozen=True, slots=True)
class ReplySet:
    """A set of SillyTavern's: its replies in their order, hidden ones too, and the object that it was read from."""

    name: str
    replies: tuple[QuickReply, ...] = ()
    source: Mapping[str, Any] | None = None


def is_reply_set(value: object) -> bool:
    """Whether a parsed JSON file is a set of quick replies of SillyTavern's, of either version."""
    return isinstance(value, dict) and any(isinstance(value.get(key), list) for key in ("qrList", "quickReplySlots"))


def read_reply_set(data: bytes, name: str, *, where: str = "") -> tuple[ReplySet, tuple[Remark, ...]]:
    """The set in a file, with all of its fields, and what of it is not run here. Raises ``FormatError``."""
    where = where or name
    value = read_yaml(data, where=where).value
    if not is_reply_set(value):
        raise FormatError("No quick replies are inside.", where=where)
    remarks = []
    for number, item in enumerate(_listed(value) or []):
        runs = [key for key in item if _runs_itself(key) and item[key] is True] if isinstance(item, dict) else []
        if runs:
            remarks.append(Remark(f"{number}.{runs[0]}", "It is kept in the file; nothing is sent by itself here."))
        if isinstance(item, dict) and "|" in str(item.get("message", "")) and str(item["message"]).startswith("/"):
            remarks.append(Remark(f"{number}.message", "It is a script: only its first command is understood here."))
    named = value.get("name")
    kept = tuple(_reply(item) or QuickReply("", "") for item in _listed(value) or [])
    return ReplySet(named if isinstance(named, str) and named else name, kept, value), tuple(remarks)


def write_reply_set(replies: ReplySet) -> tuple[bytes, tuple[Remark, ...]]:
    """The set as SillyTavern's file: what it was read from, with what was changed; a new one as version 2."""
    source = replies.source or {"version": 2, "disableSend": False, "placeBeforeInput": False, "injectInput": False}
    key = "quickReplySlots" if "quickReplySlots" in source and "qrList" not in source else "qrList"
    before = source.get(key) or []
    listed = [
        _written_reply(reply, before[at] if at < len(before) else None, at, old=key != "qrList")
        for at, reply in enumerate(replies.replies)
    ]
    written = {**source, key: listed}
    if replies.source is None:
        written |= {"name": replies.name, "idIndex": len(listed)}
    return write_json(written), ()


def _written_reply(reply: QuickReply, source: Any, at: int, *, old: bool) -> Any:
    if source is not None and (_reply(source) or QuickReply("", "")) == reply:
        return source
    message = "mes" if old else "message"
    fresh: dict[str, Any] = {} if old else {"id": at + 1, "isHidden": False, "executeOnStartup": False}
    return {**(source if isinstance(source, dict) else fresh), "label": reply.label, message: reply.message}


def _runs_itself(key: Any) -> bool:
    return isinstance(key, str) and key.startswith(("executeOn", "autoExecute"))
