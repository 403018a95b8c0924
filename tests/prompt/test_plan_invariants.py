"""What holds for every plan: its parts are the prompt, their tokens are its tokens, and nothing is out without a word.

Once under an additive counter, where sums must be exact, and once under the starter model's own vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, settings
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.lorebook import InjectionRole, Lorebook, LoreEntry, LorePosition
from tavern_tui.prompt.assemble import assemble, drive
from tavern_tui.prompt.inputs import Examples, GenerationKind, Injection, Policy, PromptInput
from tavern_tui.prompt.plan import PartKind, PartState, PromptPlan
from tavern_tui.prompt.templates import BUILT_IN, CHATML
from tests.prompt.builders import chat, count, given

WORDS = ("lamp", "gull", "rope", "tide")
SAID = st.sampled_from(
    [
        "Yes.",
        "*She nods.*",
        'Of the lamp, "always".',
        "A gull, a rope.",
        "Tide?\n\nTide.",
        "",
        "  so ",
        "夜 é 😀",
        "\n\nlate",
    ]
)
ENTRIES = st.builds(
    LoreEntry,
    uid=st.integers(0, 9),
    keys=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    content=st.sampled_from(["It burns.", "word " * 60, "Two\nlines of the gull."]),
    comment=st.sampled_from(["A", "B"]),
    enabled=st.booleans(),
    constant=st.booleans(),
    probability=st.sampled_from([0.0, 40.0, 100.0]),
    delay=st.sampled_from([0, 3, 30]),
    cooldown=st.sampled_from([0, 2]),
    sticky=st.sampled_from([0, 2]),
    position=st.sampled_from(LorePosition),
    depth=st.integers(0, 5),
    role=st.sampled_from(InjectionRole),
    group=st.sampled_from(["", "g"]),
    characters=st.sampled_from([(), ("Tom",)]),
)
INPUTS: dict[str, st.SearchStrategy[Any]] = {
    "policy": st.sampled_from(Policy),
    "kind": st.sampled_from(GenerationKind),
    "examples": st.sampled_from(Examples),
    "context_tokens": st.integers(420, 1200),
    "injections": st.lists(
        st.builds(
            Injection, st.sampled_from(["Cold.", "Rain\nfalls."]), st.integers(0, 6), st.sampled_from(InjectionRole)
        ),
        max_size=2,
    ).map(tuple),
    "post_history_text": st.sampled_from(["", "Stay in the tower."]),
    "prefill": st.sampled_from(["", "*"]),
    "collapse_newlines": st.booleans(),
    "reserve_tokens": st.sampled_from([0, 8]),
    "turn_number": st.just(lambda turn: int(turn[1:]) + 1),
}


@st.composite
def inputs(draw: st.DrawFn, templates: Iterable[str]) -> PromptInput:
    """Any chat, any lore, any switches, under one of ``templates``; the empty name is plain text."""
    turns = chat(*draw(st.lists(SAID, max_size=30)))
    books = Lorebook("Coast", tuple(draw(st.lists(ENTRIES, max_size=6))))
    switches = {name: draw(strategy) for name, strategy in INPUTS.items()}
    form = BUILT_IN.get(draw(st.sampled_from(sorted(templates))))
    return given(turns, form, lorebooks=(books,), response_tokens=300, **switches)


def planned(one: PromptInput, counter: Callable[[str], int]) -> PromptPlan:
    """The plan, where there is one that makes sense."""
    try:
        return drive(assemble(one), lambda texts: [counter(text) for text in texts])
    except PromptError:
        assume(False)
        raise


def additive(text: str) -> int:
    """Words and marks."""
    return count([text])[0]


@settings(max_examples=60)
@forall(one=inputs([*BUILT_IN, ""]))
def test_the_parts_that_are_in_are_the_prompt(one: PromptInput) -> None:
    plan = planned(one, additive)
    assert plan.text == "".join(part.text for part in plan.parts if part.state is PartState.IN)
    assert plan.text == "".join(segment.text for segment in plan.segments())


@settings(max_examples=60)
@forall(one=inputs([*BUILT_IN, ""]))
def test_the_tokens_of_the_parts_are_those_of_the_whole(one: PromptInput) -> None:
    plan = planned(one, additive)
    assert plan.tokens == sum(part.tokens for part in plan.parts if part.state is PartState.IN) == additive(plan.text)
    assert all(part.tokens == additive(part.text) for part in plan.included)
    if one.policy is Policy.ECONOMY:
        assert plan.tokens + plan.padding <= plan.limit


@settings(max_examples=60)
@forall(one=inputs([*BUILT_IN, ""]))
def test_what_is_not_in_says_why_and_everything_says_where_it_is_from(one: PromptInput) -> None:
    plan = planned(one, additive)
    for part in plan.parts:
        assert part.source.strip()
        assert part.state is PartState.IN or part.reason.strip()
        assert part.kind is not PartKind.LORE or part.reason.strip()
        assert part.kind is not PartKind.TURN or part.source.split()[-1].isdecimal()


@forall(one=inputs([*BUILT_IN, ""]))
def test_a_plan_as_json_says_the_same(one: PromptInput) -> None:
    plan = planned(one, additive)
    values = json.loads(json.dumps(plan.as_dict()))
    inside = [part for part in values["parts"] if part["state"] == "in"]
    assert "".join(part["text"] for part in inside) == plan.text
    assert (values["tokens"], values["limit"]) == (sum(part["tokens"] for part in inside), plan.limit)
    assert [entry["reason"] != "" for entry in values["fired"]] == [True] * len(plan.fired)


Count = Callable[[str], int]


@pytest.fixture(scope="module")
def counted(starter_model: Path) -> Count:
    """Tokens by the starter's vocabulary, each text counted once."""
    from llama_cpp import Llama

    vocabulary = Llama(str(starter_model), vocab_only=True, verbose=False)
    known: dict[str, int] = {}

    def tokens(text: str) -> int:
        if text not in known:
            known[text] = len(vocabulary.tokenize(text.encode(), add_bos=False, special=True))
        return known[text]

    return tokens


