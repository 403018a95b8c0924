"""``ChatCompletionPreset``: what a chat completion's messages consist of, in which order, in SillyTavern's words.

A preset is a list of prompts and an order that they stand in. Some prompts have a text of their own, others are
*markers*: the place of a card's field, of lore, of the examples, of the history. Filling them is ``prompt``'s; fields
and meanings: ``docs/spec/sillytavern-prompts.md`` §7.1, §11.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum

from tavern_tui.domain.request import Role

USUAL_DEPTH = 4
"""Turns from the end at which an in-chat prompt stands that names no depth of its own."""

USUAL_ORDER = 100
"""``injection_order`` of a prompt that names none, and of every text that is not a preset's."""

EVERY_CHARACTER = 100001
"""``character_id`` of the order that holds for every character."""

EVERY_CHARACTER_BEFORE = 100000
"""``character_id`` of that order in presets of older versions."""


class Marker(StrEnum):
    """The identifiers that mean something by themselves; all others are a person's own prompts."""

    MAIN = "main"
    AUXILIARY = "nsfw"
    POST_HISTORY = "jailbreak"
    ENHANCE_DEFINITIONS = "enhanceDefinitions"
    LORE_BEFORE = "worldInfoBefore"
    LORE_AFTER = "worldInfoAfter"
    PERSONA = "personaDescription"
    DESCRIPTION = "charDescription"
    PERSONALITY = "charPersonality"
    SCENARIO = "scenario"
    EXAMPLES = "dialogueExamples"
    HISTORY = "chatHistory"


class NamesIn(IntEnum):
    """Where the names of speakers are said; the numbers are SillyTavern's ``names_behavior``.

    ``DEFAULT``: before the text, in groups, and where a turn was written under another name than the chat's.
    ``CONTENT``: before every text. ``COMPLETION``: in the message's own field.
    """

    NONE = -1
    DEFAULT = 0
    COMPLETION = 1
    CONTENT = 2


class Placement(IntEnum):
    """Whether a prompt stands in the order (``RELATIVE``) or at a depth in the history (``IN_CHAT``)."""

    RELATIVE = 0
    IN_CHAT = 1


class PostProcessing(Enum):
    """How messages are changed for servers that do not take every list of them (``prompt.chat_completion``)."""

    NONE = ""
    CLAUDE = "claude"
    MERGE = "merge"
    SEMI = "semi"
    STRICT = "strict"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class PromptEntry:
    """One prompt of a preset. ``content`` may hold macros; a marker has none.

    ``system_prompt`` says that the prompt is one of SillyTavern's own and not a person's. ``injection_depth`` counts
    turns from the end. ``injection_order``: of several at one depth the lowest stands first. ``forbid_overrides`` keeps
    a card's text from taking the prompt's place. ``injection_trigger`` names the kinds of generation (``normal``,
    ``continue``, ``impersonate``, ``swipe``, ``quiet``) that the prompt is for; empty is all.
    """

    identifier: str
    name: str = ""
    content: str = ""
    role: Role = Role.SYSTEM
    system_prompt: bool = False
    marker: bool = False
    injection_position: Placement = Placement.RELATIVE
    injection_depth: int = USUAL_DEPTH
    injection_order: int = USUAL_ORDER
    injection_trigger: tuple[str, ...] = ()
    forbid_overrides: bool = False


@dataclass(frozen=True, slots=True)
class OrderEntry:
    """A prompt's place in an order, and whether it is switched on."""

    identifier: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class PromptOrder:
    """The order of the prompts for one character, or for every one (``EVERY_CHARACTER``)."""

    character_id: int
    order: tuple[OrderEntry, ...] = ()


USUAL_PROMPT_ORDER = PromptOrder(
    EVERY_CHARACTER,
    (
        OrderEntry(Marker.MAIN),
        OrderEntry(Marker.LORE_BEFORE),
        OrderEntry(Marker.PERSONA),
        OrderEntry(Marker.DESCRIPTION),
        OrderEntry(Marker.PERSONALITY),
        OrderEntry(Marker.SCENARIO),
        OrderEntry(Marker.ENHANCE_DEFINITIONS, enabled=False),
        OrderEntry(Marker.AUXILIARY),
        OrderEntry(Marker.LORE_AFTER),
        OrderEntry(Marker.EXAMPLES),
        OrderEntry(Marker.HISTORY),
        OrderEntry(Marker.POST_HISTORY),
    ),
)
"""SillyTavern's order, for presets that have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCompletionPreset:
    """A preset. Every text may hold macros; an empty one is left out.

    ``wi_format`` has ``{0}`` where lore goes; ``scenario_format`` and ``personality_format`` name the field by its
    macro. The ``new_…_prompt`` texts stand before the history, before a group's, and before each block of examples.
    ``continue_nudge_prompt`` asks for a turn to be gone on with (``{{lastChatMessage}}``); with ``continue_prefill``
    that turn is the last message instead. ``continue_postfix`` stands between it and what is added to it.
    ``group_nudge_prompt`` says whose turn it is. ``send_if_empty`` is the user's message where the character spoke
    last. ``assistant_prefill`` and ``assistant_impersonation`` are given beginnings of a reply and of the user's turn.
    """

    name: str
    prompts: tuple[PromptEntry, ...] = ()
    prompt_order: tuple[PromptOrder, ...] = ()
    names_behavior: NamesIn = NamesIn.DEFAULT
    impersonation_prompt: str = ""
    new_chat_prompt: str = ""
    new_group_chat_prompt: str = ""
    new_example_chat_prompt: str = ""
    continue_nudge_prompt: str = ""
    group_nudge_prompt: str = ""
    wi_format: str = "{0}"
    scenario_format: str = "{{scenario}}"
    personality_format: str = "{{personality}}"
    send_if_empty: str = ""
    continue_prefill: bool = False
    continue_postfix: str = " "
    squash_system_messages: bool = False
    wrap_in_quotes: bool = False
    assistant_prefill: str = ""
    assistant_impersonation: str = ""
    custom_prompt_post_processing: PostProcessing = PostProcessing.NONE

    def order_for(self, character_id: int | None = None) -> tuple[OrderEntry, ...]:
        """The order for a character: its own, else that for every one, else an older version's, else the usual."""
        for wanted in (character_id, EVERY_CHARACTER, EVERY_CHARACTER_BEFORE):
            found = next((one.order for one in self.prompt_order if one.character_id == wanted and one.order), None)
            if found is not None:
                return found
        return USUAL_PROMPT_ORDER.order

    def prompt(self, identifier: str) -> PromptEntry | None:
        """The first prompt of that identifier; one of the usual markers is there even where the preset lacks it."""
        found = next((one for one in self.prompts if one.identifier == identifier), None)
        if found is None and any(one.identifier == identifier for one in USUAL_PROMPT_ORDER.order):
            return PromptEntry(identifier, system_prompt=True, marker=True)
        return found
