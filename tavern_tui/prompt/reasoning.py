"""Thinking and reply told apart while they stream, by the tags round the thinking; and thinking written down again.

Tags may be cut anywhere between two pieces. A closing tag without an opening one means that all before it was thinking:
so do models whose template opens the tag itself. What families write besides, between thinking and reply, is in
``MARKS``. Source: ``docs/spec/instruct-formats.md`` §5; ``docs/reasoning.md`` explains it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tavern_tui.domain.request import Message, Role

if TYPE_CHECKING:
    from tavern_tui.domain.template import InstructTemplate
    from tavern_tui.domain.thinking import Thinking


@dataclass(frozen=True, slots=True)
class Marks:
    """What a family writes besides its two tags: ``openings`` begin thinking, too; ``silent`` ones are dropped.

    ``between`` stands between finished thinking and the closing tag.
    """

    openings: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    between: str = ""


MARKS: dict[str, Marks] = {
    "<|channel|>analysis<|message|>": Marks(
        ("<|channel|>commentary<|message|>",),
        ("<|end|>", "<|start|>assistant", "<|return|>"),
        "<|end|><|start|>assistant",
    ),
    "<|think|>": Marks(silent=("<|end|>", "<|begin|>assistant"), between="<|end|><|begin|>assistant"),
    "<|START_THINKING|>": Marks(silent=("<|START_RESPONSE|>", "<|END_RESPONSE|>")),
}
"""By the opening tag of the family."""

_TAG = re.compile(r"<[^<>\s]+>|\[/?[A-Z]+\]")
_USUAL = ("<think>", "</think>")
KNOWN: tuple[tuple[str, str], ...] = (
    _USUAL,
    ("<thinking>", "</thinking>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel>thought", "<channel|>"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("[THINK]", "[/THINK]"),
)
"""The tags that are looked for at the beginning of a reply whose family is not known to think."""

SOFT_SWITCHES = {"Qwen 3": "/no_think"}
"""By the family's name: what a message of the user's says to a model that is not to think."""

_LEVELS = {"low": "Reasoning: low", "on": "Reasoning: medium"}
"""How a family that is told how much to think is told, by the value of ``Thinking``."""


@dataclass(frozen=True, slots=True)
class Split:
    """What a piece added. ``reclaimed``: all reply text given before was thinking after all."""

    reply: str = ""
    reasoning: str = ""
    reclaimed: bool = False


class Splitter(Protocol):
    """What tells thinking and reply apart."""

    @property
    def reply(self) -> str:
        """The reply so far."""
        ...

    @property
    def reasoning(self) -> str:
        """The thinking so far."""
        ...

    @property
    def thinking(self) -> bool:
        """Whether what comes next is thinking, as far as is known."""
        ...

    def feed(self, text: str) -> Split:
        """What can be told of the text so far; a possible beginning of a tag at its end is held back."""
        ...

    def finish(self) -> Split:
        """The stream has ended: what was held back is text."""
        ...


def splitter_for(opening: str, closing: str, *, thinking: bool = False, thoughts: str = "") -> Splitter:
    """What splits the stream of a family with these tags; empty ones: of a family that is not known to think.

    ``thinking``: the prompt ended inside an open tag, with ``thoughts`` behind it.
    """
    if not (opening and closing):
        return LeadingThoughts()
    splitter = ReasoningSplitter(opening, closing, thinking=thinking)
    splitter.reasoning = thoughts
    return splitter


class ReasoningSplitter:
    """Feed it a stream; ``reply`` and ``reasoning`` are the whole texts so far.

    ``thinking`` says that the prompt ended inside an open tag. Empty tags split nothing. A tag that is opened again
    inside of thinking is text there, and its closing one ends the thinking only for as long as no second one comes.
    ``opens=False``: thinking began before the text if there was any, so that an opening tag is text.
    """

    def __init__(
        self, opening: str = "<think>", closing: str = "</think>", *, thinking: bool = False, opens: bool = True
    ) -> None:
        self._opening, self._closing = opening, closing
        marks = MARKS.get(opening, Marks())
        self._channels = opening in MARKS  # the family names channels: its tags do not nest
        self._openings = (opening, *marks.openings) if opens else ()
        self._tags = (*self._openings, closing, *marks.silent)
        self._longest = max(len(tag) for tag in self._tags)
        self._thinking = thinking
        self._seen = thinking
        self._inner = 0
        self._said_before = False
        self._after_tag = False
        self._held = ""
        self.reply = ""
        self.reasoning = ""

    @property
    def thinking(self) -> bool:
        """Whether what comes next is thinking, as far as is known."""
        return self._thinking

    def feed(self, text: str) -> Split:
        """What can be told of the text so far; a possible beginning of a tag at its end is held back."""
        if not (self._opening and self._closing):
            return self._take(text)
        self._held += text
        total = Split()
        while (found := self._next_tag()) is not None:
            at, tag = found
            total = _added(total, self._take(self._held[:at]))
            self._held = self._held[at + len(tag) :]
            total = _added(total, self._turn(tag))
        keep = self._partial()
        ready, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return _added(total, self._take(ready))

    def finish(self) -> Split:
        """The stream has ended: what was held back is text."""
        rest, self._held = self._held, ""
        return self._take(rest)

    def _next_tag(self) -> tuple[int, str] | None:
        found = [(self._held.find(tag), tag) for tag in self._tags if tag in self._held]
        return min(found, default=None)

    def _turn(self, tag: str) -> Split:
        """Pass a tag."""
        if tag in self._openings:
            return self._open(tag)
        if tag == self._closing:
            return self._close()
        self._after_tag = True
        return Split()

    def _open(self, tag: str) -> Split:
        """Thinking begins. Inside of thinking, a tag is text, unless nothing was thought yet or it names a channel."""
        if self._thinking and not self._channels and self.reasoning.strip():
            self._inner += 1
            return self._take(tag)
        if not self._thinking:
            self._said_before = bool(self.reply.strip())
        self._after_tag = self._thinking = self._seen = True
        return Split()

    def _close(self) -> Split:
        """Thinking ends; where it had ended, or never begun, what was said since then was thinking after all."""
        was_seen, was_thinking, self._seen = self._seen, self._thinking, True
        if not self._openings and (was_seen or self._opening in self.reply):
            return self._take(self._closing)
        self._after_tag, self._thinking = True, False
        if was_thinking or (was_seen and (not self._inner or self._said_before)):
            return Split()
        reclaimed = self._closing + self.reply if was_seen else self.reply
        self._inner -= 1 if was_seen else 0
        self.reply = ""
        self.reasoning += reclaimed
        return Split(reasoning=reclaimed, reclaimed=True)

    def _take(self, text: str) -> Split:
        if self._after_tag:
            text = text.lstrip("\r\n")
            self._after_tag = not text
        if self._thinking:
            self.reasoning += text
            return Split(reasoning=text)
        self.reply += text
        return Split(reply=text)

    def _partial(self) -> int:
        """Length of the longest end of the held text that a tag may begin with."""
        longest = min(len(self._held), self._longest - 1)
        ends = (self._held[len(self._held) - length :] for length in range(longest, 0, -1))
        return next((len(end) for end in ends if any(tag.startswith(end) for tag in self._tags)), 0)


class LeadingThoughts:
    """Splits a reply that begins with one of the ``KNOWN`` tags; elsewhere an opening tag is text.

    For models of which nothing says that they think: merges under another family's template, unknown servers. The
    first ``</think>`` without an opening one says it, too.
    """

    def __init__(self) -> None:
        self._held = ""
        self._splitter: ReasoningSplitter | None = None

    @property
    def thinking(self) -> bool:
        """Whether what comes next is thinking, as far as is known."""
        return self._splitter is not None and self._splitter.thinking

    @property
    def reply(self) -> str:
        """The reply so far."""
        return self._splitter.reply if self._splitter is not None else ""

    @property
    def reasoning(self) -> str:
        """The thinking so far."""
        return self._splitter.reasoning if self._splitter is not None else ""

    def feed(self, text: str) -> Split:
        """What can be told of the text so far; as long as it may be the beginning of a tag, nothing."""
        if self._splitter is not None:
            return self._splitter.feed(text)
        self._held += text
        begun = self._held.lstrip()
        if any(opening.startswith(begun) and opening != begun for opening, _ in KNOWN):
            return Split()
        tags = next((pair for pair in KNOWN if begun.startswith(pair[0])), None)
        return self._split(tags)

    def finish(self) -> Split:
        """The stream has ended: what was held back is text."""
        before = Split() if self._splitter is not None else self._split(None)
        assert self._splitter is not None
        return _added(before, self._splitter.finish())

    def _split(self, tags: tuple[str, str] | None) -> Split:
        """Go on with the splitter for ``tags``, or with one that splits nothing."""
        held, self._held = self._held, ""
        self._splitter = ReasoningSplitter(*tags) if tags else ReasoningSplitter(*_USUAL, opens=False)
        return self._splitter.feed(held.lstrip() if tags else held)


def tags_of(opening: str, closing: str) -> tuple[str, ...]:
    """The single tags round a family's thinking, which are tokens of their own in many vocabularies."""
    marks = MARKS.get(opening, Marks())
    found = (tag for text in (opening, closing, *marks.openings, *marks.silent) for tag in _TAG.findall(text))
    return tuple(dict.fromkeys(found))


