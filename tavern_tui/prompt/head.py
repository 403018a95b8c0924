"""``Head``: the beginning of a prompt, which the story string makes of a ``Story``, with the notes round it.

Where the head stands among everything else, and whether it fits, is ``prompt.assemble``'s.
Source: SillyTavern 1.12.6, ``public/scripts/power-user.js`` (``renderStoryString``), ``public/script.js``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tavern_tui.domain.request import Role
from tavern_tui.prompt import story_string
from tavern_tui.prompt.inputs import InjectionPosition, PersonaPosition, Policy, PromptInput
from tavern_tui.prompt.instruct import MERGED, with_name
from tavern_tui.prompt.notes import Anchor, anchor
from tavern_tui.prompt.plan import Part, PartKind, PartState
from tavern_tui.prompt.story import FIELDS, Story
from tavern_tui.prompt.story_string import Piece

_ALIASES = {"loreBefore": "wiBefore", "loreAfter": "wiAfter"}


@dataclass(frozen=True, slots=True)
class Head:
    """The rendered story string with the markup round it.

    ``role`` is the user's in families without a system turn: the chat's first user text is then merged into the head,
    with ``between`` before it. ``unused`` are fields that have a text but no place in the story string, and what of a
    broken story string was passed over. ``above`` and ``below`` stand outside of the markup.
    """

    pieces: tuple[Piece, ...]
    opening: str
    closing: str
    role: Role
    unused: tuple[Part, ...] = ()
    between: str = MERGED
    above: tuple[Part, ...] = ()
    below: tuple[Part, ...] = ()

    def text(self, newer: Role | None) -> str:
        """The head as it stands before something of role ``newer``."""
        above, below = ("".join(part.text for part in parts) for parts in (self.above, self.below))
        if not self.pieces:
            return above + below
        return "".join((above, self.opening, *(piece.text for piece in self.pieces), self.ending(newer), below))

    def ending(self, newer: Role | None) -> str:
        """The markup after the head's text."""
        return self.between if self.role is Role.USER and newer is Role.USER else self.closing

    def uncounted(self, newer: Role | None) -> list[Part]:
        """One part per field and stretch of markup, without tokens."""
        last = len(self.pieces) - 1
        parts = list(self.above)
        for at, piece in enumerate(self.pieces):
            kind, source = FIELDS.get(piece.field, (PartKind.MARKUP, "the story string"))
            opening = self.opening if at == 0 else ""
            closing = self.ending(newer) if at == last else ""
            parts.append(Part(kind, piece.source or source, piece.text, opening, closing, reason=piece.reason))
        return [*parts, *self.below]

    def countable(self) -> list[str]:
        """Every text that ``parts`` may need the count of."""
        roles = (Role.USER, Role.ASSISTANT)
        unlike = {self.ending(role): role for role in roles}.values()
        return [text for role in unlike for text in (self.text(role), *(part.text for part in self.uncounted(role)))]

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

    ``given`` has its notes among its injections. A story string whose blocks do not match is rendered as far as it
    can be; what was passed over is told in ``unused``.
    """
    exact = given.policy is Policy.CLASSIC
    story = story.of_head
    outside = exact and not (given.instruct and given.instruct.system_in_user)
    before = anchor(given, story, InjectionPosition.BEFORE_SCENARIO, apart=outside)
    after = anchor(given, story, InjectionPosition.AFTER_SCENARIO, apart=outside)
    values = _values(given, story, examples, raw_examples)
    if not outside:
        values |= {"anchorBefore": before.text, "anchorAfter": after.text}
    where = f"context template {given.context.name}"
    rendered, problems = story_string.render(given.context.story_string, values)
    final_newline = given.instruct is None or given.instruct.wrap
    pieces = story_string.flat(rendered, story.expand, final_newline=final_newline, over_fields=exact, look=story.look)
    pieces = list(_lore_apart(pieces, story))
    if given.prefer_card_prompts and story.macros.char_prompt:
        of_card = "the card's system prompt"
        pieces = [replace(one, source=of_card) if one.field == "system" and not one.source else one for one in pieces]
    unused = (*_without_place(pieces, values), *_passed_over(problems, where))
    if outside:
        return _wrapped(given, story, pieces, unused, above=_parts(before), below=_parts(after))
    alone = "\n" if final_newline and not exact else ""
    return _wrapped(given, story, list(_with_anchors(pieces, before, after, alone)), unused)


def _wrapped(
    given: PromptInput,
    story: Story,
    pieces: list[Piece],
    unused: tuple[Part, ...],
    above: tuple[Part, ...] = (),
    below: tuple[Part, ...] = (),
) -> Head:
    """The pieces with the template's markup round them."""
    template = given.instruct
    if template is None:
        return Head(tuple(pieces), "", "", Role.SYSTEM, unused, above=above, below=below)
    wrap = "\n" if template.wrap else ""
    prefix, suffix = story.expand(template.story_string_prefix), story.expand(template.story_string_suffix)
    if not template.system_in_user:
        opening = prefix + (wrap if prefix else "")
        return Head(tuple(pieces), opening, suffix, Role.SYSTEM, unused, above=above, below=below)
    between = suffix or MERGED
    prefix = story.expand(template.first_input_sequence or template.input_sequence) + prefix
    suffix += story.expand(template.input_suffix)
    return Head(tuple(pieces), prefix + (wrap if prefix else ""), suffix, Role.USER, unused, between, above, below)


