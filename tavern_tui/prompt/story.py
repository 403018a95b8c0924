"""``Story``: the texts of one prompt after cleaning and macros.

What a card, a persona and the settings say is prepared here once per prompt; what the story string makes of it is
``prompt.head``'s, where it goes ``prompt.assemble``'s.
Source: SillyTavern 1.12.6, ``public/script.js`` (``getCharacterCardFields``, ``baseChatReplace``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime

from tavern_tui.domain.character import Character
from tavern_tui.domain.events import KeptHead
from tavern_tui.prompt import group
from tavern_tui.prompt.hygiene import harmless
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.kept_head import changing_fields, known_head, moment_of
from tavern_tui.prompt.macro_start import as_sillytavern_reads, macro_context
from tavern_tui.prompt.macros import MacroContext, expand
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.regex_scripts import ScriptRun
from tavern_tui.prompt.standing import Standing
from tavern_tui.prompt.story_string import Piece
from tavern_tui.prompt.variables import Scope, Variables

_NEWLINES = re.compile("\n{2,}")

FIELDS: dict[str, tuple[PartKind, str]] = {
    "system": (PartKind.SYSTEM_PROMPT, "system prompt"),
    "description": (PartKind.DESCRIPTION, "the card's description"),
    "personality": (PartKind.PERSONALITY, "the card's personality"),
    "scenario": (PartKind.SCENARIO, "the card's scenario"),
    "persona": (PartKind.PERSONA, "the persona's description"),
    "wiBefore": (PartKind.LORE, "lore before the character"),
    "loreBefore": (PartKind.LORE, "lore before the character"),
    "wiAfter": (PartKind.LORE, "lore after the character"),
    "loreAfter": (PartKind.LORE, "lore after the character"),
    "mesExamples": (PartKind.EXAMPLE, "the card's example dialogue"),
    "mesExamplesRaw": (PartKind.EXAMPLE, "the card's example dialogue"),
    "anchorBefore": (PartKind.NOTE, "author's note"),
    "anchorAfter": (PartKind.NOTE, "author's note"),
}
"""The story string's fields that are parts of a plan; its other variables are names and count as markup."""


@dataclass(frozen=True, slots=True)
class Story:
    """The prepared texts: macros expanded, carriage returns gone, control tokens harmless.

    ``macros`` holds the card's fields, which were expanded before they were in it: no field can contain itself. The
    ``character_note`` is raw, it is expanded together with what is injected beside it. ``lore_pieces`` are the texts
    that ``lore_before`` and ``lore_after`` consist of; ``examples_above`` and ``examples_below`` are example dialogue
    from lore. ``scripts`` are the prompt's regex scripts, with the time that they have. ``standing`` are the texts
    that stand between the turns, ``head`` the head where it is made in this prompt; ``moment`` is what the head's
    macros tell of the time. ``together`` are the names of a group's members where its head is everybody's; ``apart``
    says that the card of who speaks is then not in it, whose scenario is the chat's ``own_scenario``. ``changing`` are
    the fields of the story string that are no part of the head, as they read otherwise in every prompt.
    """

    user: str
    char: str
    system: str
    post_history: str
    character_note: str
    lore_before: str
    lore_after: str
    macros: MacroContext
    lore_pieces: tuple[Piece, ...] = ()
    examples_above: tuple[str, ...] = ()
    examples_below: tuple[str, ...] = ()
    scripts: ScriptRun = field(default_factory=ScriptRun, compare=False)
    standing: Standing | None = field(default=None, compare=False)
    head: KeptHead | None = None
    moment: datetime | None = None
    together: str = ""
    apart: bool = False
    own_scenario: str = ""
    changing: frozenset[str] = frozenset()

    def expand(self, text: str, place: Hashable = None) -> str:
        """The macros of a template's text; one that changes variables does so once for each ``place``."""
        return expand(text, self.macros, place)

    def look(self, text: str) -> str:
        """As ``expand``, but without any effect on variables."""
        apart = Variables(self.variables.values(Scope.CHAT), self.variables.values(Scope.EVERYWHERE))
        return expand(text, replace(self.macros, variables=apart))

    @property
    def of_head(self) -> Story:
        """The same as the head's own texts are expanded: at the moment at which it was made, for all of a group."""
        macros = self.macros
        if self.moment is not None and self.moment != macros.now:
            macros = replace(macros, now=self.moment)
        if self.together:
            macros = replace(macros, char=self.together)
        if self.apart:
            macros = replace(macros, description="", personality="", scenario=self.own_scenario, mes_examples="")
        if self.changing:
            gone = dict.fromkeys(self.changing, "")
            macros = replace(
                macros,
                description=gone.get("description", macros.description),
                personality=gone.get("personality", macros.personality),
                scenario=gone.get("scenario", macros.scenario),
                persona=gone.get("persona", macros.persona),
            )
        system = "" if "system" in self.changing else self.system
        return self if macros is self.macros and system == self.system else replace(self, macros=macros, system=system)

    @property
    def variables(self) -> Variables:
        """The variables as macros have left them so far."""
        return self.macros.variables or Variables()


