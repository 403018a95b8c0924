"""The prompt as the messages of a chat completion: how the parts of a plan become what is sent.

A plan that was made for text completion gives messages too (``render``); one that was made for chat completion says
itself which part belongs to which message (``ChatForm``). Stands on the parts of a plan and knows no budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tavern_tui.domain.chat_completion import PostProcessing
from tavern_tui.domain.request import Message, Role
from tavern_tui.prompt.chat_completion.post_process import (
    BREAK,
    NOBODY,
    OPENING_TURN,
    Speakers,
    post_process,
)

__all__ = ["OPENING_TURN", "ChatForm", "Spoken", "render"]


class Spoken(Protocol):
    """What is needed of a part: its text, the markup round it, and who says it."""

    @property
    def role(self) -> Role:
        """Who says it."""
        ...

    @property
    def name(self) -> str:
        """The name that is sent with it."""
        ...

    @property
    def joins(self) -> bool:
        """Whether it goes on the message of the part before it."""
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


@dataclass(frozen=True, slots=True)
class ChatForm:
    """That a plan was made for chat completion, and how its messages are changed before they are sent.

    ``prefill`` is the reply's given beginning, to be told to an engine beside the messages. ``joint`` stands between a
    turn that is gone on with and what the model adds to it. ``cut`` are the stop strings whose beginnings SillyTavern
    takes off a reply's end, though it does not send them. ``open``: the last of the messages is what the reply goes on
    from, and is told as the given beginning alone.
    """

    post_processing: PostProcessing = PostProcessing.NONE
    speakers: Speakers = NOBODY
    prefill: str = ""
    joint: str = ""
    cut: tuple[str, ...] = ()
    open: bool = False

    def messages(self, parts: Sequence[Spoken], *, strict: bool = False) -> tuple[Message, ...]:
        """The messages: a part is one of its own unless it ``joins``; empty ones are left out."""
        made: list[Message] = []
        for part in parts:
            text = part.opening + part.body + part.closing
            if part.joins and made:
                made[-1] = Message(made[-1].role, made[-1].content + text, made[-1].name)
            else:
                made.append(Message(part.role, text, part.name))
        sent = [message for message in made if message.content]
        if self.open and sent:
            sent.pop()
        how = (
            PostProcessing.STRICT
            if strict and self.post_processing is not PostProcessing.SINGLE
            else self.post_processing
        )
        return post_process(sent, how, self.speakers)


def render(parts: Sequence[Spoken], *, strict: bool = False) -> tuple[Message, ...]:
    """One message per run of parts with the same role; parts of one block join directly, others with a blank line.

    ``strict``: system text that stands after the first message becomes the user's, and a chat that the assistant
    opens gets ``OPENING_TURN`` before it. Empty messages are left out.
    """
    messages: list[Message] = []
    previous: Spoken | None = None
    for part in parts:
        if messages and messages[-1].role is part.role and previous is not None:
            same_block = not part.opening and not previous.closing.strip()
            joint = previous.closing if same_block else BREAK
            messages[-1] = Message(part.role, messages[-1].content + joint + part.body)
        else:
            messages.append(Message(part.role, part.body))
        previous = part
    trimmed = (Message(message.role, message.content.strip()) for message in messages)
    made = tuple(message for message in trimmed if message.content)
    return post_process(made, PostProcessing.STRICT, NOBODY) if strict else made
