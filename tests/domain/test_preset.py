"""Presets: our own numbers, and the order of the stages."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.preset import BUILT_IN, DRY_BREAKERS, NEUTRAL, STAGES, SamplerPreset

UX = Path(__file__).resolve().parents[2] / "docs" / "ux.md"


def promised() -> dict[str, dict[str, float]]:
    """The table of ``docs/ux.md`` §4: preset → field → value."""
    section = UX.read_text("utf-8").partition("## 4. Default values")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")][2:]
    found = {}
    for name, temperature, min_p, other, penalty, dry, xtc in ([cell.strip() for cell in row] for row in rows):
        values = {"temperature": float(temperature), "min_p": float(min_p), "repetition_penalty": float(penalty)}
        assert other == "off"
        if dry != "off":
            names = ("dry_multiplier", "dry_base", "dry_allowed_length", "dry_range")
            values |= dict(zip(names, map(float, dry.split(" / ")), strict=True))
        if xtc != "off":
            values |= dict(zip(("xtc_threshold", "xtc_probability"), map(float, xtc.split(" / ")), strict=True))
        found[name.strip("*").split(" ")[0]] = values
    return found


def test_our_presets_have_the_promised_numbers_and_everything_else_neutral() -> None:
    table = promised()
    assert set(BUILT_IN) == set(table) | {"starter"}
    for name, values in table.items():
        preset = BUILT_IN[name]
        assert {field: float(getattr(preset, field)) for field in values} == values
        assert preset.changed() <= set(values)
        assert preset.dry_breakers == DRY_BREAKERS


def test_the_starter_has_its_own_numbers() -> None:
    starter = BUILT_IN["starter"]
    assert (starter.temperature, starter.min_p) == (0.7, 0.1)
    assert (starter.repetition_penalty, starter.repetition_range) == (1.1, 256)


def test_the_temperature_comes_last_by_default() -> None:
    assert NEUTRAL.stages == STAGES
    assert STAGES[-1] == "temperature"


@given(st.lists(st.sampled_from([*STAGES, "no such stage"]), max_size=14))
def test_an_order_moves_the_stages_that_it_names_and_no_other(order: list[str]) -> None:
    stages = SamplerPreset(order=tuple(order)).stages
    named = list(dict.fromkeys(stage for stage in order if stage in STAGES))
    assert sorted(stages) == sorted(STAGES)
    assert [stage for stage in stages if stage in named] == named
    assert all(stages[place] == stage for place, stage in enumerate(STAGES) if stage not in named)


def test_a_temperature_moves_only_between_bounds_that_are_two() -> None:
    assert SamplerPreset(dynamic_temperature_low=0.0, dynamic_temperature_high=1.5).dynamic
    assert not SamplerPreset(dynamic_temperature_low=1.0, dynamic_temperature_high=1.0).dynamic
    assert not NEUTRAL.dynamic
