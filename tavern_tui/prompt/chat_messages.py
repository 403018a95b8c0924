"""The prompt as the messages of a chat completion: bodies without template markup, by role.

Stands on the parts of a plan and knows no budget; what SillyTavern's prompt manager does is no part of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tavern_tui.domain.request import Message, Role

OPENING_TURN = "[Start]"
_BREAK = "\n\n"


class Spoken(Protocol):
    """What is needed of a part: its text, the markup round it, and who says it."""

    @property
    def role(self) -> Role:
        """Who says it."""
        ...

    @property
    def opening(self) -> str:
        """The markup before it."""
        ...

    @property
    def body(self) -> str:
        """Its text."""
        ...

    @property
    def closing(self) -> str:
        """The markup after it."""
        ...


def render(parts: Sequence[Spoken], *, strict: bool = False) -> tuple[Message, ...]:
    """One message per run of parts with the same role; parts of one block join directly, others with a blank line.

    ``strict``: system text that stands after the first message becomes the user's, and a chat that the assistant
    opens gets ``OPENING_TURN`` before it. Empty messages are left out.
    """
    messages: list[Message] = []
    previous: Spoken | None = None
    for part in parts:
        role = part.role
        if strict and role is Role.SYSTEM and any(message.role is not Role.SYSTEM for message in messages):
            role = Role.USER
        if strict and role is Role.ASSISTANT and not any(message.role is Role.USER for message in messages):
            messages.append(Message(Role.USER, OPENING_TURN))
        if messages and messages[-1].role is role and previous is not None:
            same_block = not part.opening and not previous.closing.strip()
            joint = previous.closing if same_block else _BREAK
            messages[-1] = Message(role, messages[-1].content + joint + part.body)
        else:
            messages.append(Message(role, part.body))
        previous = part
    trimmed = (Message(message.role, message.content.strip()) for message in messages)
    return tuple(message for message in trimmed if message.content)
