"""What a context keeps of a conversation: cut, moved, put aside, brought back; and memories that refuse."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError
from tavern_tui.engines.embedded.binding import Flag
from tavern_tui.engines.embedded.kv import Cache, Kept
from tavern_tui.engines.embedded.loading import Loaded
from tavern_tui.engines.embedded.parking import Parked, Parking
from tests.engines.embedded.loaded_model import (
    STORY,
    Lib,
    answer,
    cache_of,
    divergence,
    loaded_starter,
    probabilities,
    request,
)

pytestmark = pytest.mark.model

FLAG = Flag()


@pytest.fixture(scope="module")
def loaded(starter_model: Path) -> Iterator[Loaded]:
    """The starter model with a context of 256 tokens, for all tests here."""
    loaded = loaded_starter(starter_model, 256, FLAG)
    yield loaded
    loaded.free()


@pytest.fixture(scope="module")
def ids(loaded: Loaded) -> tuple[int, ...]:
    """A prompt of 80 tokens."""
    return tuple(loaded.vocabulary.tokenize(STORY * 2)[:80])


@pytest.fixture(scope="module")
def state(loaded: Loaded, ids: tuple[int, ...]) -> Parked:
    """What a context holds that has read the prompt."""
    cache = cache_of(loaded)
    read(cache, ids)
    saved = cache.save()
    cache.free()
    assert saved is not None
    return saved


@pytest.fixture
def cache(loaded: Loaded, state: Parked) -> Iterator[Cache]:
    """A cache that has read the prompt."""
    cache = cache_of(loaded, flag=FLAG)
    assert cache.restore(state)
    yield cache
    cache.free()


def read(cache: Cache, tokens: tuple[int, ...]) -> None:
    assert cache.read(tokens, lambda _done: True)


@contextmanager
def on(loaded: Loaded, state: Parked, **instead: Any) -> Iterator[tuple[Cache, Lib]]:
    """A cache that has read the prompt, over a binding with some functions replaced."""
    lib = Lib(loaded.lib, ("llama_memory_seq_add",), **instead)
    cache = cache_of(replace(loaded, lib=lib))
    honest = cache_of(loaded)
    assert honest.restore(state)
    cache.ids = list(state.ids)
    yield cache, lib
    cache.free()
    honest.free()


def after_a_cut(ids: tuple[int, ...]) -> tuple[int, ...]:
    """The prompt with 20 tokens taken out of its middle."""
    return ids[:20] + ids[40:]


def test_what_follows_a_cut_is_moved_and_not_read(cache: Cache, ids: tuple[int, ...]) -> None:
    wanted = after_a_cut(ids)
    assert cache.keep(wanted) == Kept(20, len(wanted) - 21)
    read(cache, wanted[-1:])
    assert cache.ids == list(wanted)


def test_moved_tokens_are_near_to_read_ones(loaded: Loaded, cache: Cache, ids: tuple[int, ...]) -> None:
    wanted = after_a_cut(ids)
    cache.keep(wanted)
    read(cache, wanted[-1:])
    moved = probabilities(cache, loaded)
    cache.clear()
    read(cache, wanted)
    assert divergence(probabilities(cache, loaded), moved) < 0.5


def test_a_state_saved_after_a_shift_is_the_shifted_one_and_before_its_decode_it_would_be_rubbish(
    loaded: Loaded, cache: Cache, ids: tuple[int, ...]
) -> None:
    wanted = after_a_cut(ids)
    cache.keep(wanted)
    rubbish = raw_state(loaded)
    fill_gap(loaded, 20)
    saved = cache.save()
    read(cache, wanted[-1:])
    true = probabilities(cache, loaded)

    def loaded_again(state: Parked) -> float:
        assert cache.restore(state)
        read(cache, wanted[-1:])
        return divergence(true, probabilities(cache, loaded))

    assert saved is not None
    assert saved.ids == wanted[:-1]
    assert loaded_again(saved) <= 0.001
    assert loaded_again(replace(saved, state=rubbish)) > 0.1


def fill_gap(loaded: Loaded, cells: int) -> None:
    """Have another sequence fill what a cut left free, so that later tokens stand in the order of a loaded state.

    In another order the same numbers are added up otherwise, which this model's 8-bit activations make much of.
    """
    lib = loaded.lib
    batch = lib.llama_batch_init(cells, 0, 1)
    batch.n_tokens = cells
    for i in range(cells):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = i + 10, i, 1, 1, 0
    assert lib.llama_decode(loaded.context, batch) == 0
    lib.llama_batch_free(batch)


def raw_state(loaded: Loaded) -> Any:
    size = loaded.lib.llama_state_seq_get_size(loaded.context, 0)
    state = (ctypes.c_uint8 * size)()
    assert loaded.lib.llama_state_seq_get_data(loaded.context, state, size, 0) == size
    return state


def test_shifting_can_be_switched_off(cache: Cache, ids: tuple[int, ...]) -> None:
    assert cache.keep(after_a_cut(ids), shift=False) == Kept(20)


def test_a_reply_tells_what_was_read_what_was_there_and_what_was_moved(loaded: Loaded, cache: Cache) -> None:
    text = "".join(loaded.vocabulary.name(token) for token in after_a_cut(tuple(cache.ids)))
    moved = answer(loaded, cache, request(text + " Then", response_tokens=1)).finished.usage
    assert (moved.evaluated, moved.reused, moved.shifted) == (1, 20, 40)


def test_an_abort_does_not_cut_a_shift_short_and_counts_afterwards(cache: Cache, ids: tuple[int, ...]) -> None:
    wanted = after_a_cut(ids) + ids[:10]
    kept = cache.keep(wanted)
    FLAG.put_up()
    try:
        assert not cache.read(wanted[kept.tokens :], lambda _done: True)
    finally:
        FLAG.put_down()
    assert cache.ids == list(wanted[: kept.tokens + 1])
    read(cache, wanted[kept.tokens + 1 :])
    assert cache.ids == list(wanted)


def test_a_memory_that_cannot_shift_is_not_asked_to(loaded: Loaded, state: Parked, ids: tuple[int, ...]) -> None:
    with on(loaded, state, llama_memory_can_shift=lambda _memory: False) as (cache, lib):
        assert cache.keep(after_a_cut(ids)) == Kept(20)
        assert lib.calls == {"llama_memory_seq_add": 0}


@pytest.mark.parametrize("shift", [True, False], ids=["shift", "cut"])
def test_a_memory_that_refuses_is_read_anew_and_told(
    loaded: Loaded, state: Parked, ids: tuple[int, ...], shift: bool
) -> None:
    def refuse(memory: Any, sequence: int, start: int, end: int) -> bool:
        return start <= 0 and bool(loaded.lib.llama_memory_seq_rm(memory, sequence, start, end))

    with on(loaded, state, llama_memory_seq_rm=refuse) as (cache, _):
        assert cache.keep(after_a_cut(ids), shift=shift) == Kept(0)
        assert (cache.refused, cache.ids) == (True, [])
        assert loaded.lib.llama_memory_seq_pos_max(loaded.lib.llama_get_memory(loaded.context), 0) == -1


def test_a_refusal_halfway_through_a_shift_leaves_nothing_of_it(
    loaded: Loaded, state: Parked, ids: tuple[int, ...]
) -> None:
    asked: list[int] = []

    def refuse_second(memory: Any, sequence: int, start: int, end: int) -> bool:
        asked.append(start)
        return len(asked) < 2 and bool(loaded.lib.llama_memory_seq_rm(memory, sequence, start, end))

    with on(loaded, state, llama_memory_seq_rm=refuse_second) as (cache, _):
        assert cache.keep((*ids[:5], *ids[10:42], *ids[45:80])) == Kept(0)
        assert (asked, cache.ids) == ([79, 42], [])


@pytest.mark.parametrize(("window", "first", "kept"), [(16, 50, 0), (16, 34, 50), (0, 1, 0)], ids=str)
def test_a_window_that_has_let_go_of_what_is_needed_is_seen(
    loaded: Loaded, state: Parked, ids: tuple[int, ...], window: int, first: int, kept: int
) -> None:
    window_of, first_of = (lambda _model: window), (lambda _memory, _sequence: first)
    with on(loaded, state, llama_model_n_swa=window_of, llama_memory_seq_pos_min=first_of) as (cache, _):
        assert cache.keep((*ids[:50], 1, 2)) == Kept(kept)


def test_a_memory_that_says_it_moved_and_did_not_is_read_anew(
    loaded: Loaded, state: Parked, ids: tuple[int, ...]
) -> None:
    with on(loaded, state, llama_memory_seq_add=lambda *_arguments: None) as (cache, _):
        assert cache.keep(after_a_cut(ids)) == Kept(0)


def test_a_state_that_llama_cpp_does_not_take_leaves_an_empty_cache(cache: Cache, state: Parked) -> None:
    rubbish = (ctypes.c_uint8 * state.size)()
    assert not cache.restore(replace(state, state=rubbish))
    assert cache.ids == []
    assert not cache.restore(replace(state, ids=state.ids[:-1]))
    assert cache.restore(state)
    assert cache.ids == list(state.ids)


def test_a_chat_that_another_interrupted_comes_back_with_what_it_had(
    loaded: Loaded, state: Parked, ids: tuple[int, ...]
) -> None:
    cache = cache_of(loaded, Parking(budget=lambda: 2**30))
    cache.turn_to("mine", ids)
    assert cache.restore(state)
    cache.turn_to("other", (5, 6))
    read(cache, (5, 6)[cache.keep((5, 6)).tokens :])
    cache.turn_to("mine", ids)
    assert cache.keep(ids) == Kept(len(ids) - 1)
    cache.free()


def test_a_chat_that_is_turned_to_is_taken_before_the_other_takes_its_room(
    loaded: Loaded, state: Parked, ids: tuple[int, ...]
) -> None:
    cache = cache_of(loaded, Parking(budget=lambda: state.size * 3 // 2))
    cache.turn_to("mine", ids)
    assert cache.restore(state)
    other = tuple(reversed(ids))
    cache.turn_to("other", other)
    read(cache, other[cache.keep(other).tokens :])
    cache.turn_to("mine", ids)
    assert cache.keep(ids) == Kept(len(ids) - 1)
    cache.free()


def test_a_state_that_cannot_be_saved_ends_no_reply(loaded: Loaded, state: Parked, ids: tuple[int, ...]) -> None:
    with on(loaded, state, llama_decode=lambda *_arguments: -3) as (cache, _), pytest.raises(EngineError):
        cache.decode((1,))
    broken = replace(loaded, lib=Lib(loaded.lib, llama_decode=lambda *_arguments: -3))
    cache = cache_of(broken, Parking(budget=lambda: 2**30))
    cache.turn_to("mine", ids)
    assert cache.restore(state)
    cache.keep((*ids[:10], *ids[15:]))
    cache.turn_to("other", (5, 6))
    assert cache.chat == "other"
    cache.free()
