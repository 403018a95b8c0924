"""``Story``: the texts of one prompt after cleaning and macros, and the head that the story string makes of them.

What a card, a persona and the settings say is prepared here once per prompt; where it goes is ``prompt.assemble``'s.
Source: SillyTavern 1.12.6, ``public/script.js`` (``getCharacterCardFields``, ``baseChatReplace``).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from tavern_tui.domain.request import Role
from tavern_tui.prompt import story_string
from tavern_tui.prompt.hygiene import harmless
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.instruct import MERGED
from tavern_tui.prompt.macro_start import as_sillytavern_reads, macro_context
from tavern_tui.prompt.macros import MacroContext, expand
from tavern_tui.prompt.plan import Part, PartKind, PartState
from tavern_tui.prompt.story_string import Piece
from tavern_tui.prompt.variables import Variables

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
}
"""The story string's fields that are parts of a plan; its other variables are names and count as markup."""

_ALIASES = {"loreBefore": "wiBefore", "loreAfter": "wiAfter"}


@dataclass(frozen=True, slots=True)
class Story:
    """The prepared texts: macros expanded, carriage returns gone, control tokens harmless.

    ``macros`` holds the card's fields, which were expanded before they were in it: no field can contain itself. The
    ``character_note`` is raw, it is expanded together with what is injected beside it. ``lore_pieces`` are the texts
    that ``lore_before`` and ``lore_after`` consist of; ``examples_above`` and ``examples_below`` are example dialogue
    from lore.
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

    def expand(self, text: str, place: Hashable = None) -> str:
        """The macros of a template's text; one that changes variables does so once for each ``place``."""
        return expand(text, self.macros, place)

    @property
    def variables(self) -> Variables:
        """The variables as macros have left them so far."""
        return self.macros.variables or Variables()


def tell(given: PromptInput) -> Story:
    """The story of one prompt."""
    economy = given.policy is Policy.ECONOMY
    card = given.character
    user = named(given.persona.name, given)
    char = named((card.nickname if economy else "") or card.name, given)
    group = ", ".join(named(name, given) for name in (card.name, *given.others)) if given.others else ""
    names = macro_context(given, user=user, char=char, group=group)

    def field(text: str) -> str:
        expanded = untrusted(expand(text.strip(), names), given)
        return _NEWLINES.sub("\n", expanded) if given.collapse_newlines else expanded

    def fields() -> MacroContext:
        return replace(
            names,
            description=field(card.description),
            personality=field(card.personality),
            scenario=field(card.scenario),
            persona=field(given.persona.description),
            mes_examples=field(card.example_dialogue),
            char_version=untrusted(card.version, given),
            char_prompt=field(card.system_prompt),
            char_post_history=field(card.post_history_instructions),
        )

    first = as_sillytavern_reads(fields, names)
    macros = _within_each_other(first, given) if economy else first
    return Story(
        user=user,
        char=char,
        system=_system(given, macros),
        post_history=_post_history(given, macros),
        character_note=card.note.text.strip(),
        lore_before=untrusted(expand(given.lore_before, macros), given),
        lore_after=untrusted(expand(given.lore_after, macros), given),
        macros=macros,
    )


def untrusted(text: str, given: PromptInput) -> str:
    """A text of others after the last pass of macros over it: no carriage returns, control tokens harmless.

    ``classic`` lets control tokens pass, as SillyTavern does.
    """
    text = text.replace("\r", "")
    if given.policy is Policy.CLASSIC:
        return text
    return harmless(text, given.instruct.control_tokens if given.instruct else ())


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
    if not (card_text and given.prefer_card_prompts):
        return own
    return untrusted(expand(card_text, replace(macros, original=own)), given)


