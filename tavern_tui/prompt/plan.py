"""``PromptPlan``: what a prompt consists of, before it is a string.

An ordered list of parts, each with kind, source, text, token count, and whether and why it is in, out or cut. The
prompt as text, as segments, as chat messages and as JSON are all read from the same parts; how a plan is made is
``prompt.assemble``. Shapes: ``docs/architecture.md`` §3.4 and §5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from itertools import takewhile
from typing import Any

from tavern_tui.domain.events import PromptKept
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.prompt import chat_messages
from tavern_tui.prompt.chat_messages import ChatForm


class PartKind(Enum):
    """What a part of a prompt is."""

    SYSTEM_PROMPT = "system prompt"
    DESCRIPTION = "description"
    PERSONALITY = "personality"
    SCENARIO = "scenario"
    PERSONA = "persona"
    LORE = "lore"
    EXAMPLE = "example dialogue"
    CHAT_START = "chat start"
    TURN = "turn"
    NOTE = "author's note"
    CHARACTER_NOTE = "character note"
    POST_HISTORY = "post-history instructions"
    REPLY_LINE = "reply line"
    PREFILL = "prefill"
    MARKUP = "markup"
    SCRIPT = "regex script"
    QUIET = "quiet prompt"
    INSTRUCTION = "instruction"
    SUMMARY = "summary"
    AFTER = "text after"


_HEAD = frozenset(
    {
        PartKind.SYSTEM_PROMPT,
        PartKind.DESCRIPTION,
        PartKind.PERSONALITY,
        PartKind.SCENARIO,
        PartKind.PERSONA,
        PartKind.LORE,
        PartKind.MARKUP,
    }
)


class PartState(Enum):
    """Whether a part is read by the model. ``CUT`` stands for text that was there but had no room."""

    IN = "in"
    OUT = "out"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class LoreEffect:
    """A lore entry that stays in (``sticky``) or out (a cooldown) until the chat has ``end`` turns.

    ``start`` is the number of turns at which it began. ``mark`` changes with the entry; an empty
    one, which a chat of another program brings, fits the entry whatever it is. ``protected``: it does not end when the
    chat has not grown since.
    """

    sticky: bool
    book: str
    uid: int
    mark: str
    start: int
    end: int
    protected: bool = False


@dataclass(frozen=True, slots=True)
class LoreState:
    """What one prompt's lore leaves behind for the next."""

    effects: tuple[LoreEffect, ...] = ()


NO_LORE_STATE = LoreState()
"""The state of a chat in which nothing has fired that lasts."""


