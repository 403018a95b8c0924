"""Author's note, character notes and a persona that is not in the story string: when they are there, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.character import CharacterNote
from tavern_tui.domain.lorebook import InjectionRole, Lorebook, LoreEntry, LorePosition
from tavern_tui.prompt.inputs import (
    AuthorsNote,
    CharacterNotePosition,
    Injection,
    InjectionPosition,
    PersonaPosition,
    Policy,
    PromptInput,
)
from tavern_tui.prompt.notes import due
from tavern_tui.prompt.plan import PartKind, PartState, PromptPlan
from tavern_tui.prompt.templates import CHATML
from tests.prompt.builders import MIRA, SIX_TURNS, chat, given, plan

NOTE = AuthorsNote(text="Hush, {{user}}.", depth=1)
BOTH = pytest.mark.parametrize("policy", list(Policy))


def noted(note: AuthorsNote | None = NOTE, **changes: Any) -> PromptInput:
    return given(chat(*SIX_TURNS), None, note=note, **changes)


def lines(made: PromptPlan) -> list[str]:
    return made.text.split("\n")


def told(made: PromptPlan, kind: PartKind, state: PartState = PartState.OUT) -> list[str]:
    return [part.reason for part in made.parts if part.kind is kind and part.state is state]


@BOTH
def test_the_note_stands_at_its_depth_with_its_macros_expanded(policy: Policy) -> None:
    assert lines(plan(noted(policy=policy)))[-4:] == ["Mira: Half of it is.", "Hush, Tom.", "Tom: Which half?", "Mira:"]


@BOTH
def test_the_note_may_be_somebodys_words(policy: Policy) -> None:
    one = noted(replace(NOTE, role=InjectionRole.ASSISTANT), policy=policy)
    assert "Mira: Hush, Tom." in lines(plan(one))


@pytest.mark.parametrize(
    ("interval", "turns", "there"),
    [(1, 0, True), (0, 4, False), (2, 3, False), (2, 4, True), (3, 2, False), (5, 5, True), (5, 0, False)],
)
def test_a_note_is_due_once_in_so_many_turns_of_the_user(interval: int, turns: int, there: bool) -> None:
    assert due(replace(NOTE, interval=interval), turns) is there


@forall(st.integers(-3, 50), st.integers(0, 500))
def test_a_note_is_due_exactly_where_its_interval_divides_the_count(interval: int, turns: int) -> None:
    expected = interval == 1 or (interval > 1 and turns >= interval and turns % interval == 0)
    assert due(replace(NOTE, interval=interval), turns) is expected


@BOTH
def test_a_note_that_is_not_due_is_told_with_the_turns_it_waits(policy: Policy) -> None:
    made = plan(noted(replace(NOTE, interval=4), user_turns=3, policy=policy))
    assert "Hush, Tom." not in made.text
    assert told(made, PartKind.NOTE) == ["due once in 4 of your turns: in 1"]


def test_a_note_with_the_interval_0_is_switched_off() -> None:
    assert told(plan(noted(replace(NOTE, interval=0), user_turns=3)), PartKind.NOTE) == [
        "its interval is 0: switched off"
    ]


@pytest.mark.parametrize(
    ("position", "text"),
    [
        (CharacterNotePosition.REPLACE, "Mira's own."),
        (CharacterNotePosition.BEFORE, "Mira's own.\nHush, Tom."),
        (CharacterNotePosition.AFTER, "Hush, Tom.\nMira's own."),
    ],
)
def test_a_characters_own_note_replaces_or_joins_the_chats(position: CharacterNotePosition, text: str) -> None:
    one = noted(replace(NOTE, of_character="{{char}}'s own.", of_character_position=position), policy=Policy.CLASSIC)
    assert f"Half of it is.\n{text}\nTom: Which half?" in plan(one).text


@pytest.mark.parametrize(
    ("position", "text"),
    [(PersonaPosition.NOTE_TOP, "Tom carries letters.\nHush, Tom."),
     (PersonaPosition.NOTE_BOTTOM, "Hush, Tom.\nTom carries letters.")],
)  # fmt: skip
@BOTH
def test_the_persona_may_stand_above_or_below_the_note(policy: Policy, position: PersonaPosition, text: str) -> None:
    made = plan(noted(policy=policy, persona_position=position))
    assert f"Half of it is.\n{text}\nTom: Which half?" in made.text
    assert made.text.count("Tom carries letters.") == 1


@pytest.mark.parametrize("position", [PersonaPosition.NOTE_TOP, PersonaPosition.NOTE_BOTTOM])
@BOTH
def test_the_persona_stands_at_an_empty_note(policy: Policy, position: PersonaPosition) -> None:
    made = plan(noted(AuthorsNote(depth=1), policy=policy, persona_position=position))
    assert "Half of it is.\nTom carries letters.\nTom: Which half?" in made.text


def test_without_any_note_the_persona_stands_where_a_note_would() -> None:
    made = plan(noted(None, persona_position=PersonaPosition.NOTE_TOP))
    assert "Tom: Thank you.\nTom carries letters.\nMira: Sit down." in made.text


def test_under_classic_the_persona_waits_with_the_note() -> None:
    waits = replace(NOTE, interval=2)
    made = plan(noted(waits, user_turns=3, policy=Policy.CLASSIC, persona_position=PersonaPosition.NOTE_TOP))
    assert "carries letters" not in made.text
    assert told(made, PartKind.PERSONA) == ["it stands at the author's note, which is not due"]


def test_under_economy_the_persona_does_not_wait_for_the_note() -> None:
    made = plan(noted(replace(NOTE, interval=2), user_turns=3, persona_position=PersonaPosition.NOTE_TOP))
    assert "Half of it is.\nTom carries letters.\nTom: Which half?" in made.text


@BOTH
def test_a_persona_at_a_depth_is_scanned_for_lore_and_is_nowhere_else(policy: Policy) -> None:
    book = Lorebook(name="Post", entries=(LoreEntry(1, keys=("letters",), content="Letters are late."),))
    at = {"persona_position": PersonaPosition.AT_DEPTH, "persona_depth": 1, "persona_role": InjectionRole.USER}
    made = plan(noted(None, policy=policy, lorebooks=(book,), **at))
    assert "Half of it is.\nTom: Tom carries letters.\nTom: Which half?" in made.text
    assert [one.uid for one in made.fired] == [1]
    assert made.text.count("carries letters") == 1


@BOTH
def test_a_persona_without_a_place_is_told_and_its_macro_still_works(policy: Policy) -> None:
    one = noted(None, policy=policy, persona_position=PersonaPosition.NONE, system_text="Of Tom: {{persona}}")
    made = plan(one)
    assert made.text.count("Tom carries letters.") == 1
    assert told(made, PartKind.PERSONA) == ["its position is none"]


def test_under_classic_notes_round_the_story_stand_outside_of_its_markup() -> None:
    before = replace(NOTE, text="First.", position=InjectionPosition.BEFORE_SCENARIO)
    summary = Injection("So far.", key="1_memory", position=InjectionPosition.AFTER_SCENARIO)
    made = plan(given(chat("Hi."), CHATML, note=before, injections=(summary,), policy=Policy.CLASSIC))
    assert made.text.startswith("First.\n<|im_start|>system\n")
    assert "<|im_end|>\n\nSo far.\n" in made.text


def test_under_economy_notes_round_the_story_are_paragraphs_of_it() -> None:
    before = replace(NOTE, text="First.", position=InjectionPosition.BEFORE_SCENARIO)
    summary = Injection("So far.", key="1_memory", position=InjectionPosition.AFTER_SCENARIO)
    text = plan(given(chat("Hi."), CHATML, note=before, injections=(summary,))).text
    assert text.startswith("<|im_start|>system\nFirst.\n\n")
    assert "indoors.\n\nSo far.<|im_end|>" in text


def test_a_story_string_may_have_a_place_for_notes_of_its_own() -> None:
    usual = given(chat("Hi."), CHATML, note=replace(NOTE, position=InjectionPosition.AFTER_SCENARIO))
    string = "{{#if anchorAfter}}[{{anchorAfter}}]\n{{/if}}{{description}}"
    made = plan(replace(usual, context=replace(usual.context, story_string=string)))
    assert made.text.startswith("<|im_start|>system\n[Hush, Tom.]\nMira keeps")
    assert made.text.count("Hush") == 1


def test_texts_round_the_story_are_ordered_by_their_keys() -> None:
    late = Injection("Late.", key="3_vectors", position=InjectionPosition.BEFORE_SCENARIO)
    early = Injection("Early.", key="1_memory", position=InjectionPosition.BEFORE_SCENARIO)
    note = replace(NOTE, text="Note.", position=InjectionPosition.BEFORE_SCENARIO)
    made = plan(noted(note, injections=(late, early), policy=Policy.CLASSIC))
    assert made.text.startswith("Early.\nNote.\nLate.\n")


@BOTH
def test_lore_is_looked_for_in_notes_where_that_is_wanted(policy: Policy) -> None:
    book = Lorebook(name="Quiet", entries=(LoreEntry(1, keys=("hush",), content="Silence is old."),))
    card = replace(MIRA, note=CharacterNote("She hums.", 2))
    hums = replace(book, name="Tune", entries=(LoreEntry(2, keys=("hums",), content="A tune."),))
    unscanned = noted(policy=policy, lorebooks=(book, hums), character=card)
    scanned = replace(unscanned, note=replace(NOTE, allow_lore_scan=True))
    assert plan(unscanned).fired == ()
    assert {one.uid for one in plan(scanned).fired} == {1, 2}


@BOTH
def test_lore_stands_round_the_note_and_the_persona(policy: Policy) -> None:
    made = plan(noted(policy=policy, persona_position=PersonaPosition.NOTE_BOTTOM, lorebooks=_book_round()))
    assert "Half of it is.\nAbove.\nHush, Tom.\nTom carries letters.\nBelow.\nTom: Which half?" in made.text


def test_lore_goes_with_the_note_wherever_that_stands() -> None:
    note = replace(NOTE, position=InjectionPosition.AFTER_SCENARIO)
    made = plan(replace(noted(note, policy=Policy.CLASSIC), lorebooks=_book_round()))
    assert "\n\nAbove.\nHush, Tom.\nBelow.\n***" in made.text


def test_lore_round_a_note_that_is_not_due_is_lost_under_classic_and_stays_under_economy() -> None:
    waits = replace(NOTE, interval=3)
    lost = plan(replace(noted(waits, user_turns=2, policy=Policy.CLASSIC), lorebooks=_book_round()))
    kept = plan(replace(noted(waits, user_turns=2), lorebooks=_book_round()))
    assert "Above." not in lost.text
    assert len(lost.fired) == 2
    assert "Above.\nBelow.\n" in kept.text


def _book_round() -> tuple[Lorebook, ...]:
    top = LoreEntry(1, content="Above.", constant=True, position=LorePosition.NOTE_TOP)
    bottom = LoreEntry(2, content="Below.", constant=True, position=LorePosition.NOTE_BOTTOM)
    return (Lorebook(name="Round", entries=(top, bottom)),)


@pytest.mark.parametrize(("depth", "there"), [(1_000, True), (1_001, False)])
def test_under_classic_a_text_deeper_than_sillytavern_looks_is_nowhere(depth: int, there: bool) -> None:
    made = plan(noted(replace(NOTE, depth=depth), policy=Policy.CLASSIC))
    assert ("Hush, Tom." in made.text) is there


def test_under_economy_a_text_may_stand_at_any_depth() -> None:
    assert "***\nHush, Tom.\nMira: Come in." in plan(noted(replace(NOTE, depth=9_999))).text


@BOTH
def test_the_parts_of_notes_are_counted_with_the_whole(policy: Policy) -> None:
    note = replace(NOTE, position=InjectionPosition.AFTER_SCENARIO)
    made = plan(given(chat(*SIX_TURNS), CHATML, note=note, policy=policy))
    assert "".join(part.text for part in made.included) == made.text
    assert [part.source for part in made.included if part.kind is PartKind.NOTE] == ["author's note"]
    assert made.tokens <= made.limit
