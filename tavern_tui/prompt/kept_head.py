"""The head of a prompt of ``economy`` as it was made, so that it is made the same again: ``KeptHead``.

A head is made anew when a text in it is changed, and when the user asks for it; what fires meanwhile goes into the
history (``standing``). Which head a prompt has is told by what people wrote into it, not by what macros make of that:
models and templates may change and come back. What lore stands in it: ``lore_standing``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tavern_tui.domain.character import Character
from tavern_tui.domain.events import KeptHead
from tavern_tui.prompt import group
from tavern_tui.prompt.inputs import InjectionPosition, PersonaPosition, PromptInput

_TIMES = re.compile(r"\{\{\s*(?:time|date|weekday|isotime|isodate|datetimeformat)", re.IGNORECASE)
_CHANGING = re.compile(
    r"\{\{\s*(?:last(?:user|char)?message|lastswipeid|lastgenerationtype|currentswipeid|idle_duration|(?:inc|dec)(?:global)?var)",
    re.IGNORECASE,
)
_READS = re.compile(r"\{\{\s*get(?:global)?var\s*::\s*([^{}:]+?)\s*\}\}", re.IGNORECASE)
_COUNTS = re.compile(r"\{\{\s*(?:add|inc|dec)(?:global)?var\s*::\s*([^{}:]+?)\s*(?:::|\}\})", re.IGNORECASE)
_SETS = re.compile(r"\{\{\s*(?:set|add|inc|dec)(?:global)?var\s*::\s*([^{}:]+?)\s*(?:::|\}\})", re.IGNORECASE)
_KEY_DIGITS = 16


def head_key(given: PromptInput) -> str:
    """A key that changes with the texts that people wrote into the head."""
    digest = hashlib.sha256()
    for text in _texts(given):
        digest.update(text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()[:_KEY_DIGITS]


def known_head(given: PromptInput) -> KeptHead | None:
    """The head of an earlier prompt with the same texts."""
    return given.heads.get(head_key(given)) if given.heads else None


def moment_of(known: KeptHead | None, now: datetime) -> datetime:
    """The moment that macros in the head tell: that at which it was made."""
    return now if known is None else datetime.fromtimestamp(known.at, now.tzinfo)


def changing_fields(given: PromptInput) -> frozenset[str]:
    """The fields of the story string whose texts are others in every prompt.

    They tell of the newest turns, or of a variable that other texts of the prompt change.
    """
    cards = [given.character]
    if given.group is not None and group.joins_cards(given):
        cards = [member.character for member in given.group.members]
    texts = {
        "system": [given.system_text, *([given.character.system_prompt] if given.prefer_card_prompts else ())],
        "description": [card.description for card in cards],
        "personality": [card.personality for card in cards],
        "scenario": [given.scenario] if given.scenario else [card.scenario for card in cards],
        "persona": [given.persona.description] if given.persona_position is PersonaPosition.IN_PROMPT else [],
    }
    found = {field for field, own in texts.items() if any(_CHANGING.search(text) for text in own)}
    reads = {field: {name for text in own for name in _READS.findall(text)} for field, own in texts.items()}
    if any(reads.values()):
        changed = _changed_variables(given, [text for own in texts.values() for text in own])
        found |= {field for field, names in reads.items() if names & changed}
    return frozenset(found)


def _changed_variables(given: PromptInput, of_head: Sequence[str]) -> set[str]:
    """The variables that texts of the prompt may change from turn to turn.

    What the head itself sets comes out the same each time it is made; what it counts does not, nor what is set where
    it depends on the turn whether the text is read.
    """
    books = (*given.lorebooks, *given.chat_lorebooks, *given.persona_lorebooks, *given.global_lorebooks)
    elsewhere = [
        entry.content for book in books for entry in book.entries if entry.enabled and "var::" in entry.content
    ]
    elsewhere += [given.post_history_text, given.character.post_history_instructions]
    elsewhere += [given.note.text] if given.note is not None else []
    elsewhere += [one.text for one in given.injections]
    counted = {name for text in of_head for name in _COUNTS.findall(text)}
    return counted | {name for text in elsewhere for name in _SETS.findall(text)}


def tells_the_time(given: PromptInput) -> bool:
    """Whether the head would be another at another time."""
    return any(_TIMES.search(text) for text in _texts(given) if "{{" in text)


def _texts(given: PromptInput) -> Iterator[str]:
    yield given.examples.value
    yield given.context.story_string
    yield given.system_text if given.use_system_prompt else ""
    yield given.persona.name
    yield given.persona.description if given.persona_position is PersonaPosition.IN_PROMPT else ""
    yield given.scenario
    yield given.lore_before
    yield given.lore_after
    if given.group is None:
        yield given.character.system_prompt if given.prefer_card_prompts else ""
        yield from _of_card(given.character)
    else:
        for member in given.group.members:
            yield from _of_card(member.character) if group.joins_cards(given) else (member.character.name,)
    for one in given.injections:
        if one.position in (InjectionPosition.BEFORE_SCENARIO, InjectionPosition.AFTER_SCENARIO):
            yield one.text


def _of_card(card: Character) -> Iterator[str]:
    yield card.name
    yield card.nickname
    yield card.description
    yield card.personality
    yield card.scenario
    yield card.example_dialogue