@dataclass(frozen=True, slots=True)
class Head:
    """The rendered story string with the markup round it.

    ``role`` is the user's in families without a system turn: the chat's first user text is then merged into the head,
    with ``between`` before it. ``unused`` are fields that have a text but no place in the story string.
    """

    pieces: tuple[Piece, ...]
    opening: str
    closing: str
    role: Role
    unused: tuple[Part, ...] = ()
    between: str = MERGED

    def text(self, newer: Role | None) -> str:
        """The head as it stands before something of role ``newer``."""
        if not self.pieces:
            return ""
        return self.opening + "".join(piece.text for piece in self.pieces) + self.ending(newer)

    def ending(self, newer: Role | None) -> str:
        """The markup after the head's text."""
        return self.between if self.role is Role.USER and newer is Role.USER else self.closing

    def uncounted(self, newer: Role | None) -> list[Part]:
        """One part per field and stretch of markup, without tokens."""
        last = len(self.pieces) - 1
        parts = []
        for at, piece in enumerate(self.pieces):
            kind, source = FIELDS.get(piece.field, (PartKind.MARKUP, "the story string"))
            opening = self.opening if at == 0 else ""
            closing = self.ending(newer) if at == last else ""
            parts.append(Part(kind, piece.source or source, piece.text, opening, closing, reason=piece.reason))
        return parts

    def countable(self) -> list[str]:
        """Every text that ``parts`` may need the count of."""
        roles = (Role.USER, Role.ASSISTANT)
        return [text for role in roles for text in (self.text(role), *(part.text for part in self.uncounted(role)))]

    def parts(self, newer: Role | None, counts: Mapping[str, int]) -> list[Part]:
        """The parts with their tokens, which together are the count of the whole text.

        Pieces counted one by one come out a little different: the longest bears the difference.
        """
        parts = [replace(part, tokens=counts[part.text]) for part in self.uncounted(newer)]
        if parts:
            longest = max(range(len(parts)), key=lambda at: len(parts[at].body))
            rest = counts[self.text(newer)] - sum(part.tokens for part in parts)
            parts[longest] = replace(parts[longest], tokens=parts[longest].tokens + rest)
        return parts


def head(given: PromptInput, story: Story, examples: str, raw_examples: str) -> Head:
    """The head of the prompt. ``examples`` is the example dialogue as it would stand in the chat, ``raw`` unformatted.

    Raises ``PromptError`` where the story string is broken.
    """
    template = given.instruct
    wrap = "\n" if template and template.wrap else ""
    values = {
        "system": _system_in_sequences(story, given),
        "description": story.macros.description or "",
        "personality": story.macros.personality or "",
        "scenario": story.macros.scenario or "",
        "persona": story.macros.persona or "",
        "wiBefore": story.lore_before,
        "wiAfter": story.lore_after,
        "mesExamples": examples,
        "mesExamplesRaw": raw_examples,
        "user": story.user,
        "char": story.char,
    }
    values |= {alias: values[name] for alias, name in _ALIASES.items()}
    rendered = story_string.render(given.context.story_string, values, where=f"context template {given.context.name}")
    pieces = story_string.flat(
        rendered,
        story.expand,
        final_newline=template is None or template.wrap,
        over_fields=given.policy is Policy.CLASSIC,
    )
    pieces = list(_lore_apart(pieces, story))
    used = {piece.field for piece in pieces}
    unused = tuple(
        Part(kind, source, values[field], state=PartState.OUT, reason="the story string has no place for it")
        for field, (kind, source) in FIELDS.items()
        if values[field] and field not in used and field not in _ALIASES and _alias(field) not in used
        if kind is not PartKind.EXAMPLE
    )
    if template is None:
        return Head(tuple(pieces), "", "", Role.SYSTEM, unused)
    prefix, suffix = story.expand(template.story_string_prefix), story.expand(template.story_string_suffix)
    if not template.system_in_user:
        return Head(tuple(pieces), prefix + (wrap if prefix else ""), suffix, Role.SYSTEM, unused)
    between = suffix or MERGED
    prefix = story.expand(template.first_input_sequence or template.input_sequence) + prefix
    suffix += story.expand(template.input_suffix)
    return Head(tuple(pieces), prefix + (wrap if prefix else ""), suffix, Role.USER, unused, between)


def _lore_apart(pieces: list[Piece], story: Story) -> Iterator[Piece]:
    """The pieces with one for each lore entry, where the story string shows the entries as they are."""
    for piece in pieces:
        field = _ALIASES.get(piece.field, piece.field)
        entries = [entry for entry in story.lore_pieces if entry.field == field]
        if entries and piece.text == "".join(entry.text for entry in entries):
            yield from entries
        else:
            yield piece


def _alias(field: str) -> str:
    return next((alias for alias, name in _ALIASES.items() if name == field), "")


def _system_in_sequences(story: Story, given: PromptInput) -> str:
    template = given.instruct
    if template is None or not story.system:
        return story.system
    between = "\n" if template.wrap else ""
    sequences = (template.system_sequence_prefix, template.system_sequence_suffix)
    prefix, suffix = (story.expand(sequence.replace("{{name}}", "System")) for sequence in sequences)
    return (prefix and prefix + between) + story.system + (suffix and between + suffix)
