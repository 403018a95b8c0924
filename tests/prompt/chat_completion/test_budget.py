"""What fits: the cost of a message, the order of spending, and what a plan says of what had no room."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.chat_completion import ChatCompletionPreset, NamesIn
from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.request import Message
from tavern_tui.prompt.chat_completion.assembly import assemble_chat
from tavern_tui.prompt.counting import drive
from tavern_tui.prompt.inputs import AuthorsNote, Examples, LoreSettings, PromptInput
from tavern_tui.prompt.plan import PartKind, PartState, PromptPlan
from tests.prompt.builders import Visited, count
from tests.prompt.chat_completion.chats import BARE, PRESET, SERA, chat_plan, preset, sent, story, turns

LONG = turns(*(f"turn {at} " + "word " * 20 for at in range(40)))
TWO = replace(SERA, example_dialogue="<START>\nUser: q1\nSera: r1\n<START>\nUser: q2\nSera: r2")


def cost(messages: Sequence[Message]) -> int:
    """A request's tokens by SillyTavern's formula, with a word or a mark for a token."""
    total = 3
    for one in messages:
        role, content, name = count([one.role.value, one.content, one.name])
        total += 3 + role + content + (name + 1 if one.name else 0)
    return total


def counted(one: PromptInput, form: ChatCompletionPreset = PRESET) -> tuple[PromptPlan, list[list[str]]]:
    """The plan, and the batches of texts that were asked for."""
    batches: list[list[str]] = []

    def remember(texts: Sequence[str]) -> list[int]:
        batches.append(list(texts))
        return count(texts)

    return drive(assemble_chat(one, form), remember), batches


@pytest.mark.parametrize("names", NamesIn)
def test_the_tokens_of_the_parts_are_those_of_the_messages(names: NamesIn) -> None:
    plan = chat_plan(story(LONG[:6], lore_before="WIB"), preset(names_behavior=names))
    assert plan.tokens == cost(plan.messages())


@settings(max_examples=60, deadline=None)
@forall(context=st.integers(120, 1500), pinned=st.booleans(), squash=st.booleans(), depth=st.integers(0, 60))
def test_under_classic_the_messages_fit_and_the_next_turn_would_not(
    context: int, pinned: bool, squash: bool, depth: int
) -> None:
    examples = Examples.ALWAYS if pinned else Examples.PUSHED_OUT
    note = AuthorsNote(text="A note of a few words.", depth=depth)
    one = story(LONG, context_tokens=context, response_tokens=20, character=TWO, examples=examples, note=note)
    plan = chat_plan(one, preset(squash_system_messages=squash))
    assert cost(plan.messages()) <= plan.limit
    kept = [part.turn_id for part in plan.included if part.turn_id]
    assert kept == [turn.id for turn in LONG[len(LONG) - len(kept) :]]
    older = next((part for part in plan.parts if part.state is PartState.CUT and part.turn_id), None)
    examples_in = any(part.kind is PartKind.EXAMPLE for part in plan.included)
    if older is not None and not squash and not examples_in:  # what squashing saves is saved afterwards
        assert plan.tokens + count([older.body])[0] + 4 > plan.limit


@settings(max_examples=60, deadline=None)
@forall(context=st.integers(160, 1500), pinned=st.booleans(), first=st.integers(0, 39))
def test_under_economy_the_messages_fit_and_end_with_the_newest_turn(context: int, pinned: bool, first: int) -> None:
    examples = Examples.ALWAYS if pinned else Examples.PUSHED_OUT
    one = story(
        LONG, classic=False, context_tokens=context, response_tokens=20, character=TWO, examples=examples,
        first_turn=f"t{first}",
    )  # fmt: skip
    plan = chat_plan(one, preset(squash_system_messages=True))
    assert cost(plan.messages()) <= plan.limit
    kept = [part.turn_id for part in plan.included if part.turn_id]
    assert kept == [turn.id for turn in LONG[len(LONG) - len(kept) :]]
    assert kept


def test_a_turn_that_fits_to_the_token_is_in() -> None:
    plan = chat_plan(story(LONG[:2], character=BARE))
    exact = plan.tokens + 20
    assert len(sent(story(LONG[:2], character=BARE, context_tokens=exact, response_tokens=20))) == len(plan.messages())
    tight = chat_plan(story(LONG[:2], character=BARE, context_tokens=exact - 1, response_tokens=20))
    assert [part.turn_id for part in tight.included if part.turn_id] == ["t1"]
    cut = next(part for part in tight.parts if part.turn_id == "t0")
    assert (cut.state, cut.reason) == (PartState.CUT, "no room for this turn and those before it")


def test_pinned_examples_go_before_the_history_and_others_after_it() -> None:
    room = chat_plan(story(LONG[:4], character=TWO)).tokens - 10
    pinned, pushed = (
        chat_plan(story(LONG[:4], character=TWO, context_tokens=room, response_tokens=0, examples=examples))
        for examples in (Examples.ALWAYS, Examples.PUSHED_OUT)
    )
    assert [part.turn_id for part in pinned.included if part.turn_id] == ["t1", "t2", "t3"]
    assert [part.turn_id for part in pushed.included if part.turn_id] == ["t0", "t1", "t2", "t3"]
    cut = [part for part in pushed.parts if part.kind is PartKind.EXAMPLE and part.state is PartState.CUT]
    assert {part.reason for part in cut} == {"made room for the history"}


def test_what_stands_above_the_turns_that_fit_is_cut_and_told() -> None:
    one = story(LONG, context_tokens=300, response_tokens=20, note=AuthorsNote(text="AN", depth=30))
    part = next(part for part in chat_plan(one).parts if part.body == "AN")
    assert (part.state, part.reason) == (PartState.CUT, "it stands above the turns that there is room for")


def test_economy_keeps_what_stands_in_the_chat_whatever_the_depth() -> None:
    one = story(LONG, classic=False, context_tokens=300, response_tokens=20, note=AuthorsNote(text="AN", depth=30))
    assert next(part for part in chat_plan(one).parts if part.body == "AN").state is PartState.IN


def test_economy_begins_the_history_where_the_last_prompt_did_while_that_fits() -> None:
    one = story(LONG, classic=False, context_tokens=600, response_tokens=20, character=BARE)
    plan = chat_plan(one)
    longer = turns(*(turn.text for turn in LONG), "one more", "and one")
    again = chat_plan(replace(one, turns=longer[::-1], first_turn=plan.first_turn))
    assert again.first_turn == plan.first_turn
    before, after = (made.messages() for made in (plan, again))
    assert after[: len(before) - 1] == before[:-1]


@pytest.mark.parametrize("classic", [True, False])
def test_a_card_that_does_not_fit_is_refused_with_numbers(classic: bool) -> None:
    one = story(LONG[:2], classic=classic, character=replace(BARE, description="word " * 900), context_tokens=500)
    with pytest.raises(PromptError, match="Sera") as refused:
        chat_plan(one)
    assert "the card's description" in refused.value.hint


def test_a_newest_turn_that_does_not_fit_is_refused_under_economy_and_left_out_under_classic() -> None:
    chat = turns("g", "word " * 5_000)
    with pytest.raises(PromptError, match="User's turn"):
        chat_plan(story(chat, classic=False, context_tokens=500))
    assert "s [NEW]" in sent(story(chat, context_tokens=500))


def test_a_turn_of_ten_megabytes_is_not_sent_to_be_counted() -> None:
    big = Turn("big", "t1", Speaker.CHARACTER, "Sera", "word " * 2_000_000)
    chat = [*turns("g", "u1"), big, *turns("x", "u2")[1:]]
    plan, batches = counted(story(chat, context_tokens=2000))
    assert [part.turn_id for part in plan.included if part.turn_id] == ["t1"]
    assert max(len(text) for batch in batches for text in batch) < 1_000_000


def test_a_long_chat_is_walked_as_far_as_it_fits() -> None:
    chat = turns(*(f"turn {at} " + "word " * 20 for at in range(5_000)))
    for classic in (True, False):
        visited = Visited(chat)
        plan = chat_plan(replace(story(classic=classic, context_tokens=1000), turns=visited))
        kept = [part for part in plan.included if part.turn_id]
        assert visited.visited <= 3 * len(kept) + LoreSettings().scan_depth


def test_a_second_prompt_asks_for_the_counts_of_what_is_new_once() -> None:
    book = Lorebook("B", (LoreEntry(1, ("turn",), content="Lore of the turn."),))
    rules: dict[str, Any] = {"classic": False, "context_tokens": 900, "lorebooks": (book,), "character": TWO}
    known: dict[str, int] = {}
    for at in (20, 22):
        requests = 0

        def ask(texts: Sequence[str]) -> list[int]:
            nonlocal requests
            missing = [text for text in texts if text not in known]
            requests += bool(missing)
            known.update(zip(missing, count(missing), strict=True))
            return [known[text] for text in texts]

        drive(assemble_chat(story(LONG[:at], **rules), preset(squash_system_messages=True)), ask)
    assert requests <= 1


class TestLore:
    """Lore is charged with what a message costs under ``classic``."""

    def fired(self, cap: int, *, recursive: bool = False) -> list[int]:
        text = " ".join(f"w{at}" for at in range(10))
        entries = tuple(
            LoreEntry(at, ("half" if at == 0 or not recursive else f"w{at}",), content=text, order=300 - at)
            for at in range(3)
        )
        rules = LoreSettings(budget_percent=100, budget_cap=cap, recursive=recursive, book_settings=False)
        one = story(turns("g", "Which half?"), global_lorebooks=(Lorebook("B", entries),), lore=rules)
        return [entry.uid for entry in chat_plan(one).fired]

    def test_six_tokens_are_charged_beside_the_texts(self) -> None:
        assert self.fired(27) == [0, 1]
        assert self.fired(26) == [0]

    def test_six_more_are_charged_for_what_fired_in_passes_before(self) -> None:
        assert self.fired(33, recursive=True) == [0, 1]
        assert self.fired(32, recursive=True) == [0]


def test_lore_in_the_head_has_a_part_for_every_entry_and_is_one_message() -> None:
    entries = tuple(LoreEntry(at, (), content=f"Lore {at}.", constant=True, comment=f"title {at}") for at in (1, 2))
    one = story(turns("g"), global_lorebooks=(Lorebook("B", entries),))
    plan = chat_plan(one, preset(wi_format="<{0}>"))
    parts = [part for part in plan.included if part.kind is PartKind.LORE]
    assert {part.source for part in parts} == {"lore: title 1 (B)", "lore: title 2 (B)"}
    assert {part.reason for part in parts} == {"constant"}
    assert [message.content for message in plan.messages() if "Lore" in message.content] == ["<Lore 2.\nLore 1.>"]
    assert plan.tokens == cost(plan.messages())


def test_random_rolls_are_not_asked_for_while_nothing_is_left_to_chance() -> None:
    def refuse() -> float:
        raise AssertionError(random.__name__)

    assert chat_plan(replace(story(LONG[:4]), random=refuse)).included
