"""Prompts with a gap: letter by letter, and how the text before and behind it share the budget."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from tavern_tui.domain.fill_in import BY_SUFFIX, KNOWN, trained_for_it
from tavern_tui.domain.request import FillIn, joined
from tavern_tui.prompt.assemble import drive
from tavern_tui.prompt.fill_in import MOST_TOKENS, assemble_round
from tavern_tui.prompt.inputs import Examples, Prose
from tavern_tui.prompt.plan import PartKind, PromptPlan
from tavern_tui.prompt.templates import CHATML
from tests.prompt.builders import chat, count, given

QWEN = KNOWN[0]


def filled(before: tuple[str, ...], after: str, how: FillIn = QWEN, **changes: Any) -> PromptPlan:
    """The plan of a story with a gap."""
    prose = Prose(joint="", open=True, asks="Go on.", after=after, fill_in=how)
    one = given(chat(*before), CHATML, prose=prose, examples=Examples.NEVER, **changes)
    return drive(assemble_round(one, how, after), count)


def behind(plan: PromptPlan) -> str:
    """What of the text behind the gap is in."""
    return next(part.body for part in plan.included if part.kind is PartKind.AFTER)


def test_the_text_behind_the_gap_stands_between_the_models_tokens_and_no_template_is_left() -> None:
    plan = filled(("The fog came in. ", "She ran"), " and the bell rang.")
    head, _, text = plan.text.removeprefix("<|fim_prefix|>").partition("\n***\n")
    assert text == "The fog came in. She ran<|fim_suffix|> and the bell rang.<|fim_middle|>"
    assert "Cold Point" in head
    assert plan.text.startswith("<|fim_prefix|>Write Mira's side.")
    assert plan.template == "plain text"
    assert "<|im_start|>" not in plan.text


def test_a_server_that_takes_it_beside_the_prompt_gets_the_bare_text_before_the_gap() -> None:
    plan = filled(("The fog came in.",), " A bell rang.", BY_SUFFIX)
    assert plan.text.endswith("***\nThe fog came in.")
    assert plan.suffix == " A bell rang."
    assert joined(plan.segments()) == plan.text
    assert plan.tokens == count([plan.text])[0] + count([plan.suffix])[0]


def test_segments_end_at_the_tokens_so_that_they_are_cut_there_by_every_vocabulary() -> None:
    plan = filled(("The fog came in.",), " A bell rang.")
    texts = [segment.text for segment in plan.segments()]
    assert texts[0] == "<|fim_prefix|>"
    assert texts[-1] == " A bell rang.<|fim_middle|>"
    assert "".join(texts) == plan.text
    assert plan.head > 0


def test_the_models_tokens_in_a_text_are_only_text() -> None:
    story = KNOWN[1]
    plan = filled(("One <fim_middle> two.",), "Three <fim_suffix> four.", story)
    assert [plan.text.count(mark) for mark in story.marks] == [1, 1, 1]


def test_another_text_behind_the_gap_leaves_everything_before_it_as_it_was() -> None:
    one, two = (filled(("The fog came in.",), after).text.partition("<|fim_suffix|>")[0] for after in ("A", "B c d"))
    assert one == two


@settings(max_examples=25, deadline=None)
@for_all(
    turns=st.integers(0, 60), words=st.integers(1, 900), context=st.integers(400, 4000), way=st.sampled_from(KNOWN[:2])
)
def test_both_sides_of_the_gap_have_their_share_of_the_budget(
    turns: int, words: int, context: int, way: FillIn
) -> None:
    before = tuple(f"Sentence number {number} of the story. " for number in range(turns))
    after = " ".join(f"w{number}" for number in range(words))
    plan = filled(before, after, way, context_tokens=context, response_tokens=100)
    assert plan.tokens + plan.padding <= plan.limit
    cost = count([way.after + behind(plan) + way.middle])[0]
    assert cost <= min(MOST_TOKENS, plan.limit // 4)
    assert after.startswith(behind(plan))
    assert behind(plan) == after or cost > min(MOST_TOKENS, plan.limit // 4) // 3  # what there is room for is used
    if turns:
        assert before[-1] in plan.text


@pytest.mark.parametrize(
    ("model", "trained"),
    [
        ("Qwen2.5-Coder-7B.Q4_K_M", True),
        ("starcoder2-3b", True),
        ("deepseek-coder-6.7b-base", True),
        ("codegemma-2b", True),
        ("CodeLlama-7b", True),
        ("CodeLlama-7b-Instruct", False),
        ("granite-3b-code-base", True),
        ("Qwen2.5-7B-Instruct", False),
        ("SmolLM2-135M-Instruct", False),
        ("decoder-only-7b", False),
    ],
)
def test_families_that_were_trained_to_fill_in_are_known_by_their_names(model: str, trained: bool) -> None:
    assert trained_for_it(model) is trained