def thoughts_written(template: InstructTemplate, thoughts: str) -> str:
    """``thoughts`` as the family writes them before a reply of the past, tags and all."""
    opening, closing = template.reasoning_open, template.reasoning_close
    closed = template.reasoning_closed or f"{opening}\n\n{closing}\n\n"
    before, found, after = closed.partition(closing)
    filler = ""
    if opening in before:
        begun, _, filler = before.partition(opening)
        head = begun + opening
    else:
        head = template.reasoning_prefill or opening
    blank = "\n" if "\n" in filler else ""
    head = head if head.endswith("\n") else head + blank
    return f"{head}{thoughts.strip()}{blank}{MARKS.get(opening, Marks()).between}{found}{after}"


def thoughts_begun(template: InstructTemplate, thoughts: str) -> str:
    """The opening of the thinking with ``thoughts`` behind it, for a model that is to go on with them."""
    return (template.reasoning_prefill or template.reasoning_open) + thoughts


def thoughts_closed(template: InstructTemplate) -> str:
    """Thinking that is over before it began, as a template has it; "" where the family does not think."""
    if not template.reasoning_open:
        return ""
    return template.reasoning_closed or f"{template.reasoning_open}\n\n{template.reasoning_close}\n\n"


def at_level(template: InstructTemplate, level: Thinking) -> InstructTemplate:
    """The template of a family that is told how much to think, saying ``level``; every other one as it is."""
    told = _LEVELS.get(level.value, "")
    prefix = template.story_string_prefix
    if not told or _LEVELS["on"] not in prefix:
        return template
    return replace(template, story_string_prefix=prefix.replace(_LEVELS["on"], told))


