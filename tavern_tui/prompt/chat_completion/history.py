"""The history as messages: how a turn is written down, and what stands round all of them.

Source: SillyTavern 1.12.6, ``public/scripts/openai.js`` (``setOpenAIMessages``, ``populateChatHistory``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tavern_tui.domain.chat_completion import ChatCompletionPreset, NamesIn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.prompt.chat_completion.entries import Entry, entry, overhead
from tavern_tui.prompt.chat_completion.names import sent_name, text_with_name
from tavern_tui.prompt.chat_completion.squash import GROUP_NUDGE, NEW_CHAT
from tavern_tui.prompt.group import all_names
from tavern_tui.prompt.history import Kept
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput
from tavern_tui.prompt.instruct import Place
from tavern_tui.prompt.items import ROLE_OF, Item, Written
from tavern_tui.prompt.plan import Part, PartKind
from tavern_tui.prompt.prose import ASKED, ProseFormat
from tavern_tui.prompt.story import Story, untrusted

_HISTORY = "chatHistory"
_LAST_MESSAGE = re.compile(r"\{\{lastChatMessage\}\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MessageFormat:
    """How items are written as messages. ``expand`` runs over every text under ``exact``, as in SillyTavern.

    ``running``: all of them are one text of the assistant's.
    """

    names: NamesIn
    user: str
    group: bool
    exact: bool
    quotes: bool
    expand: Callable[[str], str]
    running: ProseFormat | None = None

    def role(self, item: Item) -> Role:
        """Who says it."""
        return Role.ASSISTANT if self.running is not None else ROLE_OF[item.speaker]

    def write(self, item: Item, place: Place) -> Written:
        """The message's text; a name that is sent beside it stands before it as markup, to be counted with it."""
        if self.running is not None:
            return self.running.write(item, place)
        text = self._text(item)
        name = sent_name(item, self.names)
        return Written(item, f"{name}\n" if name else "", self.expand(text) if self.exact else text, "")

    def beside(self, item: Item, counts: Mapping[str, int]) -> int:
        """What a message costs beside its text and its name; an empty one is not sent and costs nothing."""
        if self.running is not None:
            return 1  # where two texts meet
        if not self._text(item) and not sent_name(item, self.names):
            return 0
        return overhead(self.role(item), "", counts) + (1 if sent_name(item, self.names) else 0)

    def _text(self, item: Item) -> str:
        """The text with the name and the quotes that belong to it, its macros as they are."""
        text = text_with_name(item, self.names, user=self.user, group=self.group, exact=self.exact)
        return f'"{text}"' if self.quotes and item.speaker is Speaker.USER and not item.bare else text

    def entry(self, kept: Kept) -> Entry:
        """The message of an item that is in."""
        item = kept.item
        if self.running is not None:
            opening, closing = kept.written.opening, kept.written.closing
            whole = (kept.written.body, opening, closing, kept.tokens)
            part = Part(item.kind, item.source, *whole, reason=item.reason, turn_id=item.turn_id, role=Role.ASSISTANT)
            return Entry(_HISTORY, (part,))
        return entry(
            _HISTORY,
            kept.written.body,
            item.kind,
            item.source,
            role=self.role(item),
            name=sent_name(item, self.names),
            turn_id=item.turn_id,
            reason=item.reason,
            tokens=kept.tokens,
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands round the history: its heading, the user's message where there is none, and the nudges at its end."""

    heading: Entry
    nudges: tuple[Entry, ...]
    empty: Entry | None

    def entries(self) -> Iterator[Entry]:
        """All but the user's message."""
        yield self.heading
        yield from self.nudges


def frame(
    given: PromptInput, story: Story, preset: ChatCompletionPreset, *, newest: Item | None, continued: Item | None
) -> Frame:
    """The frame of one prompt. ``newest`` is what the history ends with, ``continued`` the turn to be gone on with.

    ``continued`` is ``None`` where that turn is the end of the messages itself.
    """
    exact = given.policy is Policy.CLASSIC
    grouped = bool(all_names(given))

    def text(own: str) -> str:
        expanded = story.expand(own)
        return expanded if exact else untrusted(expanded, given)

    title = preset.new_group_chat_prompt if grouped else preset.new_chat_prompt
    heading = entry(NEW_CHAT, text(title), PartKind.CHAT_START, "the preset's chat heading")
    if given.prose is not None:
        asked = text(given.prose.asks) if given.prose.open else ""
        heading = entry(NEW_CHAT, asked, PartKind.INSTRUCTION, ASKED, role=Role.USER)
    nudges = []
    if grouped and given.kind is not GenerationKind.IMPERSONATE:
        own = text(preset.group_nudge_prompt)
        nudges.append(entry(GROUP_NUDGE, own, PartKind.INSTRUCTION, "the preset's group nudge"))
    if continued is not None:
        own = _nudge(preset, continued, story, exact=exact)
        nudges.append(entry("continueNudge", own, PartKind.INSTRUCTION, "the preset's continue nudge"))
    answered = newest is not None and newest.speaker is Speaker.CHARACTER and bool(preset.send_if_empty)
    own = preset.send_if_empty if exact else text(preset.send_if_empty)
    source = "the preset's message for an empty one"
    empty = entry("emptyUserMessageReplacement", own, PartKind.INSTRUCTION, source, role=Role.USER)
    waits = given.kind in (GenerationKind.NORMAL, GenerationKind.SWIPE)
    return Frame(heading, tuple(nudges), empty if answered and (exact or waits) else None)


def one_text(history: Sequence[Entry]) -> tuple[Entry, ...]:
    """Messages of a running text as the one that they are."""
    parts = [replace(part, joins=True) for one in history for part in one.parts]
    return (Entry(_HISTORY, (replace(parts[0], joins=False), *parts[1:])),) if parts else ()


def _nudge(preset: ChatCompletionPreset, continued: Item, story: Story, *, exact: bool) -> str:
    """The nudge with the turn in it. SillyTavern expands the macros of that turn, too."""
    said = continued.text
    if not said.endswith(" "):
        said += preset.continue_postfix
    if not said:
        return ""
    if exact:
        return story.expand(_LAST_MESSAGE.sub(lambda _: said.strip(), preset.continue_nudge_prompt))
    before, *after = _LAST_MESSAGE.split(preset.continue_nudge_prompt)
    return said.strip().join(story.expand(piece) for piece in (before, *after))
