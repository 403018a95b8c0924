"""What a prompt is once it is rendered: segments of text for completion, or messages for chat.

These types stand between ``prompt``, which renders them, and ``engines``, which send them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

MOST_REPLIES = 16
"""Replies that can be asked for at once."""


class Role(Enum):
    """The roles of a chat completion."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of prompt text, with its token ids where they are known for the engine's own vocabulary.

    Borders between segments lie only directly after a special token or a newline, so that tokenising each segment by
    itself gives the tokens of the whole, byte for byte. Special tokens in ``text`` are parsed as such.
    """

    text: str
    token_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat completion. ``name`` is who says it, where a server is to be told; empty is not sent."""

    role: Role
    content: str
    name: str = ""

    def as_dict(self) -> dict[str, str]:
        """Under the names of OpenAI's API; no name where there is none."""
        named = {"name": self.name} if self.name else {}
        return {"role": self.role.value, **named, "content": self.content}


@dataclass(frozen=True, slots=True)
class FillIn:
    """How a model that fills in is given a text with a gap: the texts of three tokens.

    The prompt is ``before``, the text up to the gap, ``after``, the text behind it, ``middle``; the model then writes
    what goes between. All are empty where the server puts them itself, from ``Request.suffix``.
    """

    before: str = ""
    after: str = ""
    middle: str = ""

    @property
    def marks(self) -> tuple[str, ...]:
        """The tokens, which no text between them may hold."""
        return tuple(mark for mark in (self.before, self.after, self.middle) if mark)


def joined(segments: Sequence[Segment]) -> str:
    """The whole prompt as one string, for engines that take nothing finer."""
    return "".join(segment.text for segment in segments)