def softly_switched(messages: Sequence[Message], template: InstructTemplate | None) -> tuple[Message, ...]:
    """The messages with the family's own words against thinking in the newest one of the user's.

    For servers that have no switch of their own. Unchanged where the family knows no such words.
    """
    words = SOFT_SWITCHES.get(template.name, "") if template is not None else ""
    last = max((at for at, one in enumerate(messages) if one.role is Role.USER), default=-1)
    if not words or last < 0:
        return tuple(messages)
    told = replace(messages[last], content=f"{messages[last].content} {words}".lstrip())
    return (*messages[:last], told, *messages[last + 1 :])


def without_thoughts(text: str, opening: str = "", closing: str = "") -> str:
    """A stored reply without the thinking that stands at its beginning, between the usual tags or a family's own.

    Such texts come from chats of programs that keep the two together. Nothing else is changed.
    """
    for begin, end in dict.fromkeys(((opening, closing), _USUAL)):
        if not (begin and end) or end not in text:
            continue
        if text.lstrip().startswith(begin) or begin not in text:
            splitter = ReasoningSplitter(begin, end)
            splitter.feed(text)
            splitter.finish()
            return splitter.reply
    return text


def _added(one: Split, other: Split) -> Split:
    if other.reclaimed:
        return Split("", one.reasoning + other.reasoning, reclaimed=True)
    return Split(one.reply + other.reply, one.reasoning + other.reasoning, one.reclaimed)
