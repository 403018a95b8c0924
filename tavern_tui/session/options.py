"""``ReplyOptions``: what a reply is made with: from the settings, the command line, and what is set for the chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tavern_tui.config.settings import AdventureSettings, Settings
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.domain.preset import BALANCED, NO_RULES, STARTER, ReplyRules, SamplerPreset
from tavern_tui.domain.thinking import Thinking

if TYPE_CHECKING:
    from tavern_tui.domain.beside_card import BesideCard
    from tavern_tui.domain.chat_completion import ChatCompletionPreset
    from tavern_tui.session.lore_books import ChosenLore

STARTER_RESPONSE_TOKENS = 90
STARTER_CONTEXT_TOKENS = 2048
UNKNOWN_CONTEXT_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """``response_tokens`` bounds a reply (thinking not counted: ``reasoning_tokens`` is its own budget).

    ``think`` says whether and how much a model thinks that does; ``kept_thoughts`` of the newest replies keep their
    thinking in the prompt.

    ``template`` names an instruct template, empty: chosen from the model; ``template_asked``: at this start, so that it
    counts for more than what is remembered for the model. ``context_tokens`` of ``None`` is the
    engine's own. ``system_text`` says who writes whom, where the card has no system prompt of its own; ``None``: ours.
    ``prefill`` is the given beginning of each reply. ``updates_per_second`` bounds the pieces in which text reaches the
    front end. ``chosen`` names the fields that somebody chose, whatever their value; ``asked`` those of them that were
    named at this start, which count for more than what is set for a chat. ``rules`` are the preset's beside sampling.
    ``post_history_text`` stands below the chat. ``chat_preset`` makes the messages of chat completions, ``None``: ours.
    ``lore`` are the lorebooks beside the character's and how all are searched, ``None``: none, and as usual.
    ``adventure`` says how an adventure is played. ``beside_cards`` is what is kept of characters beside their cards, by
    name. ``stop_strings`` end a reply beside the template's, ``stop_strings_macro``: with their macros expanded.
    ``fill_in``: when a passage in the middle of a story is filled in by the model's own tokens (``story.fill_in``).
    """

    preset: SamplerPreset = BALANCED
    response_tokens: int = 300
    reasoning_tokens: int = 1024
    finish_sentence: bool = True
    template: str = ""
    context_tokens: int | None = None
    seed: int | None = None
    system_text: str | None = None
    prefill: str = ""
    chat_completion: bool = False
    think: Thinking = Thinking.ON
    updates_per_second: float = 30.0
    chosen: frozenset[str] = frozenset()
    policy: str = "economy"
    template_asked: bool = False
    kept_thoughts: int = 0
    rules: ReplyRules = NO_RULES
    asked: frozenset[str] = frozenset()
    alternatives: int = 0
    post_history_text: str = ""
    chat_preset: ChatCompletionPreset | None = None
    lore: ChosenLore | None = None
    adventure: AdventureSettings = field(default_factory=AdventureSettings)
    beside_cards: Mapping[str, BesideCard] = field(default=EMPTY)
    stop_strings: tuple[str, ...] = ()
    stop_strings_macro: bool = True
    fill_in: str = "auto"

    @property
    def thinking_tokens(self) -> int:
        """The most tokens that may be thought before a reply; 0 where there is to be no thinking."""
        return self.think.budget(self.reasoning_tokens)

    def with_length(self, tokens: int) -> ReplyOptions:
        """The same, with replies of ``tokens``, chosen by somebody."""
        return replace(self, response_tokens=tokens, chosen=self.chosen | {"response_tokens"})

    def for_swipe(self, swipes: int) -> ReplyOptions:
        """The same, for a swipe beside so many: a fixed seed goes up by one with each, or all would be the same."""
        return self if self.seed is None else replace(self, seed=self.seed + swipes)


def options_from(settings: Settings) -> ReplyOptions:
    """The options that the settings ask for, but for the preset, which may be a file (``session.presets``)."""
    reply = settings.reply
    return ReplyOptions(
        response_tokens=reply.response_tokens,
        finish_sentence=reply.finish_sentence,
        template=reply.template,
        context_tokens=settings.engine.context_tokens,
        chat_completion=settings.connection.chat_completion,
        policy=reply.policy,
        think=Thinking(reply.think),
        reasoning_tokens=reply.reasoning_tokens,
        kept_thoughts=reply.kept_thoughts,
        alternatives=reply.alternatives,
        adventure=settings.adventure,
        stop_strings=reply.stop_strings,
        stop_strings_macro=reply.stop_strings_macro,
        fill_in=settings.story.fill_in,
        chosen=frozenset(name.removeprefix("reply.") for name in settings.chosen if name.startswith("reply.")),
    )


def for_starter(options: ReplyOptions, *, sample: bool) -> ReplyOptions:
    """The options for the 135M starter model, wherever the user has not chosen otherwise.

    ``sample``: the character is one of ours, whose replies open with an action. Source: ``docs/ux.md`` §3.
    """
    from tavern_tui.prompt import defaults

    return replace(
        options,
        preset=options.preset if "preset" in options.chosen else STARTER,
        response_tokens=options.response_tokens if "response_tokens" in options.chosen else STARTER_RESPONSE_TOKENS,
        system_text=defaults.STARTER if options.system_text is None else options.system_text,
        prefill="*" if sample and not options.prefill else options.prefill,
    )
