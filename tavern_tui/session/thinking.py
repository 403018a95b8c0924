"""``Making``: a reply that is to be made; ``ChatThinking``: how much is thought in a chat, and what was only thought.

A reply that was thinking and nothing else is no turn. Its thoughts wait here, so that the model can go on with them, or
answer at once; they are gone when the chat goes on otherwise, and with the program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.thinking import Thinking
from tavern_tui.session.chat_completion import sends_messages
from tavern_tui.session.events import ReplyKind
from tavern_tui.session.reply_place import ReplyPlace, beside

if TYPE_CHECKING:
    from tavern_tui.domain.request import Message
    from tavern_tui.domain.template import InstructTemplate
    from tavern_tui.session.connection import Ready
    from tavern_tui.session.options import ReplyOptions
    from tavern_tui.session.reply_text import ReplyText

THINKING = "think"
"""The chat's property that says how much is thought in it; a value of ``Thinking``."""


@dataclass(frozen=True, slots=True)
class Making:
    """One reply that is to be made: of which kind, and where it goes.

    ``thoughts`` are what the model has thought of it before, to go on with. ``silent``: this once without thinking.
    ``replies`` are made side by side. ``begins`` is the given beginning; empty: the one that is set.
    """

    kind: ReplyKind
    place: ReplyPlace
    thoughts: str = ""
    silent: bool = False
    replies: int = 1
    begins: str = ""

    def options(self, options: ReplyOptions) -> ReplyOptions:
        """The options of this one reply."""
        options = replace(options, prefill=self.begins) if self.begins else options
        return replace(options, think=Thinking.OFF) if self.silent else options

    def side_by_side(self, replies: int) -> Making:
        """So many of this reply, all at the same place."""
        return replace(self, replies=replies, place=replace(self.place, next=self.place.next and replies == 1))


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Thoughts of a reply that never began. ``tip`` is where the reader was then."""

    making: Making
    thoughts: str
    tip: str

    def beside(self, tree: ChatTree) -> str:
        """The turn that the reply is shown beside: another one of its place, else the one that it follows."""
        place = self.making.place
        return next(reversed(tree.children.get(place.parent, ())), place.parent)

    @property
    def go_on(self) -> Making:
        """The reply, the thinking going on: one reply, since these are the thoughts of one."""
        return replace(self.making.side_by_side(1), thoughts=self.thoughts, silent=False)

    @property
    def at_once(self) -> Making:
        """The reply without thinking."""
        return silently(self.making)


class ChatThinking:
    """What one chat remembers of thinking."""

    def __init__(self) -> None:
        self._unsaid: Unsaid | None = None
        self._seen: set[str] = set()
        self._told: set[str] = set()

    def waiting(self, tree: ChatTree) -> Unsaid | None:
        """The thoughts that can be gone on with; ``None`` where there are none or the chat has gone on."""
        return self._unsaid if self._unsaid is not None and self._unsaid.tip == tree.tip else None

    def of_chat(self, tree: ChatTree, options: ReplyOptions) -> ReplyOptions:
        """The options with what is set for this chat."""
        level = tree.properties.get(THINKING)
        if level not in {one.value for one in Thinking}:
            return options
        return replace(options, think=Thinking(level))

    def heard(self, text: ReplyText, model: str, making: Making, tip: str) -> None:
        """A reply of ``model`` has ended, whatever became of it; ``tip`` is where the reader is."""
        if text.reasoning.strip():
            self._seen.add(model)
        self._unsaid = Unsaid(making, text.reasoning, tip) if text.only_thought else None

    def news(self, text: str) -> str:
        """``text``, where it is said for the first time; empty otherwise."""
        if text in self._told:
            return ""
        self._told.add(text)
        return text

    def thinks(self, model: str, template: InstructTemplate | None) -> bool:
        """Whether replies of this model have thinking before them, by its family or by what it has done before."""
        return model in self._seen or (template is not None and bool(template.reasoning_open))


def suited(making: Making, options: ReplyOptions, ready: Ready) -> tuple[Making, ReplyOptions, str]:
    """What is made and how, as this engine can do it, and what is to be said of that; empty for nothing.

    Only a prompt that we write ourselves can end in thoughts. Elsewhere they are thought again, with twice the room.
    """
    options = making.options(options)
    if not making.thoughts or not (ready.template.whole is not None or sends_messages(ready.info, options)):
        return making, options, ""
    from tavern_tui.domain.thinking_messages import thinks_anew

    options = replace(options, reasoning_tokens=2 * options.reasoning_tokens)
    return replace(making, thoughts=""), options, thinks_anew(ready.info.engine, options.thinking_tokens).plain


def switched(
    messages: tuple[Message, ...], options: ReplyOptions, ready: Ready
) -> tuple[tuple[Message, ...], Thinking | None, str]:
    """The messages as they are sent, what the engine is told of thinking, and what is to be said of that.

    An engine with a switch is told; a family with words of its own gets them; else it is said that it may think.
    """
    from tavern_tui.domain.thinking_messages import thinks_anyway
    from tavern_tui.prompt.reasoning import softly_switched

    template = ready.template.instruct
    if options.think is Thinking.ON or template is None or not template.reasoning_open:
        return messages, None, ""
    if ready.info.capabilities.thinking:
        return messages, options.think, ""
    told = softly_switched(messages, template) if options.think is Thinking.OFF else messages
    return told, None, "" if told != messages else thinks_anyway(ready.info.engine).plain


def following(tip: str, character: str) -> Making:
    """The next reply of the chat, by ``character``."""
    return Making(ReplyKind.NORMAL, ReplyPlace(character, tip, next=True))


def another(turn: Turn, character: str) -> Making:
    """Another reply beside ``turn``; beside a turn of the user's another answer to it."""
    return Making(ReplyKind.SWIPE, beside(turn, character))


def answering(newest: Turn, character: str) -> Making:
    """A reply to the user's turn, or another one beside the newest, without thinking."""
    usual = following(newest.id, character) if newest.speaker is Speaker.USER else another(newest, character)
    return silently(usual)


def extending(turn: Turn) -> Making:
    """More of ``turn``; of one that ended while it was all thinking, a reply beside it that goes on thinking."""
    if turn.reasoning.strip() and not turn.source_text.strip():
        return replace(another(turn, turn.name), thoughts=turn.reasoning)
    return Making(ReplyKind.CONTINUE, ReplyPlace(turn.name, turn.parent, turn))


def silently(making: Making) -> Making:
    """The same reply without thinking."""
    return replace(making, thoughts="", silent=True)
