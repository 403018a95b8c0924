"""Examples as messages: headings, turns, and which of them fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.prompt.chat_completion.entries import Entry, entry
from tavern_tui.prompt.chat_completion.example_blocks import Block, that_fit
from tavern_tui.prompt.counting import Counts
from tavern_tui.prompt.inputs import Examples
from tavern_tui.prompt.plan import PartKind, PartState
from tests.prompt.chat_completion.chats import SERA, chat_plan, sent, story, turns

TWO = replace(SERA, example_dialogue="<START>\nUser: q1\nSera: r1\n<START>\nUser: q2\nSera: r2")
CHAT = turns("g", "u1")


def examples(text: str, **changes: Any) -> list[str]:
    made = sent(story(CHAT, character=replace(SERA, example_dialogue=text), **changes))
    return made[made.index("s AUX") + 1 : made.index("s [NEW]")]


def test_every_block_has_its_heading() -> None:
    assert examples(TWO.example_dialogue) == [
        "s [EX]", "s(example_user) q1", "s(example_assistant) r1",
        "s [EX]", "s(example_user) q2", "s(example_assistant) r2",
    ]  # fmt: skip


def test_a_block_in_which_nobody_speaks_is_left_out_under_classic_and_kept_under_economy() -> None:
    assert examples("<START>\nIt rains.") == []
    assert examples("<START>\nIt rains.", classic=False) == ["s [EX]", "s It rains."]


def test_under_economy_a_block_is_one_message_that_says_who_speaks() -> None:
    assert examples("<START>\n{{user}}: q\n{{char}}: r", classic=False) == ["s [EX]", "s User: q\nSera: r"]


def test_examples_are_left_out_where_they_are_switched_off_and_that_is_told() -> None:
    for classic in (True, False):
        plan = chat_plan(story(CHAT, classic=classic, examples=Examples.NEVER))
        assert not [part for part in plan.included if part.kind is PartKind.EXAMPLE]
        told = [part for part in plan.parts if part.kind is PartKind.EXAMPLE]
        assert [(part.state, part.reason) for part in told] == [(PartState.OUT, "example dialogue is switched off")]


HEADING = entry("newChat", "head head", PartKind.EXAMPLE, "")


def block(*sizes: int) -> Block:
    said = (entry("", " ".join("w" * size), PartKind.EXAMPLE, "", name="example_user") for size in sizes)
    return Block(HEADING, tuple(said))


def counts(*blocks: Block) -> Counts:
    known = {text: len(text.split()) for one in blocks for made in one.entries() for text in made.countable()}
    return Counts(known)


def fitting(room: int, *blocks: Block) -> list[Entry]:
    return that_fit(blocks, room, counts(*blocks))[0]


def test_a_block_ends_at_the_first_turn_that_does_not_fit() -> None:
    one = block(1, 50, 1)
    assert fitting(30, one) == [HEADING, one.turns[0]]


def test_a_heading_without_a_turn_is_taken_back() -> None:
    assert fitting(10, block(50)) == []


def test_where_the_heading_did_not_fit_the_message_before_it_goes_as_in_sillytavern() -> None:
    first, second = block(1), block(50)
    room = first.cost(counts(first)) + 2
    assert fitting(room, first, second) == [HEADING]


@forall(st.lists(st.lists(st.integers(1, 9), max_size=4), max_size=4), st.integers(0, 90))
def test_what_is_placed_never_costs_more_than_the_room_and_the_rest_is_what_is_left(
    sizes: list[list[int]], room: int
) -> None:
    blocks = [block(*one) for one in sizes]
    known = counts(*blocks)
    placed, left = that_fit(blocks, room, known)
    assert sum(one.cost(known) for one in placed) + left == room
    assert left >= 0
