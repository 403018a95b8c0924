"""What is injected beside the chat: author's note, character notes, a persona that is not in the story string, and
the quiet prompt, which lore is looked for in.

``with_notes`` turns all of them into ``Injection``s, whose places ``injections`` (in the chat) and ``anchors`` (round
the story string) find. Lore round the note joins them in ``lore_places``.
Source: SillyTavern 1.12.6, ``public/scripts/authors-note.js`` (``setFloatingPrompt``), ``public/script.js``
(``addPersonaDescriptionExtensionPrompt``, ``getExtensionPrompt``, depth prompts in ``Generate``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tavern_tui.prompt import group
from tavern_tui.prompt.inputs import (
    AuthorsNote,
    CharacterNotePosition,
    Injection,
    InjectionPosition,
    PersonaPosition,
    Policy,
    PromptInput,
)
from tavern_tui.prompt.macro_start import without_card
from tavern_tui.prompt.macros import expand
from tavern_tui.prompt.plan import Part, PartKind, PartState
from tavern_tui.prompt.story import FIELDS, Story, named, one_newline, untrusted

DEPTH_LORE_KEY = "customDepthWI"
"""What the keys of lore at a depth begin with."""

CHANGING_KEY = "0_changing"
"""What the keys of fields begin with that change with every prompt."""

_CHANGES = "changes with every prompt: stands behind what does not"
_SPEAKER_KEY = "0_speaker"
_PERSONA = "the persona's description"
_AT_NOTE = (PersonaPosition.NOTE_TOP, PersonaPosition.NOTE_BOTTOM)


def with_notes(given: PromptInput, story: Story) -> PromptInput:
    """``given`` with everything that is to be injected among its ``injections``, macros not yet expanded."""
    added = (
        *_at_the_note(given),
        *_character_notes(given, story),
        *_persona(given),
        *_of_speaker(given, story),
        *_changing(story),
        *_quiet(given),
    )
    return replace(given, injections=(*given.injections, *added))


def without_depth_lore(given: PromptInput) -> PromptInput:
    """``given`` without the lore that would be injected at a depth, where a quiet prompt does not want it."""
    if given.quiet is None or not given.quiet.skip_lore_and_note:
        return given
    kept = (one for one in given.injections if not one.key.startswith(DEPTH_LORE_KEY))
    return replace(given, injections=tuple(kept))


def due(note: AuthorsNote, user_turns: int) -> bool:
    """Whether the note is in this prompt. Source: spec §10.4."""
    if note.interval == 1:
        return True
    return 0 < note.interval <= user_turns and user_turns % note.interval == 0


def left_out(given: PromptInput) -> Iterator[Part]:
    """The parts of a plan for what has a text and no place in this prompt."""
    note, about = given.note, given.persona.description
    waits = note is not None and not due(note, given.user_turns)
    if note is not None and waits and note_text(note):
        every = note.interval
        left = every - given.user_turns % every if every > 0 else 0
        reason = f"due once in {every} of your turns: in {left}" if every > 0 else "its interval is 0: switched off"
        yield Part(PartKind.NOTE, "author's note", note_text(note), state=PartState.OUT, reason=reason)
    if about and given.persona_position is PersonaPosition.NONE:
        yield Part(PartKind.PERSONA, _PERSONA, about, state=PartState.OUT, reason="its position is none")
    if about and waits and given.persona_position in _AT_NOTE and given.policy is Policy.CLASSIC:
        reason = "it stands at the author's note, which is not due"
        yield Part(PartKind.PERSONA, _PERSONA, about, state=PartState.OUT, reason=reason)


def note_text(note: AuthorsNote) -> str:
    """The chat's note and the character's own, as they are put together."""
    if not note.of_character:
        return note.text
    match note.of_character_position:
        case CharacterNotePosition.BEFORE:
            return f"{note.of_character}\n{note.text}"
        case CharacterNotePosition.AFTER:
            return f"{note.text}\n{note.of_character}"
        case CharacterNotePosition.REPLACE:
            return note.of_character


def _at_the_note(given: PromptInput) -> Iterator[Injection]:
    """The author's note with the persona above or below it. Without a text it holds the place for lore round it.

    Where it is not due, ``classic`` leaves out the persona, too; ``economy`` keeps who the user is where it is.
    """
    exact = given.policy is Policy.CLASSIC
    about = given.persona.description if given.persona_position in _AT_NOTE else ""
    if given.note is None and not about:
        return
    note = given.note or AuthorsNote()
    waits = not due(note, given.user_turns)
    if exact and waits:
        return
    skipped = not exact and given.quiet is not None and given.quiet.skip_lore_and_note
    text = "" if waits or skipped else note_text(note)
    if not (exact or text or about):
        return
    of_note, of_persona = (PartKind.NOTE, "author's note", text), (PartKind.PERSONA, _PERSONA, about)
    top = given.persona_position is PersonaPosition.NOTE_TOP
    order = (of_persona, of_note) if top else (of_note, of_persona)
    there = [one for one in order if one[2]] or [of_note]
    yield Injection(
        "\n".join(one[2] for one in (order if exact and about else there)),
        note.depth,
        note.role,
        kind=PartKind.NOTE if text else there[0][0],
        source=" and ".join(one[1] for one in there),
        scan=note.allow_lore_scan,
        position=note.position,
    )


def _character_notes(given: PromptInput, story: Story) -> Iterator[Injection]:
    scan = given.note is not None and given.note.allow_lore_scan
    joins = group.joins_cards(given)
    number = 0
    for member in group.noted(given):
        note, name = member.note, named(member.name, given)
        text = _first_pass(note.text.strip(), name, given, story)
        source = f"{name}'s character note" if joins else "the card's character note"
        if not text:
            continue
        key = f"DEPTH_PROMPT_{number}" if joins else "DEPTH_PROMPT"
        yield Injection(text, note.depth, note.role, PartKind.CHARACTER_NOTE, source, key, scan)
        number += 1


def _first_pass(text: str, name: str, given: PromptInput, story: Story) -> str:
    """A character note of ``name`` after the macros of its own pass: where cards are joined its names are its own.

    SillyTavern makes that pass for every note, without the card's fields, and one of newlines; the blanks at its ends
    are taken off later.
    """
    if given.policy is Policy.ECONOMY:
        return expand(text, replace(story.macros, char=name)) if group.joins_cards(given) else text
    return one_newline(expand(text, replace(without_card(story.macros), char=name)), given)


def _persona(given: PromptInput) -> Iterator[Injection]:
    about = given.persona.description
    if about and given.persona_position is PersonaPosition.AT_DEPTH:
        place = (given.persona_depth, given.persona_role)
        yield Injection(about, *place, PartKind.PERSONA, _PERSONA, "PERSONA_DESCRIPTION", scan=True)


def _of_speaker(given: PromptInput, story: Story) -> Iterator[Injection]:
    """What a group's head does not say of who speaks, as it would be another for each: at the end of the prompt."""
    if not story.together:
        return
    texts = []
    if given.use_system_prompt and given.prefer_card_prompts:
        texts.append(expand(given.character.system_prompt, replace(story.macros, original="")))
    if story.apart:
        told = story.macros
        scenario = "" if story.own_scenario else told.scenario
        texts += [
            told.description or "",
            f"{story.char}'s personality: {told.personality}" if told.personality else "",
            f"The scene: {scenario}" if scenario else "",
            told.mes_examples or "",
        ]
    text = "\n".join(text.strip() for text in texts if text.strip())
    if text:
        source = f"{story.char}'s card, as {story.char} speaks"
        yield Injection(text, 0, kind=PartKind.DESCRIPTION, source=source, key=_SPEAKER_KEY)


