"""Contexts beyond the trained one: the rule's known bases, and who is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.rope import Rope, RopeChange, RopeFacts, is_solar, raised_base, rope_for

LLAMA_2 = RopeFacts(trained_tokens=4096)
LLAMA_3 = RopeFacts(trained_tokens=8192, base=500_000.0)


@pytest.mark.parametrize(
    ("facts", "wanted", "base"),
    [(LLAMA_2, 8192, 26_784), (LLAMA_2, 16_384, 71_738), (LLAMA_3, 16_384, 1_776_948), (LLAMA_3, 32_768, 6_315_088)],
    ids=["llama-2 twice", "llama-2 fourfold", "llama-3 twice", "llama-3 fourfold"],
)
def test_the_base_is_raised_as_far_as_the_context_goes(facts: RopeFacts, wanted: int, base: int) -> None:
    rope = rope_for(facts, wanted)
    assert (int(rope.base), rope.scale, rope.change) == (base, 0.0, RopeChange.RAISED)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [(LLAMA_2, 4096), (LLAMA_2, 512), (RopeFacts(trained_tokens=1024), 2048), (RopeFacts(), 100_000)],
    ids=["as trained", "less", "short all the same", "unknown"],
)
def test_a_context_within_reach_changes_nothing(facts: RopeFacts, wanted: int) -> None:
    assert rope_for(facts, wanted) == Rope()


@pytest.mark.parametrize(
    "facts",
    [
        replace(LLAMA_2, base=1_000_000.0),
        replace(LLAMA_2, scale=0.5),
        replace(LLAMA_2, scaling="yarn"),
        replace(LLAMA_2, scaling="longrope"),
        replace(LLAMA_3, factors=True),
    ],
    ids=["a base of its own", "a scale", "yarn", "longrope", "factors"],
)
def test_a_model_with_a_scaling_of_its_own_is_left_alone(facts: RopeFacts) -> None:
    assert rope_for(facts, 65_536) == Rope(change=RopeChange.OWN)


@pytest.mark.parametrize("wanted", [512, 65_536])
def test_what_somebody_has_set_holds_for_any_context(wanted: int) -> None:
    assert rope_for(LLAMA_2, wanted, scale=0.25) == Rope(0.0, 0.25, RopeChange.MANUAL)
    assert rope_for(LLAMA_2, wanted, base=5e4) == Rope(5e4, 0.0, RopeChange.MANUAL)


def test_solar_models_are_known_by_their_tensors() -> None:
    assert is_solar("llama", 10_000.0, 435)
    assert not is_solar("llama", 10_000.0, 291)
    assert not is_solar("qwen2", 10_000.0, 435)


def test_a_solar_model_is_raised_less() -> None:
    assert raised_base(10_000, 4096, 8192, solar=True) == pytest.approx(21_964, abs=1)


@given(st.integers(2049, 2**20), st.integers(2049, 2**20))
def test_a_longer_context_has_a_higher_base(one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert 10_000 <= raised_base(10_000, 2048, shorter) <= raised_base(10_000, 2048, longer)
