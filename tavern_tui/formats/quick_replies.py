"""Quick replies: sets of messages that one key sends. Ours are YAML or JSON lists; SillyTavern's are read, too.

A list holds texts, or objects with ``label`` and ``message``. SillyTavern's sets: version 2 (``qrList``) and the older
one (``quickReplySlots``); what they run by themselves is not run here. Source: ``docs/spec/sillytavern-prompts.md``
§10.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.formats.json_text import clean_text
from tavern_tui.formats.yaml_text import read_json_or_yaml

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
    found = read_json_or_yaml(data, where=where)
    if found is None:
        return ReadReplies(())
    listed = listed_replies(found)
    if listed is None:
        raise FormatError(
            "No quick replies are inside.", where=where, hint="It is a list of texts, or a set of SillyTavern's."
        )
    replies, problems = [], []
    for number, item in enumerate(listed[:MOST], 1):
        if _switched_off(item):
            continue
        reply = reply_of(item)
        if reply is None:
            problems.append(f"{where}: entry {number} has no message.")
        else:
            replies.append(reply)
    return ReadReplies(tuple(replies), tuple(problems))


def listed_replies(found: Any) -> list[Any] | None:
    """The list of replies in what a file holds; ``None`` where there is none."""
    if isinstance(found, list):
        return found
    named: Iterator[Any] = (
        (found.get(key) for key in ("qrList", "quickReplySlots")) if isinstance(found, dict) else iter(())
    )
    return next((value for value in named if isinstance(value, list)), None)


def _switched_off(item: Any) -> bool:
    return isinstance(item, dict) and (item.get("isHidden") is True or item.get("enabled") is False)


def reply_of(item: Any) -> QuickReply | None:
    """The reply that an entry of the list is; ``None`` for one without a message."""
    if isinstance(item, dict):
        message = item.get("message", item.get("mes"))
        label = item.get("label")
    else:
        message, label = item, None
    if not isinstance(message, str) or not message.strip():
        return None
    named = label if isinstance(label, str) and label.strip() else message
    return QuickReply(" ".join(clean_text(named).split())[:_LABEL], clean_text(message).strip())
