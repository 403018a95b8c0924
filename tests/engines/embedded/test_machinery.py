"""The small parts: threads for a machine, the line, reading steps, and the sampler chain."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.preset import BALANCED, CREATIVE, NEUTRAL, SamplerPreset
from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.cores import best_threads, default_threads, physical_cores
from tavern_tui.engines.embedded.kv import BATCH, STEP, batch_tokens
from tavern_tui.engines.embedded.line import Line
from tavern_tui.engines.embedded.protocol import Speed
from tavern_tui.engines.embedded.rules import Rules
from tavern_tui.engines.embedded.sampling import SAMPLERS, sampler_chain
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tests.engines.embedded.vocabularies import LoadedVocabulary


@pytest.fixture
def four_threads_on_two_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    for number in range(4):
        topology = tmp_path / f"cpu{number}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text("0\n")
        (topology / "core_id").write_text(f"{number % 2}\n")
    return tmp_path


def test_hyper_threads_of_a_core_count_once(four_threads_on_two_cores: Path) -> None:
    assert physical_cores(four_threads_on_two_cores, Path("/none")) == 2


@pytest.mark.parametrize(("quota", "cores"), [("max 100000", 2), ("100000 100000", 1), ("50000 100000", 1), ("?", 2)])
def test_a_containers_quota_bounds_the_cores(four_threads_on_two_cores: Path, quota: str, cores: int) -> None:
    (four_threads_on_two_cores / "cpu.max").write_text(quota)
    assert physical_cores(four_threads_on_two_cores, four_threads_on_two_cores / "cpu.max") == cores


@pytest.mark.usefixtures("four_threads_on_two_cores")
def test_without_topology_every_thread_counts_as_a_core(tmp_path: Path) -> None:
    assert physical_cores(tmp_path / "none", tmp_path / "none") == 4


def test_one_core_is_left_to_everything_else() -> None:
    assert default_threads() == max(1, physical_cores() - 1)


def test_more_threads_are_used_only_when_they_bring_something() -> None:
    assert best_threads([Speed(1, 40.0), Speed(2, 41.0), Speed(3, 30.0)]) == 1
    assert best_threads([Speed(1, 40.0), Speed(2, 60.0), Speed(3, 61.0)]) == 2
    assert best_threads([]) == 0


async def test_the_line_serves_in_the_order_of_coming_and_tells_places_as_they_change() -> None:
    line, order, told = Line(), list[str](), dict[str, list[int]]()

    async def come(name: str) -> None:
        async with line.turn(told.setdefault(name, []).append):
            order.append(name)
            await asyncio.sleep(0)

    async with line.turn(lambda _: None):
        coming = [asyncio.ensure_future(come(name)) for name in "abc"]
        await asyncio.sleep(0)
        assert (line.busy, line.waiting) == (True, 3)
    await asyncio.gather(*coming)
    assert order == ["a", "b", "c"]
    assert told == {"a": [1], "b": [2, 1], "c": [3, 2, 1]}
    assert (line.busy, line.waiting) == (False, 0)


async def test_who_leaves_the_line_moves_up_those_behind() -> None:
    line, told = Line(), list[int]()

    async def wait(tell: Any) -> None:
        async with line.turn(tell):
            pass

    async with line.turn(lambda _: None):
        first = asyncio.ensure_future(wait(lambda _: None))
        second = asyncio.ensure_future(wait(told.append))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert told == [2, 1]
    await second


@given(speed=st.floats(0, 1e6), step=st.sampled_from([STEP, 512]), most=st.sampled_from([600, BATCH]))
def test_a_batch_is_half_a_second_in_whole_steps_and_never_less_than_one_step(
    speed: float, step: int, most: int
) -> None:
    tokens = batch_tokens(speed, step, most)
    assert tokens % step == 0
    assert step <= tokens <= most
    assert tokens == step or tokens <= speed * 0.5


def samplers(vocab: Vocabulary, preset: SamplerPreset) -> list[str]:
    """Names of the chain's samplers, as llama.cpp says them."""
    lib = binding.library()
    with sampler_chain(lib, vocab, preset, context=512, seed=1, history=[1, 2]) as chain:
        length = lib.llama_sampler_chain_n(chain)
        return [lib.llama_sampler_name(lib.llama_sampler_chain_get(chain, i)).decode() for i in range(length)]


def test_a_neutral_preset_only_draws(vocabulary: LoadedVocabulary) -> None:
    assert samplers(vocabulary.vocabulary, NEUTRAL) == ["dist"]


def test_the_default_preset_has_no_more_than_it_says(vocabulary: LoadedVocabulary) -> None:
    assert samplers(vocabulary.vocabulary, BALANCED) == ["dry", "min-p", "temp", "dist"]


def test_the_order_is_fixed_with_the_temperature_last(vocabulary: LoadedVocabulary) -> None:
    everything = SamplerPreset(
        temperature=0.9,
        top_k=40,
        top_p=0.9,
        min_p=0.1,
        typical_p=0.9,
        top_n_sigma=1.0,
        repetition_penalty=1.1,
        presence_penalty=0.1,
        frequency_penalty=0.1,
        dry_multiplier=0.8,
        xtc_probability=0.5,
    )
    order = ["penalties", "dry", "top-n-sigma", "top-k", "typical", "top-p", "min-p", "xtc", "temp", "dist"]
    assert samplers(vocabulary.vocabulary, everything) == order


