"""Several replies side by side: one batch, one prompt, each its own text, seed, end and place in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.preset import NEUTRAL, SamplerPreset
from tavern_tui.engines.base import StopReason, TextArrived
from tavern_tui.engines.embedded import room
from tavern_tui.engines.embedded.binding import Flag
from tavern_tui.engines.embedded.kv import Cache
from tavern_tui.engines.embedded.llama import LlamaModel
from tavern_tui.engines.embedded.loading import Loaded
from tavern_tui.engines.embedded.protocol import Answer, Generate, ModelSpec
from tavern_tui.engines.embedded.room import contexts_for
from tests.engines.embedded.loaded_model import Answered, Lib, answer, cache_of, loaded_starter, request
from tests.engines.embedded.tiny_models import tiny_model

pytestmark = pytest.mark.model

CONTEXT = 256
OPENING = "Once upon a time there was"
# Every token is likely enough, so that no reply ends by itself before its length.
LONG = SamplerPreset(temperature=1.2, ban_eos=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaModel]:
    """A model of some kilobytes with a context of 256 tokens, as the host has it."""
    path = tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf")
    model = LlamaModel(ModelSpec(str(path), CONTEXT, 1, 0), Flag(), lambda _fraction: None)
    yield model
    model.close()


@pytest.fixture(scope="module")
def loaded(starter_model: Path) -> Iterator[Loaded]:
    """The starter model, without what makes room for replies."""
    loaded = loaded_starter(starter_model, CONTEXT)
    yield loaded
    loaded.free()


@pytest.fixture
def cache(loaded: Loaded) -> Iterator[Cache]:
    cache = cache_of(loaded)
    yield cache
    cache.free()


def ask(model: LlamaModel, work: Generate) -> Answered:
    events: list[Answer] = []
    return Answered(events, model.generate(work, events.append, lambda: None))


def four(**fields: object) -> Generate:
    return replace(request(OPENING, sampling=LONG, replies=4, seed=3, response_tokens=6), **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def told(loaded: Loaded) -> Answered:
    """Four replies that began on an empty cache."""
    cache = cache_of(loaded)
    told = answer(loaded, cache, four())
    cache.free()
    return told


def test_replies_to_a_prompt_that_fills_the_context_each_have_their_full_length(model: LlamaModel) -> None:
    length = 8
    full = " a" * (CONTEXT - length)
    work = four(prompt=request(full).prompt, response_tokens=length)
    done = ask(model, work)
    assert len(model.vocabulary.tokenize(full)) == CONTEXT - length
    assert [done.ended[number].reason for number in range(4)] == [StopReason.LENGTH] * 4
    assert [done.ended[number].usage.generated for number in range(4)] == [length] * 4


def test_room_for_replies_is_none_for_a_longer_conversation_and_loses_nothing(model: LlamaModel) -> None:
    read = " a" * (CONTEXT - 8)
    ask(model, request(read, response_tokens=1))
    ask(model, four(prompt=request(read).prompt, response_tokens=9, replies=5))
    last = ask(model, request(read + " a" * 5, response_tokens=50)).finished.usage
    assert (last.evaluated, last.generated) == (5, 3)
    assert model.facts.context_tokens == CONTEXT


def test_replies_side_by_side_take_as_many_decode_calls_as_the_longest(loaded: Loaded) -> None:
    lib = Lib(loaded.lib, ("llama_decode",))
    counting = replace(loaded, lib=lib)
    cache = cache_of(counting)
    prompt = 1
    done = answer(counting, cache, four(sampling=NEUTRAL, stop=("s", "d", "r"), response_tokens=20))
    lengths = [ended.usage.generated or 0 for ended in done.ended.values()]
    assert lib.calls["llama_decode"] <= prompt + max(lengths) < sum(lengths)
    cache.free()


def test_every_reply_has_a_seed_of_its_own_and_all_repeat_on_an_empty_cache(
    loaded: Loaded, cache: Cache, told: Answered
) -> None:
    again = answer(loaded, cache, four())
    texts = [told.text(number) for number in range(4)]
    assert texts == [again.text(number) for number in range(4)]
    assert len(set(texts)) == 4


def test_the_pieces_of_all_replies_come_side_by_side(told: Answered) -> None:
    order = [event.reply for event in told.events if isinstance(event, TextArrived)]
    assert set(order[:4]) == {0, 1, 2, 3}


def test_the_prompt_is_read_once_and_the_first_reply_answers_for_it(loaded: Loaded, told: Answered) -> None:
    length = len(loaded.vocabulary.tokenize(OPENING))
    assert told.finished.usage.evaluated == length
    assert [told.ended[number].usage.evaluated for number in range(4)] == [length, 0, 0, 0]
    assert [told.ended[number].usage.reused for number in range(4)] == [0, length, length, length]
    assert told.finished.usage.generated == sum(ended.usage.generated or 0 for ended in told.ended.values())


def test_one_that_is_stopped_leaves_the_others(loaded: Loaded, cache: Cache) -> None:
    ended: set[int] = set()

    def hear(event: Answer) -> None:
        if isinstance(event, TextArrived) and event.reply == 2:
            ended.add(2)

    done = answer(loaded, cache, four(), ended=ended, hear=hear)
    assert done.ended[2].reason is StopReason.ABORTED
    assert done.ended[2].usage.generated == 1
    assert [done.ended[number].usage.generated for number in (0, 1, 3)] == [6, 6, 6]
    assert done.finished.reason is StopReason.LENGTH


def test_a_stop_string_ends_only_the_reply_that_writes_it(loaded: Loaded, cache: Cache, told: Answered) -> None:
    texts = [told.text(number) for number in range(4)]
    others = "".join(texts[:1] + texts[2:])
    stop = next(part for part in texts[1].split() if part not in others)
    done = answer(loaded, cache, four(stop=(stop,)))
    assert done.ended[1].reason is StopReason.STOP_STRING
    assert done.text(1) == texts[1][: texts[1].index(stop)]
    assert [done.text(number) for number in (0, 2, 3)] == [texts[number] for number in (0, 2, 3)]


def test_an_abort_ends_all_of_them_and_those_that_had_not_begun(loaded: Loaded, cache: Cache) -> None:
    flag = Flag()

    def hear(event: Answer) -> None:
        if isinstance(event, TextArrived):
            flag.put_up()

    done = answer(loaded, cache, four(replies=10), hear=hear, flag=flag)
    assert {ended.reason for ended in done.ended.values()} == {StopReason.ABORTED}
    assert sorted(done.ended) == list(range(10))
    assert [done.ended[number].usage.generated for number in (0, 9)] == [1, 0]


def test_where_there_is_no_room_fewer_run_at_once_and_the_rest_after_them(loaded: Loaded) -> None:
    cramped = replace(loaded, lib=Lib(loaded.lib, llama_n_ctx=lambda _context: 24))
    cache = cache_of(cramped)
    done = answer(cramped, cache, four(replies=3, response_tokens=8))
    order = [event.reply for event in done.events if isinstance(event, TextArrived)]
    assert [done.ended[number].usage.generated for number in range(3)] == [8] * 3
    assert set(order[: order.index(2)]) == {0, 1}
    assert set(order[order.index(2) :]) == {2}
    assert done.ended[2].usage.evaluated == 1
    cache.free()


@pytest.mark.parametrize(
    ("free", "wanted"),
    [(2**40, [556, 456, 356]), (5_000_000, [356]), (0, []), (None, [])],
    ids=["plenty", "little", "none", "unknown"],
)
def test_room_is_made_as_far_as_there_is_memory(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, free: int | None, wanted: list[int]
) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: free)
    found = contexts_for(loaded, 256, 8, replies=4, response_tokens=100, prompt_tokens=200)
    assert list(found) == wanted


def test_nothing_is_made_where_the_replies_fit_or_only_sequences_are_missing(loaded: Loaded) -> None:
    assert list(contexts_for(loaded, 256, 8, replies=4, response_tokens=10, prompt_tokens=200)) == []
    assert list(contexts_for(loaded, 256, 1, replies=4, response_tokens=0, prompt_tokens=200)) == [256]


def test_the_next_turn_goes_on_from_the_reply_that_was_picked(loaded: Loaded, cache: Cache) -> None:
    done = answer(loaded, cache, four())
    picked = tuple(
        token
        for event in done.events
        if isinstance(event, TextArrived) and event.reply == 2
        for token in event.token_ids
    )
    prompt = (*loaded.vocabulary.tokenize(OPENING), *picked, 10, 11, 12)
    assert cache.keep(prompt).reused >= len(prompt) - 4


def test_what_was_likely_comes_with_every_token_when_it_is_asked_for(loaded: Loaded, cache: Cache) -> None:
    done = answer(loaded, cache, four(alternatives=3, sampling=SamplerPreset(temperature=0.0)))
    pieces = [event for event in done.events if isinstance(event, TextArrived) and event.reply == 1]
    choices = [choice for piece in pieces for choice in piece.alternatives]
    assert "".join(choice.text for choice in choices) == done.text(1)
    for choice in choices:
        assert choice.likeliest[0].text == choice.text
        assert choice.likeliest[0].logprob == choice.logprob
        assert len(choice.likeliest) == 3
        assert sorted((one.logprob for one in choice.likeliest), reverse=True) == [
            one.logprob for one in choice.likeliest
        ]


def test_nothing_likely_is_told_unasked(told: Answered) -> None:
    assert all(event.alternatives == () for event in told.events if isinstance(event, TextArrived))


def test_a_chat_comes_back_after_a_measurement(model: LlamaModel) -> None:
    prompt = request("Once upon a time. " * 8).prompt
    ask(model, replace(four(replies=1), chat="mine", prompt=prompt))
    model.speed(1, 0.01)
    again = ask(model, replace(four(replies=1), chat="mine", prompt=prompt))
    assert again.finished.usage.evaluated == 1
