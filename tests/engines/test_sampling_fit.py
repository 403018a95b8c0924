"""Presets over engines that lack something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.preset import BALANCED, BUILT_IN, CREATIVE, PRECISE, SamplerPreset
from tavern_tui.engines.sampling_fit import ALL_SAMPLERS, EMBEDDED_SAMPLERS, Effect, effects, fit
from tavern_tui.engines.wire_samplers import Wire
from tavern_tui.engines.wire_tables import WIRES

SOME = frozenset({"temperature", "top_p", "min_p", "repetition_penalty", "repetition_range"})


def test_an_engine_with_everything_gets_the_preset_as_it_is() -> None:
    assert fit(CREATIVE, ALL_SAMPLERS, "llama-server").preset == CREATIVE
    assert fit(CREATIVE, ALL_SAMPLERS, "llama-server").notices == ()


def test_without_dry_a_repetition_penalty_of_1_05_over_1024_stands_in_and_is_told() -> None:
    fitted = fit(BALANCED, SOME, "vLLM")
    assert (fitted.preset.repetition_penalty, fitted.preset.repetition_range) == (1.05, 1024)
    assert fitted.preset.dry_multiplier == 0
    assert fitted.notices == ("vLLM has no DRY: repetition penalty 1.05 over 1,024 tokens instead.",)


def test_the_range_is_not_told_where_it_cannot_be_set() -> None:
    fitted = fit(BALANCED, SOME - {"repetition_range"}, "vLLM")
    assert fitted.notices == ("vLLM has no DRY: repetition penalty 1.05 instead.",)


def test_a_penalty_that_the_preset_has_itself_is_kept() -> None:
    preset = SamplerPreset(dry_multiplier=0.8, repetition_penalty=1.2)
    fitted = fit(preset, SOME, "vLLM")
    assert fitted.preset.repetition_penalty == 1.2
    assert fitted.notices == ("vLLM has no DRY: left out.",)


def test_what_is_left_out_is_named() -> None:
    fitted = fit(CREATIVE, SOME - {"min_p"}, "Ollama")
    assert fitted.notices[1] == "Ollama has no XTC, min-p: left out."
    assert fitted.preset.min_p == fitted.preset.xtc_probability == 0


def test_a_hosted_service_is_told_of_in_one_sentence() -> None:
    fitted = fit(CREATIVE, frozenset({"temperature"}), "openrouter.ai", hosted=True)
    assert fitted.preset.changed() == {"temperature"}
    assert len(fitted.notices) == 1
    assert "temperature and length only" in fitted.notices[0]


def test_nothing_is_said_of_what_was_off_anyway() -> None:
    assert fit(SamplerPreset(temperature=0.5, dry_base=2.0, xtc_threshold=0.3), SOME, "vLLM").notices == ()
    assert fit(PRECISE, SOME, "vLLM").notices == ()


@given(st.sampled_from(list(BUILT_IN.values())), st.frozensets(st.sampled_from(sorted(ALL_SAMPLERS))), st.booleans())
def test_a_fitted_preset_uses_only_what_the_engine_has(
    preset: SamplerPreset, samplers: frozenset[str], hosted: bool
) -> None:
    fitted = fit(preset, samplers, "x", hosted=hosted)
    again = fit(fitted.preset, samplers, "x", hosted=hosted)
    assert again.preset == fitted.preset
    assert again.notices == ()


def test_a_switched_off_sampler_is_not_told_of_and_neither_is_a_range_without_penalties() -> None:
    preset = SamplerPreset(mirostat_tau=3.0, smoothing_curve=2.0, repetition_range=64, dynamic_temperature_low=0.5)
    assert fit(preset, SOME - {"repetition_range"}, "vLLM").notices == ()


@pytest.mark.parametrize(
    ("preset", "named"),
    [
        (SamplerPreset(mirostat=2), "mirostat"),
        (SamplerPreset(dynamic_temperature_low=0.5, dynamic_temperature_high=1.5), "dynamic temperature"),
        (SamplerPreset(smoothing_factor=0.2), "smoothing"),
        (SamplerPreset(order=("temperature", "min_p")), "order of samplers"),
        (SamplerPreset(ban_eos=True), "ban of the end token"),
    ],
    ids=["mirostat", "dynamic", "smoothing", "order", "end"],
)
def test_a_sampler_that_a_server_lacks_is_named_as_people_call_it(preset: SamplerPreset, named: str) -> None:
    assert fit(preset, SOME, "vLLM").notices == (f"vLLM has no {named}: left out.",)


def test_every_value_works_is_off_is_overruled_or_ignored() -> None:
    preset = SamplerPreset(mirostat=2, top_k=40, repetition_penalty=1.1, tfs=0.9)
    found = effects(preset, EMBEDDED_SAMPLERS)
    assert set(found) == ALL_SAMPLERS
    assert {name: found[name] for name in ("mirostat", "top_k", "repetition_penalty", "tfs", "min_p")} == {
        "mirostat": Effect.WORKS,
        "top_k": Effect.OVERRULED,
        "repetition_penalty": Effect.WORKS,
        "tfs": Effect.IGNORED,
        "min_p": Effect.OFF,
    }
    assert effects(preset, EMBEDDED_SAMPLERS - {"mirostat"})["top_k"] is Effect.WORKS


def test_a_temperature_of_zero_leaves_the_rest_nothing_to_do() -> None:
    found = effects(SamplerPreset(temperature=0.0, min_p=0.1, dry_multiplier=0.8), ALL_SAMPLERS)
    assert (found["min_p"], found["dry_multiplier"]) == (Effect.OVERRULED, Effect.WORKS)


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_every_server_is_told_only_of_samplers_that_exist(wire: Wire) -> None:
    assert wire.samplers <= ALL_SAMPLERS | {"order"}
