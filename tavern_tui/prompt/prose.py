"""Running text: how turns are written where a chat is a story or an adventure and has no names.

``ProseFormat`` is a ``TurnFormat`` beside those of ``prompt.instruct``. Without a template the prompt is head, text,
and nothing after it. In a template all of the text is one turn of the assistant's that is left open, so that any
instruct model goes on with it; ``opening`` are the items above the text. Where the user's turns and the replies stay
turns, ``InstructFormat`` without names writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.domain.template import InstructTemplate, NamesBehavior
from tavern_tui.prompt.examples import separator_item
from tavern_tui.prompt.inputs import GenerationKind, PromptInput
from tavern_tui.prompt.instruct import InstructFormat, Place
from tavern_tui.prompt.items import ROLE_OF, Item, Written
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.reasoning import thoughts_closed
from tavern_tui.prompt.story import Story, untrusted

ASKED = "what the mode of play asks of the model"
"""The source of the user's turn above the text, in a plan."""

_YOU = "> You "

OPENED = "the opening of the text"
"""The source of the markup between that turn and the text."""


@dataclass(frozen=True, slots=True)
class ProseFormat:
    """Running text, turns joined by ``joint``; ``within`` the open turn of a template, where there is one."""

    joint: str
    within: InstructFormat | None = None

    @property
    def alternates(self) -> bool:
        """The text is one turn, whoever wrote which part of it."""
        return False

    @property
    def own_line(self) -> bool:
        """The text goes on where it ends."""
        return False

    def role(self, item: Item) -> Role | None:
        """The assistant's for all of the text, within a template."""
        if self.within is None:
            return ROLE_OF[item.speaker]
        return self.within.role(item) if _stands_apart(item) else Role.ASSISTANT

    def write(self, item: Item, place: Place) -> Written:
        """The text alone and the joint after it; notes and lore between two turns on lines of their own."""
        if self.within is not None and _stands_apart(item):
            return self._apart(self.within, item, place)
        if item.kind is PartKind.TURN:
            return Written(item, "", item.text, "" if item.continued else self.joint)
        if item.kind is PartKind.CHAT_START:
            return Written(item, "", item.text, "\n")
        return Written(item, "" if self.joint else "\n", item.text, self.joint or "\n")

    def reply_line(self, item: Item, older: Role | None) -> Written:
        """Nothing but the reply's given beginning: the text goes on. The answer to a question has its own opening."""
        if self.within is not None and item.quiet:
            return self.within.reply_line(item, older)
        return Written(item, "", item.text, "")

    def _apart(self, within: InstructFormat, item: Item, place: Place) -> Written:
        """What is said outside of the text: the request above it, its opening, examples, a question below it."""
        if item.source == OPENED:
            begun = within.write(replace(item, text=""), Place(older=Role.USER))
            return Written(item, begun.opening + item.text, "", "")
        if item.kind is PartKind.INSTRUCTION:
            return within.write(item, Place(place.older, Role.ASSISTANT, first=True, last_input=True))
        written = within.write(item, replace(place, older=None))
        if item.kind is not PartKind.QUIET:
            return written
        ended = within.write(Item(Speaker.CHARACTER, "", "", PartKind.TURN, ""), Place()).closing
        return replace(written, opening=ended + written.opening)


def nameless(template: InstructTemplate) -> InstructTemplate:
    """The template without names; what adventure models have their user's turns begin with is in the turns already."""
    sequence = template.input_sequence.removesuffix(_YOU)
    return replace(template, names_behavior=NamesBehavior.NONE, input_sequence=sequence)


def opening(given: PromptInput, story: Story) -> tuple[Item, ...]:
    """The items above the text. In plain text the line where it begins.

    Above an open turn the request, below it the user's post-history instructions, and the markup.
    """
    prose, template = given.prose, given.instruct
    if prose is None:
        return ()
    if template is None:
        start = story.expand(given.context.chat_start)
        return (separator_item(start, PartKind.CHAT_START, bare=True),) if start else ()
    if not prose.open:
        return ()
    asked = "\n\n".join(text for text in (untrusted(story.expand(prose.asks), given), story.post_history) if text)
    request = Item(Speaker.USER, "", asked, PartKind.INSTRUCTION, ASKED)
    markup = Item(Speaker.CHARACTER, "", thoughts_closed(template), PartKind.MARKUP, OPENED)
    return (request, markup)


def is_open(given: PromptInput) -> bool:
    """Whether the text is a turn of the assistant's that is left open."""
    return given.prose is not None and given.prose.open and given.instruct is not None


def runs_on(given: PromptInput) -> bool:
    """Whether the reply goes on with that turn; a question ends it."""
    return is_open(given) and given.kind is not GenerationKind.QUIET


def _stands_apart(item: Item) -> bool:
    return item.example or item.source in (ASKED, OPENED) or item.kind is PartKind.QUIET
