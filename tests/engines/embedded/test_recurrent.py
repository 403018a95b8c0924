"""A model whose memory is one state: it goes on, is put aside and comes back; instead of being cut it reads anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.engines.base import Notice
from tavern_tui.engines.embedded.binding import Flag
from tavern_tui.engines.embedded.llama import LlamaModel
from tavern_tui.engines.embedded.protocol import Answer, Generate, ModelSpec
from tests.engines.embedded.loaded_model import Answered, request
from tests.engines.embedded.recurrent_model import recurrent_model

PROMPT = "the hell" * 30
ENDLESS = SamplerPreset(temperature=1.0, ban_eos=True)


@pytest.fixture
def model(tmp_path: Path) -> Iterator[LlamaModel]:
    path = recurrent_model(tmp_path / "recurrent.gguf")
    model = LlamaModel(ModelSpec(str(path), 256, 1, 0), Flag(), lambda _fraction: None)
    yield model
    model.close()


def ask(model: LlamaModel, work: Generate) -> Answered:
    events: list[Answer] = []
    return Answered(events, model.generate(work, events.append, lambda: None))


def asked(**fields: object) -> Generate:
    return replace(request(PROMPT, sampling=ENDLESS, seed=3), **fields)  # type: ignore[arg-type]


def test_a_swipe_reads_everything_again_and_that_is_told_once(model: LlamaModel) -> None:
    length = len(model.vocabulary.tokenize(PROMPT))
    first, second, third = (ask(model, asked()) for _ in range(3))
    assert [one.finished.usage.evaluated for one in (first, second, third)] == [length] * 3
    assert [sum(isinstance(event, Notice) for event in one.events) for one in (first, second, third)] == [0, 1, 0]
    assert first.text() == second.text() == third.text()


def test_what_only_goes_on_is_not_read_again(model: LlamaModel) -> None:
    ask(model, asked(response_tokens=1))
    following = ask(model, asked(prompt=request(PROMPT + "...").prompt))
    assert (following.finished.usage.evaluated, following.finished.usage.shifted) == (3, 0)


def test_a_chat_comes_back_with_its_state(model: LlamaModel) -> None:
    ask(model, asked(chat="mine", response_tokens=1))
    ask(model, replace(request(". " * 80), chat="other"))
    again = ask(model, asked(chat="mine", prompt=request(PROMPT + "...").prompt))
    assert again.finished.usage.evaluated == 3


def test_several_replies_are_written_side_by_side(model: LlamaModel) -> None:
    together = ask(model, asked(replies=3, response_tokens=6))
    assert [together.ended[number].usage.generated for number in range(3)] == [6, 6, 6]
    assert together.text(0) == ask(model, asked(response_tokens=6)).text()
    assert len({together.text(number) for number in range(3)}) == 3


def test_a_banned_text_is_kept_from_coming_where_nothing_can_be_taken_back(model: LlamaModel) -> None:
    free = ask(model, asked(response_tokens=20)).text()
    phrase = free[4:7]
    banned = ask(model, asked(response_tokens=20, banned=(phrase,)))
    assert phrase.lower() not in banned.text().lower()
    assert banned.text().startswith(free[: free.index(phrase)])
    assert banned.finished.usage.generated == 20
