"""What is kept of a prompt that was sent, and what it tells of the next one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.inputs import Injection, Policy, PromptInput
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.plan_record import Change, PlanDifference, PromptRecord, difference, read_record, record_of
from tavern_tui.prompt.templates import ALPACA, BUILT_IN, CHATML
from tests.prompt.builders import MIRA, SIX_TURNS, chat, given, plan

TURNS = chat(*SIX_TURNS)
BOOK = Lorebook("Coast", (LoreEntry(uid=1, keys=("chart",), content="The chart is torn.", comment="Chart"),))


def recorded(made: PromptPlan) -> PromptRecord:
    """The record of a plan, as it comes back from its file."""
    kept = read_record(json.loads(json.dumps(record_of(made, turn="r", at=12.5, model="m").as_dict())))
    assert kept is not None
    return kept


def between(before: PromptInput, after: PromptInput) -> PlanDifference:
    """How one prompt differs from another."""
    return difference(recorded(plan(before)), plan(after))


def told(found: PlanDifference) -> list[tuple[str, str]]:
    """The changes, each as what became of which source."""
    return [(one.change.value, one.source) for one in found.changes]


def test_a_record_comes_back_as_it_was_and_holds_no_text() -> None:
    made = plan(given(TURNS))
    record = record_of(made, turn="r", at=12.5, model="m")
    values = json.dumps(record.as_dict())
    assert read_record(json.loads(values)) == record
    assert record.tokens == made.tokens
    assert record.first_turn == "t0"
    assert not any(text in values for text in SIX_TURNS)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"parts": None},
        {"parts": [["turn", "x", "y", 1, 2]]},
        {"parts": [["turn", "x", "y", 1, 2, 3]]},
        {"at": "now"},
        {"context_tokens": None},
        {"context_tokens": True},
        {"model": 3},
    ],
)
def test_what_is_no_record_is_none(change: dict[str, object]) -> None:
    values = record_of(plan(given(TURNS)), turn="r", at=1, model="m").as_dict()
    assert read_record(values | change) is None


@pytest.mark.parametrize("values", [None, [], 7, "x", {}])
def test_what_is_no_table_is_none(values: object) -> None:
    assert read_record(values) is None


def test_the_same_prompt_differs_in_nothing() -> None:
    found = between(given(TURNS), given(TURNS))
    assert (found.changes, found.first) == ((), "")
    assert found.same_tokens == found.tokens == found.before_tokens


@pytest.mark.parametrize("template", [CHATML, ALPACA, None], ids=["ChatML", "Alpaca", "plain"])
def test_a_chat_that_went_on_begins_with_the_whole_prompt_before(template: InstructTemplate | None) -> None:
    before, after = given(TURNS[:4], template), given(TURNS, template)
    found = between(before, after)
    assert told(found) == [("added", "Mira's turn"), ("added", "Tom's turn")]
    assert (found.same_tokens, found.first) == (plan(before).tokens, "")


def test_an_edited_turn_is_changed_and_what_stands_before_it_is_the_same() -> None:
    edited = [replace(turn, text="Look at the chart.") if turn.id == "t3" else turn for turn in TURNS]
    found = between(given(TURNS), given(edited))
    assert told(found) == [("changed", "Tom's turn")]
    assert found.changes[0].turn_id == "t3"
    parts = plan(given(TURNS)).included
    at = next(place for place, part in enumerate(parts) if part.turn_id == "t3")
    assert found.same_tokens == sum(part.tokens for part in parts[:at])
    assert found.first == "Tom's turn"


def test_a_card_field_that_was_emptied_is_gone_and_one_that_was_filled_is_added() -> None:
    found = between(given(TURNS), given(TURNS, character=replace(MIRA, scenario="", system_prompt="Be brief.")))
    assert ("gone", "the card's scenario") in told(found)
    assert ("gone", "system prompt") in told(found)
    assert ("added", "the card's system prompt") in told(found)
    back = between(given(TURNS, character=replace(MIRA, scenario="")), given(TURNS))
    assert ("added", "the card's scenario") in told(back)


def test_lore_that_fired_is_added_where_it_stands() -> None:
    found = between(given(TURNS[:2], lorebooks=(BOOK,)), given(TURNS, lorebooks=(BOOK,)))
    (lore,) = [one for one in found.changes if one.kind == "lore"]
    assert (lore.change, lore.before, lore.after > 0) == (Change.ADDED, 0, True)
    assert found.same_tokens < found.before_tokens


def test_a_note_that_moved_is_named_and_the_turns_round_it_are_not() -> None:
    note = Injection("It is cold.", depth=2)
    found = between(given(TURNS[:4], injections=(note,)), given(TURNS, injections=(note,)))
    assert ("moved", "author's note") in told(found)
    assert {one.change for one in found.changes} == {Change.MOVED, Change.ADDED}
    assert found.first == "Tom's turn" or found.first == "Mira's turn"


def test_turns_that_left_are_gone() -> None:
    before = given(TURNS, policy=Policy.CLASSIC)
    found = between(before, replace(before, turns=TURNS[:1:-1]))
    assert told(found) == [("gone", "Mira's turn"), ("gone", "Tom's turn")]


def test_a_difference_is_plain_values_for_json() -> None:
    values = between(given(TURNS[:5]), given(TURNS)).as_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["changes"] == [
        {"change": "added", "kind": "turn", "source": "Tom's turn", "turn": "t5", "before": 0, "after": 14}
    ]


@forall(
    texts=st.lists(st.text(alphabet="ab \n", max_size=12), min_size=1, max_size=12),
    cut=st.integers(0, 12),
    template=st.sampled_from([*sorted(BUILT_IN), ""]),
    policy=st.sampled_from(Policy),
)
def test_as_many_tokens_are_the_same_as_the_prompts_truly_share(
    texts: list[str], cut: int, template: str, policy: Policy
) -> None:
    form = BUILT_IN.get(template)
    turns = chat(*texts)
    before = plan(given(turns[:cut], form, policy=policy))
    after = plan(given(turns, form, policy=policy))
    found = difference(recorded(before), after)
    shared = 0
    text = after.text
    for part in before.included:
        if not text.startswith(part.text):
            break
        text = text[len(part.text) :]
        shared += part.tokens
    assert found.same_tokens <= shared <= found.before_tokens
    assert sum(one.before for one in found.changes if one.change is Change.GONE) <= found.before_tokens
