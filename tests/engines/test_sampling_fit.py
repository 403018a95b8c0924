"""Presets over engines that lack something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.preset import BALANCED, BUILT_IN, CREATIVE, NEUTRAL, PRECISE, STARTER, SamplerPreset
from tavern_tui.engines import wire_tables
from tavern_tui.engines.sampling_fit import ALL_SAMPLERS, fit, wire_fields
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


def test_a_hosted_service_gets_no_neutral_values() -> None:
    sent = wire_fields(NEUTRAL, wire_tables.HOSTED.names, neutral_too=False, whole_context=-1)
    assert sent == {}
    assert wire_fields(PRECISE, wire_tables.HOSTED.names, neutral_too=False, whole_context=-1) == {"temperature": 0.4}


def test_a_local_server_gets_neutral_values_too_by_its_own_names() -> None:
    sent = wire_fields(STARTER, wire_tables.LLAMA_SERVER.names, neutral_too=True, whole_context=-1)
    assert sent["repeat_penalty"] == 1.1
    assert sent["repeat_last_n"] == 256
    assert sent["top_k"] == 0
    assert sent["dry_sequence_breakers"] == ["\n", ":", '"', "*"]


@pytest.mark.parametrize("name", ["repetition_range", "dry_range"])
def test_a_range_over_the_whole_context_is_said_as_the_server_says_it(name: str) -> None:
    sent = wire_fields(SamplerPreset(repetition_range=0, dry_range=0), {name: "n"}, neutral_too=True, whole_context=-1)
    assert sent == {"n": -1}


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_every_server_is_told_only_of_samplers_that_exist(wire: Wire) -> None:
    assert wire.samplers <= ALL_SAMPLERS | {"order"}