def _values(given: PromptInput, story: Story, examples: str, raw_examples: str) -> dict[str, str]:
    """What the story string's variables say."""
    in_prompt = given.persona_position is PersonaPosition.IN_PROMPT
    values = {
        "system": _system_in_sequences(story, given),
        "description": story.macros.description or "",
        "personality": story.macros.personality or "",
        "scenario": story.macros.scenario or "",
        "persona": (story.macros.persona or "") if in_prompt else "",
        "wiBefore": story.lore_before,
        "wiAfter": story.lore_after,
        "mesExamples": examples,
        "mesExamplesRaw": raw_examples,
        "user": story.user,
        "char": story.together or story.char,
    }
    return values | {alias: values[name] for alias, name in _ALIASES.items()}


def _without_place(pieces: list[Piece], values: Mapping[str, str]) -> Iterator[Part]:
    """Parts for fields that have a text and do not stand in the story string; notes find a place all the same."""
    used = {piece.field for piece in pieces}
    for field, (kind, source) in FIELDS.items():
        if kind in (PartKind.EXAMPLE, PartKind.NOTE) or field in _ALIASES:
            continue
        if values[field] and field not in used and _alias(field) not in used:
            reason = "the story string has no place for it"
            yield Part(kind, source, values[field], state=PartState.OUT, reason=reason)


def _passed_over(problems: tuple[str, ...], where: str) -> Iterator[Part]:
    for problem in problems:
        reason = f"the story string {problem}: correct the context template, or choose another"
        yield Part(PartKind.MARKUP, where, "", state=PartState.OUT, reason=reason)


def _parts(anchored: Anchor) -> tuple[Part, ...]:
    """A note outside of the head's markup: nothing where it is empty. Newlines round it are no part of its text."""
    if not anchored.text:
        return ()
    body = anchored.text.strip("\n")
    opening, _, closing = anchored.text.partition(body) if body else (anchored.text, "", "")
    return (Part(anchored.kind, anchored.source, body, opening, closing, reason=anchored.reason),)


def _with_anchors(pieces: list[Piece], before: Anchor, after: Anchor, alone: str) -> Iterator[Piece]:
    """The notes inside of the head: where the story string has them, else as its first and its last paragraph.

    ``alone`` ends the last one where the head is nothing else.
    """
    used = {piece.field for piece in pieces}
    if before.text and "anchorBefore" not in used:
        yield Piece("anchorBefore", f"{before.text}\n\n", before.source, before.reason)
    for piece in pieces:
        anchored = {"anchorBefore": before, "anchorAfter": after}.get(piece.field)
        yield piece if anchored is None else replace(piece, source=anchored.source, reason=anchored.reason)
    if after.text and "anchorAfter" not in used:
        ended = bool(pieces) and pieces[-1].text.endswith("\n")
        text = f"\n{after.text}\n" if ended else f"\n\n{after.text}"
        yield Piece("anchorAfter", text if pieces else after.text + alone, after.source, after.reason)


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
    """The system prompt between its sequences. SillyTavern writes them where there is no text between them, too."""
    template, exact = given.instruct, given.policy is Policy.CLASSIC
    if template is None or not (given.use_system_prompt if exact else story.system):
        return story.system
    between = "\n" if template.wrap else ""
    prefix = story.expand(with_name(template.system_sequence_prefix, "System"))
    after = template.system_sequence_suffix
    suffix = story.expand(after if exact else with_name(after, "System"))
    return (prefix and prefix + between) + story.system + (suffix and between + suffix)
