"""Where lore goes that fired: round the character, round the author's note, at a depth, round the examples.

In one place the entry of the highest order stands last; of equal orders the one that fired later stands first. An
outlet is the other way round: it is a list that a template asks for with ``{{outlet::name}}``.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``checkWorldInfo``, its end), ``public/script.js``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tavern_tui.domain.lorebook import InjectionRole, LorePosition
from tavern_tui.prompt.inputs import NOTE_KEY, Injection, Policy, PromptInput
from tavern_tui.prompt.lore_books import told
from tavern_tui.prompt.lore_outcome import MOST_TOLD, Fired, Lore
from tavern_tui.prompt.plan import FiredEntry, Part, PartKind, PartState
from tavern_tui.prompt.story import Story
from tavern_tui.prompt.story_string import Piece

_LONGEST_TOLD = 2_000  # characters of a text that is not in the prompt
_LONGEST_KEY = 100
_ROLE_NUMBER = {InjectionRole.SYSTEM: 0, InjectionRole.USER: 1, InjectionRole.ASSISTANT: 2}


def placed(given: PromptInput, story: Story, lore: Lore, fired: Lore | None = None) -> tuple[PromptInput, Story]:
    """The input and the story of a prompt with ``lore`` in its places. ``fired`` is all that fires, if that is more."""
    ordered = in_order(lore)

    def at(position: LorePosition) -> list[Fired]:
        return [one for one in ordered if one.one.entry.position is position and not one.one.conditions.slot]

    story = _in_fields(_silenced(story, given, fired or lore), ordered)
    before, after = at(LorePosition.BEFORE_CHARACTER), at(LorePosition.AFTER_CHARACTER)
    pieces_before = _pieces("wiBefore", story.lore_before, before)
    pieces_after = _pieces("wiAfter", story.lore_after, after)
    story = replace(
        story,
        lore_before="".join(piece.text for piece in pieces_before),
        lore_after="".join(piece.text for piece in pieces_after),
        lore_pieces=(*story.lore_pieces, *pieces_before, *pieces_after),
        examples_above=tuple(one.text for one in reversed(at(LorePosition.EXAMPLES_TOP))),
        examples_below=tuple(one.text for one in at(LorePosition.EXAMPLES_BOTTOM)),
    )
    outlets = _outlets(reversed(at(LorePosition.OUTLET)))
    if outlets or given.policy is Policy.ECONOMY:
        story = replace(story, macros=replace(story.macros, outlets=outlets))
    notes = _round_the_note(given, at(LorePosition.NOTE_TOP), at(LorePosition.NOTE_BOTTOM))
    return replace(given, injections=(*notes, *_at_depth(at(LorePosition.AT_DEPTH)))), story


def in_order(lore: Lore) -> list[Fired]:
    """What has a text, as it stands from top to bottom in one place; texts that go into another's are in there."""
    by_order = sorted(_joined(lore.fired), key=lambda one: -one.one.entry.order)
    return [one for one in reversed(by_order) if one.text]


def titles(lore: Lore) -> tuple[FiredEntry, ...]:
    """What a plan says of the entries that fired."""
    return tuple(FiredEntry(one.one.book.name, one.one.entry.uid, one.one.title, one.reason) for one in lore.fired)


def left_out(lore: Lore, switched_off: Iterable[tuple[str, str]]) -> Iterator[Part]:
    """The parts of a plan for what nearly fired, and for patterns that were ``switched_off`` with their reasons."""
    for one in lore.held:
        state = PartState.CUT if one.cut else PartState.OUT
        content = one.one.content
        shown = content if len(content) <= _LONGEST_TOLD else f"{content[:_LONGEST_TOLD]}…"
        yield Part(PartKind.LORE, told(one.one), shown, state=state, reason=one.reason)
    patterns = list(switched_off)
    for key, reason in patterns[:MOST_TOLD]:
        name = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
        yield Part(PartKind.LORE, f"lore key {name}", "", state=PartState.OUT, reason=reason)
    if len(patterns) > MOST_TOLD:
        more = f"{len(patterns) - MOST_TOLD:,} more lore keys"
        yield Part(PartKind.LORE, more, "", state=PartState.OUT, reason="switched off like those before them")


def _joined(fired: Sequence[Fired]) -> list[Fired]:
    """What fired, texts that go into another entry's in there; where that one did not fire they are nowhere."""
    found = [one for one in fired if not one.one.conditions.into]
    for guest in fired:
        into = guest.one.conditions.into
        for at, host in enumerate(found) if into else ():
            if host.one.entry.comment.strip() == into:
                found[at] = replace(host, text=_with_guest(host.text, guest))
    return found


