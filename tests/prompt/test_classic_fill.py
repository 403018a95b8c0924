"""Which items of a chat are in under ``classic``, where not all of them fit; SillyTavern's slips included.

Every turn has 12 tokens: its name, a colon, and ten words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.prompt.inputs import Examples, GenerationKind, Injection, Policy, PromptInput
from tavern_tui.prompt.plan import Part, PartKind, PartState, PromptPlan
from tests.prompt.builders import MIRA, Visited, chat, count, given, plan

CONTEXT = ContextTemplate(name="Bare", story_string="{{system}}")
FILLED = InstructTemplate("Filled", input_sequence="U", output_sequence="C", user_alignment_message="Begin")


def turn(at: int) -> str:
    return f"t{at} " + "word " * 9


def small(turns: int, room: int, **changes: Any) -> PromptInput:
    """A chat whose history, padding and fixed texts aside, may have fewer than ``room`` tokens."""
    card = replace(MIRA, example_dialogue="", **changes.pop("card", {}))
    one = given(
        chat(*map(turn, range(turns))),
        None,
        character=card,
        context=CONTEXT,
        policy=Policy.CLASSIC,
        system_text="S",
        response_tokens=100,
        **changes,
    )
    fixed = count(["S\nMira:"])[0]
    return replace(one, context_tokens=100 + 64 + fixed + room)


def order(made: PromptPlan) -> list[str]:
    """What of the chat is in, oldest first: turn numbers, injected texts."""
    kinds = (PartKind.TURN, PartKind.NOTE, PartKind.POST_HISTORY, PartKind.PREFILL)
    return [part.body.split(": ")[-1].split()[0] for part in made.included if part.kind in kinds]


def cut(made: PromptPlan) -> list[Part]:
    return [part for part in made.parts if part.state is PartState.CUT]


@pytest.mark.parametrize(("room", "kept"), [(25, 2), (24, 1), (13, 1), (12, 0)])
def test_turns_go_in_while_the_sum_stays_below_the_room(room: int, kept: int) -> None:
    assert order(plan(small(5, room))) == [f"t{at}" for at in range(5 - kept, 5)]


def test_what_is_cut_is_told() -> None:
    made = plan(small(5, 25))
    assert [part.body.split()[0] for part in cut(made)] == ["t2"]


def test_injected_texts_are_reserved_before_any_turn() -> None:
    note = Injection("note " + "word " * 11, 4)
    assert order(plan(small(5, 25, injections=(note,)))) == ["note", "t4"]


def test_an_injected_text_that_does_not_fit_takes_the_history_with_it() -> None:
    note = Injection("note " + "word " * 40, 4)
    made = plan(small(5, 40, injections=(note,)))
    assert order(made) == []
    assert next(part.reason for part in cut(made)) == "no room"


def test_lower_texts_are_reserved_first() -> None:
    low, high = Injection("low " + "word " * 11, 0), Injection("high " + "word " * 11, 3)
    assert order(plan(small(5, 13, injections=(high, low)))) == ["low"]


def test_with_post_history_instructions_the_turn_below_a_note_is_reserved_in_its_place() -> None:
    """SillyTavern counts the places of injected texts before it adds the instructions."""
    note = Injection("note " + "word " * 11, 2)
    one = small(6, 37, injections=(note,), card={"post_history_instructions": "PHI"})
    assert order(plan(one)) == ["t4", "t5", "PHI"]
    whole = small(6, 38, injections=(note,), card={"post_history_instructions": "PHI"})
    assert order(plan(whole)) == ["note", "t4", "t5", "PHI"]


def test_with_post_history_instructions_a_turn_far_up_is_kept_for_the_note_above_it() -> None:
    note = Injection("note " + "word " * 11, 4)
    one = small(6, 26, injections=(note,), card={"post_history_instructions": "PHI"})
    assert order(plan(one)) == ["t2", "t5", "PHI"]


def test_on_a_continuation_the_turn_above_a_note_is_reserved_in_its_place() -> None:
    note = Injection("note " + "word " * 11, 3)
    one = small(6, 25 + 12 + 2, injections=(note,), kind=GenerationKind.CONTINUE)
    assert order(plan(one))[:-1] == ["t2", "t4"]


def test_on_a_continuation_a_note_above_all_turns_has_nothing_above_it_to_reserve() -> None:
    note = Injection("note " + "word " * 11, 50)
    one = small(4, 13 + 12 + 2, injections=(note,), kind=GenerationKind.CONTINUE)
    assert order(plan(one))[:-1] == ["t2"]


def test_both_slips_together_reserve_the_note_itself() -> None:
    note = Injection("note " + "word " * 11, 3)
    one = small(6, 27 + 12 + 2, injections=(note,), kind=GenerationKind.CONTINUE)
    one = replace(one, character=replace(one.character, post_history_instructions="PHI"))
    assert order(plan(one))[:-1] == ["note", "t4", "PHI"]


def with_filler(turns: int, tokens: int, **changes: Any) -> str:
    one = replace(small(turns, 0, **changes), instruct=FILLED, context_tokens=tokens)
    return plan(one).text


def test_the_users_filler_stands_before_a_history_that_the_character_opens() -> None:
    assert "U\nTom: Begin\nC\nMira: t0" in with_filler(4, 4096)
    assert "Begin" not in with_filler(4, 100 + 64 + 3 + 5 + 13 * 3 + 1 + 4)


def test_on_a_continuation_the_filler_is_decided_by_the_turn_below_the_oldest() -> None:
    continued = {"kind": GenerationKind.CONTINUE}
    assert "Begin" not in with_filler(5, 4096, **continued)
    fits_three = 100 + 64 + 1 + 4 + 13 + 13 * 3 + 1
    text = with_filler(5, fits_three, **continued)
    assert "Tom: t1" in text
    assert "t0" not in text
    assert "U\nTom: Begin\nU\nTom: t1" in text


def test_the_filler_alone_stands_where_nothing_fits() -> None:
    assert with_filler(3, 100 + 64 + 12).endswith("S\nU\nTom: Begin\nC\nMira:")


def test_the_filler_and_the_first_turn_both_take_the_first_sequences() -> None:
    template = replace(FILLED, first_input_sequence="FU", first_output_sequence="FC")
    one = replace(small(2, 0), instruct=template, context_tokens=4096)
    assert "FU\nTom: Begin\nFC\nMira: t0" in plan(one).text


@pytest.mark.parametrize("always", [True, False])
def test_a_context_that_the_card_alone_overfills_sends_the_card_while_the_engine_can_read_it(always: bool) -> None:
    one = small(3, -40, examples=Examples.ALWAYS if always else Examples.PUSHED_OUT)
    made = plan(one)
    assert made.text == "S\n"
    assert made.tokens < one.context_tokens


def test_the_walk_stops_at_the_first_turn_that_does_not_fit() -> None:
    one = small(10_000, 200)
    visited = Visited(chat(*map(turn, range(10_000))))
    plan(replace(one, turns=visited))
    assert visited.visited <= 20


@forall(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 20)), max_size=3),
    st.integers(0, 200),
    st.booleans(),
    st.booleans(),
)
def test_whatever_is_chosen_stays_below_the_limit_and_in_order(
    notes: list[tuple[int, int]], room: int, instructions: bool, continues: bool
) -> None:
    injections = tuple(
        Injection(f"n{at} " + "word " * words, depth, key=str(at)) for at, (depth, words) in enumerate(notes)
    )
    card = {"post_history_instructions": "PHI"} if instructions else {}
    kind = GenerationKind.CONTINUE if continues else GenerationKind.NORMAL
    one = small(8, room, injections=injections, card=card, kind=kind)
    made = plan(one)
    numbers = [int(name[1:]) for name in order(made) if name.startswith("t")]
    assert numbers == sorted(numbers)
    assert made.tokens + one.token_padding < made.limit or room < 14
