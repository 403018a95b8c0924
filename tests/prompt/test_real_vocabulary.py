"""Plans under the starter model's own vocabulary: counts, limits and segments hold where tokens are not additive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tavern_tui.prompt.assemble import assemble, drive
from tavern_tui.prompt.inputs import PromptInput
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.templates import CHATML
from tests.prompt.builders import chat, given

pytestmark = pytest.mark.model

TEXTS = [
    '*She nods.* "Come in."',
    "Thanks...\n\nIt's cold — “really” cold.",
    "  spaced  ",
    "日本語 и русский 😀",
    "\n\nlate",
]

Tokenize = Callable[[str], list[int]]


@pytest.fixture(scope="module")
def tokenize(starter_model: Path) -> Tokenize:
    from llama_cpp import Llama

    vocabulary = Llama(str(starter_model), vocab_only=True, verbose=False)

    def ids(text: str) -> list[int]:
        return list(vocabulary.tokenize(text.encode(), add_bos=False, special=True))

    return ids


def planned(one: PromptInput, tokenize: Tokenize) -> PromptPlan:
    def count(texts: Sequence[str]) -> list[int]:
        return [len(tokenize(text)) for text in texts]

    return drive(assemble(one), count)


def test_segments_taken_one_by_one_are_the_tokens_of_the_whole(tokenize: Tokenize) -> None:
    # A turn that begins with a blank has other tokens alone: those that a model gives after the turn's opening.
    texts = [text for text in TEXTS if not text[0].isspace()]
    plan = planned(given(chat(*texts * 3), prefill="*"), tokenize)
    one_by_one = [token for segment in plan.segments() for token in tokenize(segment.text)]
    assert one_by_one == tokenize(plan.text)


def test_the_plans_count_is_the_count_of_its_segments_within_a_token_per_turn(tokenize: Tokenize) -> None:
    plan = planned(given(chat(*TEXTS * 4)), tokenize)
    real = sum(len(tokenize(segment.text)) for segment in plan.segments())
    assert abs(plan.tokens - real) <= 4 * len(TEXTS)


@pytest.mark.parametrize("turns", [10, 60, 200])
def test_a_prompt_fits_with_its_reply(tokenize: Tokenize, turns: int) -> None:
    one = given(chat(*[TEXTS[at % 4] for at in range(turns)]), CHATML, context_tokens=1_024, reserve_tokens=8)
    plan = planned(one, tokenize)
    real = sum(len(tokenize(segment.text)) for segment in plan.segments())
    assert real + one.response_tokens < one.context_tokens