def _with_guest(text: str, guest: Fired) -> str:
    """``text`` with what fired in the place of a piece of it, else above or below it."""
    asked = guest.one.conditions
    if asked.replaces:
        return text.replace(asked.replaces, guest.text, 1)
    return "\n".join(one for one in ((guest.text, text) if asked.on_top else (text, guest.text)) if one)


def _in_fields(story: Story, fired: Sequence[Fired]) -> Story:
    """The story with the texts that a decorator puts into one of its fields."""
    guests: dict[str, list[Fired]] = {}
    for one in fired:
        if one.one.conditions.slot:
            guests.setdefault(one.one.conditions.slot, []).append(one)
    if not guests:
        return story
    macros = story.macros
    texts = {
        "system": story.system,
        "post_history": story.post_history,
        "description": macros.description or "",
        "personality": macros.personality or "",
        "scenario": macros.scenario or "",
        "persona": macros.persona or "",
    }
    pieces: list[Piece] = []
    for field, here in guests.items():
        if all(not one.one.conditions.replaces and not one.one.conditions.on_top for one in here):
            pieces += _pieces(field, texts[field], here)
        for one in here:
            texts[field] = _with_guest(texts[field], one)
    macros = replace(
        macros,
        description=texts["description"],
        personality=texts["personality"],
        scenario=texts["scenario"],
        persona=texts["persona"],
    )
    system, post_history = texts["system"], texts["post_history"]
    return replace(story, macros=macros, lore_pieces=tuple(pieces), system=system, post_history=post_history)


def _silenced(story: Story, given: PromptInput, lore: Lore) -> Story:
    """The story without those of the user's own prompts that an entry switches off; a card's own stay."""
    silenced = {name for one in lore.fired for name in one.one.conditions.silences}
    card = story.macros if given.prefer_card_prompts else None
    if "system_prompt" in silenced and not (card and card.char_prompt):
        story = replace(story, system="")
    if "post_history_instructions" in silenced and not (card and card.char_post_history):
        story = replace(story, post_history="")
    return story


def _outlets(fired: Iterable[Fired]) -> dict[str, str]:
    """The texts of each outlet by its name."""
    found: dict[str, list[str]] = {}
    for one in fired:
        found.setdefault(one.one.entry.outlet.strip(), []).append(one.text)
    return {name: "\n".join(texts) for name, texts in found.items()}


def _pieces(field: str, own: str, fired: Sequence[Fired]) -> list[Piece]:
    """One piece for each text of a place, with the newlines between them."""
    pieces = [Piece(field, own)] if own else []
    pieces += [Piece(field, one.text, told(one.one), one.reason) for one in fired]
    return [*(replace(piece, text=f"{piece.text}\n") for piece in pieces[:-1]), *pieces[-1:]]


def _round_the_note(given: PromptInput, top: Sequence[Fired], bottom: Sequence[Fired]) -> tuple[Injection, ...]:
    """The injections with lore above and below the author's note. Without a note ``economy`` puts it in its place."""
    notes = given.injections
    if not top and not bottom:
        return notes
    exact = given.policy is Policy.CLASSIC
    if not exact and all(one.key != NOTE_KEY for one in notes):
        notes = (*notes, Injection("", kind=PartKind.LORE, source=""))
    above, below = ("\n".join(one.text for one in side) for side in (top, bottom))

    def wrapped(note: Injection) -> Injection:
        texts = (above, note.text, below) if exact else [text for text in (above, note.text, below) if text]
        source = " with ".join(text for text in (note.source, _sources((*top, *bottom))) if text)
        text = "\n".join(texts).removeprefix("\n").removesuffix("\n")
        return replace(note, text=text, source=source, reason=_reasons((*top, *bottom)))

    return tuple(wrapped(one) if one.key == NOTE_KEY else one for one in notes)


def _at_depth(fired: Sequence[Fired]) -> Iterator[Injection]:
    """One text for each depth and role."""
    places: dict[tuple[int, InjectionRole], list[Fired]] = {}
    for one in fired:
        places.setdefault((one.depth, one.one.entry.role), []).append(one)
    for (depth, role), here in places.items():
        yield Injection(
            "\n".join(one.text for one in here),
            depth,
            role,
            kind=PartKind.LORE,
            source=_sources(here),
            key=f"customDepthWI-{depth}-{_ROLE_NUMBER[role]}",
            reason=_reasons(here),
        )


def _sources(fired: Sequence[Fired]) -> str:
    return told(*(one.one for one in fired))


def _reasons(fired: Sequence[Fired]) -> str:
    return "; ".join(dict.fromkeys(one.reason for one in fired))
