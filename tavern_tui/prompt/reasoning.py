"""Thinking and reply told apart while they stream, by the tags round the thinking.

Tags may be cut anywhere between two pieces. A closing tag without an opening one means that all before it was thinking:
so do models whose template opens the tag itself. What families write besides, between thinking and reply, is in
``MARKS``. Source: ``docs/spec/instruct-formats.md`` §5.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """What a family writes besides its two tags: ``openings`` begin thinking, too; ``silent`` ones are dropped."""

    openings: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


MARKS: dict[str, Marks] = {
    "<|channel|>analysis<|message|>": Marks(
        ("<|channel|>commentary<|message|>",), ("<|end|>", "<|start|>assistant", "<|return|>")
    ),
    "<|think|>": Marks(silent=("<|end|>", "<|begin|>assistant")),
    "<|START_THINKING|>": Marks(silent=("<|START_RESPONSE|>", "<|END_RESPONSE|>")),
}
"""By the opening tag of the family."""

_USUAL = ("<think>", "</think>")


@dataclass(frozen=True, slots=True)
class Split:
    """What a piece added. ``reclaimed``: all reply text given before was thinking after all."""

    reply: str = ""
    reasoning: str = ""
    reclaimed: bool = False


class ReasoningSplitter:
    """Feed it a stream; ``reply`` and ``reasoning`` are the whole texts so far.

    ``thinking`` says that the prompt ended inside an open tag. Empty tags split nothing.
    """

    def __init__(self, opening: str = "<think>", closing: str = "</think>", *, thinking: bool = False) -> None:
        self._opening, self._closing = opening, closing
        marks = MARKS.get(opening, Marks())
        self._openings = (opening, *marks.openings)
        self._tags = (*self._openings, closing, *marks.silent)
        self._thinking = thinking
        self._seen = thinking
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
        found = [(self._held.find(tag), tag) for tag in self._known() if tag in self._held]
        return min(found, default=None)

    def _known(self) -> tuple[str, ...]:
        """The tags that mean something now: inside thinking its opening is text."""
        return tuple(tag for tag in self._tags if not (self._thinking and tag == self._opening))

    def _turn(self, tag: str) -> Split:
        """Pass a tag."""
        self._after_tag = True
        if tag != self._closing and tag not in self._openings:
            return Split()
        was_seen, self._seen = self._seen, True
        if tag in self._openings:
            self._thinking = True
            return Split()
        self._thinking = False
        if was_seen:
            return Split()
        reclaimed, self.reply = self.reply, ""
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
        tags = self._known()
        longest = min(len(self._held), max(len(tag) for tag in tags) - 1)
        ends = (self._held[len(self._held) - length :] for length in range(longest, 0, -1))
        return next((len(end) for end in ends if any(tag.startswith(end) for tag in tags)), 0)


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
