"""SillyTavern's sets of quick replies as things to be kept and written back, with every field of them.

Reading them for use is ``formats.quick_replies``'s. Source: ``docs/spec/sillytavern-prompts.md`` §10.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.formats.json_text import write_json
from tavern_tui.formats.quick_replies import listed_replies, reply_of
from tavern_tui.formats.yaml_text import read_json_or_yaml


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
    value = read_json_or_yaml(data, where=where)
    if not is_reply_set(value):
        raise FormatError("No quick replies are inside.", where=where)
    remarks = []
    for number, item in enumerate(listed_replies(value) or []):
        runs = [key for key in item if _runs_itself(key) and item[key] is True] if isinstance(item, dict) else []
        if runs:
            remarks.append(Remark(f"{number}.{runs[0]}", "It is kept in the file; nothing is sent by itself here."))
        if isinstance(item, dict) and "|" in str(item.get("message", "")) and str(item["message"]).startswith("/"):
            remarks.append(Remark(f"{number}.message", "It is a script: only its first command is understood here."))
    named = value.get("name")
    kept = tuple(reply_of(item) or QuickReply("", "") for item in listed_replies(value) or [])
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
    if source is not None and (reply_of(source) or QuickReply("", "")) == reply:
        return source
    message = "mes" if old else "message"
    fresh: dict[str, Any] = {} if old else {"id": at + 1, "isHidden": False, "executeOnStartup": False}
    return {**(source if isinstance(source, dict) else fresh), "label": reply.label, message: reply.message}


def _runs_itself(key: Any) -> bool:
    return isinstance(key, str) and key.startswith(("executeOn", "autoExecute"))
