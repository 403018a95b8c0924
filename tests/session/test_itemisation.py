"""A plan as rows: in the prompt's order, in groups, with the middle of a long history as one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.inputs import Injection, Policy
from tavern_tui.prompt.plan import PartState
from tavern_tui.session.itemisation import TURNS_SHOWN, itemised
from tests.prompt.builders import MIRA, SIX_TURNS, chat, given, plan

BOOK = Lorebook(
    "Coast",
    (
        LoreEntry(uid=1, keys=("chart",), content="Torn.", comment="Chart"),
        LoreEntry(uid=2, keys=("chart",), content="Sunk.", comment="Wreck", enabled=False),
    ),
)


@pytest.mark.parametrize("policy", Policy)
def test_every_part_that_is_in_has_a_row_in_the_prompts_order_and_the_sums_are_right(policy: Policy) -> None:
    made = plan(given(chat(*SIX_TURNS), policy=policy, lorebooks=(BOOK,)))
    found = itemised(made, everything=True)
    rows = [row for group in found.groups for row in group.rows]
    assert [(row.source, row.tokens) for row in rows] == [(part.source, part.tokens) for part in made.included]
    assert sum(group.tokens for group in found.groups) == made.tokens
    assert sum(row.share for row in rows) == pytest.approx(made.tokens / made.limit)
    assert [group.title for group in found.groups] == ["Head", "Examples", "History", "End"]


def test_what_is_not_in_stands_apart_with_its_reason() -> None:
    made = plan(given(chat(*SIX_TURNS), lorebooks=(BOOK,)))
    found = itemised(made)
    assert len(found.left_out) == sum(part.state is not PartState.IN for part in made.parts)
    assert [(row.state, row.source, row.reason) for row in found.left_out] == [
        ("out", "lore: Wreck (Coast)", "disabled")
    ]


def test_a_note_among_the_turns_stays_where_it_stands() -> None:
    made = plan(
        given(chat(*SIX_TURNS), character=replace(MIRA, example_dialogue=""), injections=(Injection("Cold.", 2),))
    )
    (history,) = [group for group in itemised(made).groups if group.title == "History"]
    assert [row.kind for row in history.rows] == ["turn"] * 4 + ["author's note"] + ["turn"] * 2


def test_the_middle_of_a_long_history_is_one_row_with_its_sum() -> None:
    made = plan(given(chat(*["Yes."] * 40), turn_number=lambda turn: int(turn[1:]) + 1))
    (folded,) = [group for group in itemised(made).groups if group.title == "History"]
    (whole,) = [group for group in itemised(made, everything=True).groups if group.title == "History"]
    assert (len(folded.rows), len(whole.rows)) == (3 + 1 + TURNS_SHOWN, 40)
    assert folded.tokens == whole.tokens
    assert folded.rows[3].source == "25 turns: Tom's turn 4 to Tom's turn 28"


def test_a_row_shows_how_its_text_begins_on_one_line() -> None:
    made = plan(given(chat("One\n\n  two " + "word " * 5_000), context_tokens=20_000))
    (row,) = [row for group in itemised(made).groups for row in group.rows if row.kind == "turn"]
    assert row.begins.startswith("One two word word")
    assert len(row.begins) <= 60
    assert row.begins.endswith("word w…")
    (short,) = itemised(plan(given(chat("One\n\n  two ")))).groups[-2].rows[-1:]
    assert short.begins == "One two"
