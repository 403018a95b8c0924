"""``QuickReply``: a message, or a slash command, that one key sends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuickReply:
    """What lists call it, and what is sent. Macros in it are expanded as in any message."""

    label: str
    message: str
