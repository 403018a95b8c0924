"""The table of a preset's fields: what each takes, and how it says no."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from tavern_tui.domain.preset import BUILT_IN, NEUTRAL, Preset, ReplyRules, SamplerPreset
from tavern_tui.domain.preset_fields import FIELDS, FieldRefusedError, built, checked, nearest_field

REFUSED = [
    ("temperature", 12, "it goes from 0 to 10, not 12"),
    ("temperature", "hot", 'it is a number from 0 to 10, not "hot"'),
    ("temperature", math.nan, "it goes from 0 to 10, not nan"),
    ("temperature", True, "it is a number from 0 to 10, not true"),
    ("top_k", 1.5, "it is a whole number from 0 to 100,000, not 1.5"),
    ("mirostat", 3, "it goes from 0 to 2, not 3"),
    ("penalize_prompt", "yes", 'it is true or false, not "yes"'),
    ("order", ["temperature", "salt"], 'there is no stage "salt"'),
    ("stop", [1], "it is a list of texts, each in quotes"),
    ("banned", ["x"] * 1 + [str(n) for n in range(300)], "at most 256 texts"),
    ("logit_bias", ["a"], "it is written as"),
    ("logit_bias", {"a": 101}, "it goes from -100 to 100, not 101"),
    ("grammar", 'root ::= "a"\nx', "line 2 of it cannot be read"),
    ("json_schema", "{", "it is no JSON at line 1"),
    ("json_schema", "[]", "a schema is an object"),
    ("seed", -1, "it goes from 0 to 4,294,967,294"),
    ("note", 5, "it is a text"),
]


@pytest.mark.parametrize(("name", "value", "why"), REFUSED, ids=[f"{n}-{name}" for n, (name, *_) in enumerate(REFUSED)])
def test_a_value_that_means_nothing_is_refused_with_its_bounds(name: str, value: object, why: str) -> None:
    with pytest.raises(FieldRefusedError) as refused:
        checked(name, value)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("temperature", 1, 1.0),
        ("top_k", 40.0, 40),
        ("stop", "###", ("###",)),
        ("stop", ["a", "", "a"], ("a",)),
        ("order", ["temp", "typical"], ("temperature", "typical_p")),
        ("logit_bias", {"15": -1, " the": 2}, ((15, -1.0), (" the", 2.0))),
        ("json_schema", {"type": "object"}, '{"type": "object"}'),
        ("seed", None, None),
        ("grammar", "", ""),
    ],
    ids=map(str, range(9)),
)
def test_what_can_be_meant_is_taken(name: str, value: object, taken: object) -> None:
    assert checked(name, value) == taken


def test_every_field_of_a_preset_is_in_the_table_once() -> None:
    ours = {field.name for kind in (SamplerPreset, ReplyRules, Preset) for field in fields(kind)}
    assert set(FIELDS) == ours - {"name", "extra", "sampling", "rules"}


def test_neutral_and_our_own_values_are_within_their_bounds() -> None:
    for preset in (NEUTRAL, *BUILT_IN.values()):
        for field in fields(SamplerPreset):
            if field.name in FIELDS:
                value = getattr(preset, field.name)
                assert checked(field.name, list(value) if isinstance(value, tuple) else value) == value


def test_a_slip_of_the_pen_has_a_nearest_field() -> None:
    assert nearest_field("temprature") == "temperature"
    assert nearest_field("Min_P") == "min_p"
    assert nearest_field("skew") == ""


def test_values_become_a_preset_with_the_rest_neutral() -> None:
    made = built({"min_p": 0.1, "stop": ("x",), "seed": 3}, name="mine", extra=(("skew", 1),))
    assert made == Preset(SamplerPreset(name="mine", min_p=0.1, extra=(("skew", 1),)), ReplyRules(stop=("x",)), seed=3)