@dataclass(frozen=True, slots=True)
class FiredEntry:
    """A lore entry that fired: its book, its number there, its title (else its first key), and what made it fire."""

    book: str
    uid: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the prompt: ``body`` with the template's markup round it.

    ``source`` says where the body comes from (a card's field, a turn's speaker). ``tokens`` counts the whole text.
    ``reason`` says in a few words why the part is not in, or what made lore fire. ``role`` is who says it in a chat
    completion. ``token_ids`` are the body's own, where the engine that will read it sampled them. In a plan for chat
    completion a part is a message, sent with ``name``, unless it ``joins`` the message of the part before it.
    """

    kind: PartKind
    source: str
    body: str
    opening: str = ""
    closing: str = ""
    tokens: int = 0
    state: PartState = PartState.IN
    reason: str = ""
    turn_id: str = ""
    role: Role = Role.SYSTEM
    token_ids: tuple[int, ...] | None = None
    name: str = ""
    joins: bool = False

    @property
    def text(self) -> str:
        """The part as it stands in the prompt, markup included."""
        return self.opening + self.body + self.closing

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "kind": self.kind.value,
            "source": self.source,
            "state": self.state.value,
            "reason": self.reason,
            "tokens": self.tokens,
            "role": self.role.value,
            "name": self.name,
            "turn": self.turn_id,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """A planned prompt. The texts of the parts that are in, joined, are the prompt.

    ``context_tokens`` and ``response_tokens`` are what was planned for; ``first_turn`` is the id of the oldest turn
    that is in (empty when none is) and belongs into the next ``PromptInput``. ``prefill`` is the beginning of the
    reply that the prompt already holds: for a continuation the text being continued. ``reasoning_open`` and
    ``reasoning_close`` are the tags round the model's thinking. ``fired`` are the lore entries in the order in which
    they fired, ``lore_state`` is what lasts of them. ``padding`` are tokens of the limit that no part may use: the
    count of the whole prompt may differ from the sum of its parts' by so many. ``chat`` is there where the plan was
    made for chat completion. ``variables`` and ``global_variables`` are what macros left of those that the prompt was
    given; ``banned`` are strings that macros ask to be kept out of the reply. ``thoughts`` are what the prompt ends
    with of the model's thinking, which the reply goes on with. ``suffix`` is the text behind a gap that the server is
    given beside the prompt; its part is no part of the prompt's text.
    """

    parts: tuple[Part, ...]
    stop: tuple[str, ...]
    context_tokens: int
    response_tokens: int
    template: str
    context_template: str
    policy: str
    first_turn: str = ""
    prefill: str = ""
    reasoning_open: str = ""
    reasoning_close: str = ""
    control_tokens: tuple[str, ...] = field(default=(), repr=False)
    fired: tuple[FiredEntry, ...] = ()
    lore_state: LoreState = NO_LORE_STATE
    padding: int = 0
    chat: ChatForm | None = None
    variables: Mapping[str, str] = field(default=EMPTY)
    global_variables: Mapping[str, str] = field(default=EMPTY)
    banned: tuple[str, ...] = ()
    thoughts: str = ""
    kept: PromptKept | None = None
    step: int = 0
    suffix: str = ""

    @property
    def included(self) -> tuple[Part, ...]:
        """The parts that the model reads, in order."""
        return tuple(part for part in self.parts if part.state is PartState.IN)

    @property
    def text(self) -> str:
        """The whole prompt."""
        return "".join(part.text for part in self._written)

    @property
    def tokens(self) -> int:
        """Tokens of the whole prompt, as counted."""
        return sum(part.tokens for part in self.included)

    @property
    def summary(self) -> str:
        """Of which turns summaries are read in their place, in words; empty where none is."""
        return " · ".join(part.source for part in self.included if part.kind is PartKind.SUMMARY)

    @property
    def limit(self) -> int:
        """The most tokens that the prompt may have."""
        return self.context_tokens - self.response_tokens

    def segments(self) -> tuple[Segment, ...]:
        """The prompt for text completion.

        A segment ends at the end of a turn's opening or of a turn, directly after a newline or a control token, and
        nowhere else but round sampled token ids; those stand alone, between such an end and a control token. Equal
        turns give equal segments in every plan.
        """
        return tuple(self._segments())

    @property
    def head(self) -> int:
        """How many of ``segments()`` stand before examples, notes and turns: they change least from reply to reply."""
        room = sum(len(part.text) for part in takewhile(lambda part: part.kind in _HEAD, self.included))
        count = 0
        for segment in self._segments():
            room -= len(segment.text)
            if room < 0:
                break
            count += 1
        return count

    def messages(self, *, strict: bool = False) -> tuple[Message, ...]:
        """The prompt for chat completion, without the reply line and the prefill (send ``prefill`` beside it).

        ``strict``: one system message, then user and assistant taking turns, the user first, for servers whose
        template refuses anything else.
        """
        reply = (PartKind.REPLY_LINE, PartKind.PREFILL)
        spoken = [part for part in self.included if part.kind not in reply]
        if self.chat is not None:
            return self.chat.messages(spoken, strict=strict)
        return chat_messages.render(spoken, strict=strict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: what ``tavern-tui prompt --json`` prints (``docs/prompt.md``)."""
        return {
            "template": self.template,
            "context_template": self.context_template,
            "policy": self.policy,
            "context_tokens": self.context_tokens,
            "response_tokens": self.response_tokens,
            "limit": self.limit,
            "tokens": self.tokens,
            "padding": self.padding,
            "first_turn": self.first_turn,
            "step": self.step,
            "prefill": self.prefill,
            "stop": list(self.stop),
            "fired": [asdict(entry) for entry in self.fired],
            "messages": [message.as_dict() for message in self.messages()] if self.chat is not None else None,
            "parts": [part.as_dict() for part in self.parts],
        }

    @property
    def _written(self) -> tuple[Part, ...]:
        """The parts that stand in the prompt's text."""
        return tuple(part for part in self.included if not (self.suffix and part.kind is PartKind.AFTER))

    def _segments(self) -> Iterator[Segment]:
        held = ""
        for part in self._written:
            held += part.opening
            if part.opening and self._may_end(held):
                yield Segment(held)
                held = ""
            if part.token_ids is not None and not held and part.closing.startswith(self.control_tokens or ("\0",)):
                yield Segment(part.body, part.token_ids)
                held = part.closing
            else:
                held += part.body + part.closing
            if part.closing and self._may_end(held):
                yield Segment(held)
                held = ""
        if held:
            yield Segment(held)

    def _may_end(self, text: str) -> bool:
        return text.endswith(("\n", *self.control_tokens))