def test_temperature_zero_takes_the_likeliest_token_after_penalties(vocabulary: LoadedVocabulary) -> None:
    cold = SamplerPreset(temperature=0, top_k=40, repetition_penalty=1.1)
    assert samplers(vocabulary.vocabulary, cold) == ["penalties", "greedy"]


def penalised(vocab: Vocabulary, preset: SamplerPreset, *, history: list[int], reply: list[int]) -> set[int]:
    """Which of the tokens 0 to 9, all equally likely, a chain makes less likely after ``history`` and ``reply``."""
    lib = binding.library()
    data = (lib.llama_token_data * 10)(*(lib.llama_token_data(id=i, logit=1.0, p=0.0) for i in range(10)))
    candidates = lib.llama_token_data_array(data=data, size=10, selected=-1, sorted=False)
    with sampler_chain(lib, vocab, preset, context=512, seed=1, history=history) as chain:
        penalties = lib.llama_sampler_chain_get(chain, 0)
        for token in reply:
            lib.llama_sampler_accept(chain, token)
        lib.llama_sampler_apply(penalties, lib.ctypes.byref(candidates))
    return {data[i].id for i in range(10) if data[i].logit < 1.0}


def test_penalties_look_back_into_the_prompt_unless_the_preset_says_otherwise(vocabulary: LoadedVocabulary) -> None:
    preset = SamplerPreset(repetition_penalty=1.1, repetition_range=4)
    reply_only = replace(preset, penalize_prompt=False)
    assert penalised(vocabulary.vocabulary, preset, history=[1, 2, 3, 4], reply=[5, 6]) == {3, 4, 5, 6}
    assert penalised(vocabulary.vocabulary, reply_only, history=[1, 2, 3, 4], reply=[5, 6]) == {5, 6}


def test_every_field_but_those_of_older_samplers_is_said_to_have_an_effect() -> None:
    assert SamplerPreset().changed() == frozenset()
    fields = set(SamplerPreset.__slots__) - {"name", "extra"}
    assert fields - SAMPLERS == {"tfs", "top_a", "smoothing_factor", "smoothing_curve"}
    assert CREATIVE.changed() <= SAMPLERS


def test_stages_that_a_preset_names_change_places_and_the_others_stay(vocabulary: LoadedVocabulary) -> None:
    preset = replace(BALANCED, top_k=40, order=("temperature", "top_k", "dry"))
    assert samplers(vocabulary.vocabulary, preset) == ["temp", "top-k", "min-p", "dry", "dist"]


def test_a_temperature_between_two_bounds_stands_where_the_temperature_does(vocabulary: LoadedVocabulary) -> None:
    moving = replace(NEUTRAL, temperature=0.0, dynamic_temperature_low=0.5, dynamic_temperature_high=1.5)
    assert samplers(vocabulary.vocabulary, moving) == ["temp-ext", "dist"]


@pytest.mark.parametrize(("mode", "name"), [(1, "mirostat"), (2, "mirostat-v2")])
def test_mirostat_takes_the_place_of_what_cuts_off_the_tail(vocabulary: LoadedVocabulary, mode: int, name: str) -> None:
    everything = replace(CREATIVE, mirostat=mode, top_p=0.9, repetition_penalty=1.1)
    assert samplers(vocabulary.vocabulary, everything) == ["penalties", "dry", "temp", name]


def test_what_a_reply_may_hold_comes_before_everything(vocabulary: LoadedVocabulary) -> None:
    lib, rules = binding.library(), Rules(logit_bias=((3, -1.0),), banned=("x",), grammar='root ::= "a"')
    with sampler_chain(lib, vocabulary.vocabulary, BALANCED, context=64, seed=1, history=[1], rules=rules) as chain:
        names = [lib.llama_sampler_name(lib.llama_sampler_chain_get(chain, i)) for i in range(3)]
    assert names == [b"logit-bias", b"rules", b"dry"]


def test_a_fingerprint_tells_vocabularies_apart_and_stays_the_same(vocabulary: LoadedVocabulary) -> None:
    assert vocabulary.vocabulary.fingerprint() == vocabulary.vocabulary.fingerprint()
    assert len(vocabulary.vocabulary.fingerprint()) == 32


def test_the_beginning_token_is_put_in_front_once_where_the_model_wants_it(vocabulary: LoadedVocabulary) -> None:
    vocab = vocabulary.vocabulary
    wanted = (vocab.bos, 7) if vocab.add_bos else (7,)
    assert vocab.with_bos((7,)) == wanted == vocab.with_bos(wanted)
    assert vocab.add_bos == (vocabulary.name == "sentence-pieces")


def test_a_flag_is_a_string_for_c_that_is_empty_until_it_is_raised() -> None:
    flag = binding.Flag()
    states = [flag.raised]
    flag.put_up()
    states.append(flag.raised)
    flag.put_down()
    assert [*states, flag.raised] == [False, True, False]