def tell(given: PromptInput) -> Story:
    """The story of one prompt."""
    economy = given.policy is Policy.ECONOMY
    card = given.character
    moment = moment_of(known_head(given), given.now) if economy else given.now
    everybody = untrusted(group.together(given), given)
    apart = bool(everybody) and not group.joins_cards(given)
    speaks = _names(given)
    names = replace(speaks, now=moment, char=everybody if everybody and not apart else speaks.char)

    def field(text: str, macros: MacroContext = names) -> str:
        return one_newline(untrusted(expand(text.strip(), macros), given), given)

    def of_member(text: str, member: Character) -> str:
        said = field(text, replace(names, char=_called(member, given)))
        return said.strip() if economy else said

    def told(label: str, text_of: Callable[[Character], str]) -> str:
        if given.group is None or not group.joins_cards(given):
            return field(text_of(card))
        return group.joined(given.group, card, label, text_of, of_member)

    def scenario() -> str:
        """The chat's own; SillyTavern leaves its macros to a later pass where cards are joined."""
        raw = not economy and group.joins_cards(given)
        return given.scenario.strip() if raw else field(given.scenario)

    def fields() -> MacroContext:
        return replace(
            names,
            description=told("Description", lambda one: one.description),
            personality=told("Personality", lambda one: one.personality),
            scenario=scenario() or told("Scenario", lambda one: one.scenario),
            persona=field(given.persona.description),
            mes_examples=told("Example Messages", lambda one: _begun(one.example_dialogue, given)),
            char_version=untrusted(card.version, given),
            char_prompt="" if everybody else field(card.system_prompt),
            char_post_history=field(card.post_history_instructions, replace(names, char=speaks.char)),
        )

    first = as_sillytavern_reads(fields, names)
    macros = _within_each_other(first, given) if economy else first
    present = replace(macros, now=given.now, char=speaks.char)
    return Story(
        user=names.user,
        char=speaks.char,
        system=_system(given, replace(macros, char=everybody or macros.char)),
        post_history=_post_history(given, present),
        character_note=card.note.text.strip(),
        lore_before=untrusted(expand(given.lore_before, macros), given),
        lore_after=untrusted(expand(given.lore_after, macros), given),
        macros=present,
        scripts=ScriptRun(given.regex_scripts, exact=not economy),
        moment=moment,
        changing=changing_fields(given) if economy else frozenset(),
        together=everybody,
        apart=apart,
        own_scenario=field(given.scenario, replace(names, char=everybody)) if apart else "",
    )


def _names(given: PromptInput) -> MacroContext:
    """What macros in a card's own fields can say: names and the moment, nothing of the card."""
    return macro_context(
        given,
        user=named(given.persona.name, given),
        char=_called(given.character, given),
        group=", ".join(named(name, given) for name in group.all_names(given)),
    )


def _called(character: Character, given: PromptInput) -> str:
    """What a character is called in the prompt."""
    nickname = character.nickname if given.policy is Policy.ECONOMY else ""
    return named(nickname or character.name, given)


def _begun(examples: str, given: PromptInput) -> str:
    """Example dialogue that can be joined to another member's: it begins with ``<START>``; SillyTavern leaves it."""
    text = examples.strip()
    joins = given.policy is Policy.ECONOMY and group.joins_cards(given)
    apart = text and joins and not text.startswith("<START>")
    return f"<START>\n{text}" if apart else text


def untrusted(text: str, given: PromptInput) -> str:
    """A text of others after the last pass of macros over it: no carriage returns, control tokens harmless.

    ``classic`` lets control tokens pass, as SillyTavern does.
    """
    text = text.replace("\r", "")
    if given.policy is Policy.CLASSIC:
        return text
    marks = given.prose.fill_in.marks if given.prose is not None and given.prose.fill_in is not None else ()
    return harmless(text, given.instruct.control_tokens if given.instruct else marks)


def one_newline(text: str, given: PromptInput) -> str:
    """``text`` with every run of newlines made one, where that is wanted."""
    return _NEWLINES.sub("\n", text) if given.collapse_newlines else text


def named(name: str, given: PromptInput) -> str:
    """A name as macros give it and turns show it: without macros of its own, which a later pass would find."""
    return untrusted(name if given.policy is Policy.CLASSIC else name.replace("{{", "{ {"), given)


def _within_each_other(fields: MacroContext, given: PromptInput) -> MacroContext:
    """Card fields that name one another, once: so that no later pass has to go over what was made harmless."""

    def field(text: str | None) -> str:
        return untrusted(expand(text or "", fields), given)

    return replace(
        fields,
        description=field(fields.description),
        personality=field(fields.personality),
        scenario=field(fields.scenario),
        persona=field(fields.persona),
        mes_examples=field(fields.mes_examples),
        char_prompt=field(fields.char_prompt),
        char_post_history=field(fields.char_post_history),
    )


def _system(given: PromptInput, macros: MacroContext) -> str:
    if not given.use_system_prompt:
        return ""
    own = untrusted(expand(given.system_text, macros), given)
    card_prompt = macros.char_prompt
    if not (card_prompt and given.prefer_card_prompts):
        return own
    if given.policy is Policy.CLASSIC and given.instruct is None:
        return card_prompt  # there {{original}} stands in the prompt as it is
    return untrusted(expand(card_prompt, replace(macros, original=own)), given)


def _post_history(given: PromptInput, macros: MacroContext) -> str:
    if not given.use_post_history:
        return ""
    own = untrusted(expand(given.post_history_text, macros), given)
    card_text = macros.char_post_history
    if not (card_text and given.prefer_card_post_history):
        return own
    return untrusted(expand(card_text, replace(macros, original=own)), given)