# The starter's own template, plain text and templates of words: their markup is tokens or text to it, as to a model
# that was made for them. Other families' control tokens are no tokens here.
READABLE = ["ChatML", "Alpaca", "Vicuna 1.1", "Pygmalion 6B", "WizardLM", ""]


@pytest.mark.model
@settings(max_examples=40)
@forall(one=inputs(READABLE))
def test_by_the_models_own_vocabulary_the_sum_is_right_within_the_padding(counted: Count, one: PromptInput) -> None:
    plan = planned(one, counted)
    spare = 0 if one.policy is Policy.ECONOMY else sum(1 for part in plan.included if part.turn_id)
    head = sum(1 for part in plan.included if part.kind in (PartKind.LORE, PartKind.MARKUP, PartKind.DESCRIPTION))
    assert abs(counted(plan.text) - plan.tokens) <= plan.padding + spare + head


@pytest.mark.model
@pytest.mark.parametrize("template", READABLE)
@pytest.mark.parametrize("turns", [6, 60, 200])
def test_a_long_chat_fits_by_the_models_own_vocabulary(counted: Count, template: str, turns: int) -> None:
    texts = [
        '*She nods.* "Come in."',
        "Thanks...\n\nIt's cold.",
        "  spaced  ",
        "日本語 и русский",
        "\n\nlate",
        "Plain words.",
    ]
    one = given(chat(*[texts[at % 6] for at in range(turns)]), BUILT_IN.get(template), reserve_tokens=8)
    plan = planned(one, counted)
    assert counted(plan.text) <= plan.limit
    assert plan.padding + plan.tokens >= counted(plan.text)


@pytest.mark.model
def test_under_the_models_own_template_the_sum_is_exact(counted: Count) -> None:
    plan = planned(given(chat(*["Come in.", "Thank you."] * 40), CHATML, reserve_tokens=8), counted)
    assert plan.padding == 8
    assert plan.tokens == counted(plan.text)