def _changing(story: Story) -> Iterator[Injection]:
    """The fields that would make another head of every prompt: they stand above the newest turn."""
    told = story.macros
    texts = {
        "system": story.system,
        "description": told.description,
        "personality": told.personality,
        "scenario": told.scenario,
        "persona": told.persona,
    }
    for field, text in texts.items():
        if field in story.changing and text:
            kind, source = FIELDS[field]
            yield Injection(text, 1, kind=kind, source=source, key=f"{CHANGING_KEY} {field}", reason=_CHANGES)


def _quiet(given: PromptInput) -> Iterator[Injection]:
    """The quiet prompt as lore sees it; ``assemble`` writes it at the prompt's end."""
    if given.quiet is not None and given.quiet.text:
        nowhere = InjectionPosition.NONE
        yield Injection(
            given.quiet.text,
            0,
            kind=PartKind.QUIET,
            source="quiet prompt",
            key="QUIET_PROMPT",
            scan=True,
            position=nowhere,
        )


@dataclass(frozen=True, slots=True)
class Anchor:
    """A text round the story string, macros expanded; empty for none."""

    text: str = ""
    kind: PartKind = PartKind.NOTE
    source: str = ""
    reason: str = ""


def anchor(given: PromptInput, story: Story, position: InjectionPosition, *, apart: bool) -> Anchor:
    """What stands before or after the story string, its texts in the order of their keys.

    ``apart``: on lines of its own outside of it, which are there before macros are expanded, as in SillyTavern.
    """
    here = sorted(
        (one for one in given.injections if one.position is position and one.text.strip()), key=lambda one: one.key
    )
    if not here:
        return Anchor()
    text = "\n".join(one.text.strip() for one in here)
    if apart:
        text = untrusted(story.expand(f"\n{text}\n"), given)
        text = text.lstrip() if position is InjectionPosition.BEFORE_SCENARIO else text
    else:
        text = untrusted(story.expand(text), given)
    source = " and ".join(dict.fromkeys(one.source for one in here))
    reason = "; ".join(one.reason for one in here if one.reason)
    return Anchor(text, here[0].kind, source, reason)
