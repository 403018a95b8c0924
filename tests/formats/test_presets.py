"""Files of presets: what is read, what is told, and changes that leave the rest as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.preset import BUILT_IN, CREATIVE, STAGES, Preset, ReplyRules, SamplerPreset
from tavern_tui.formats.presets import changed_text, preset_values, read_preset, short_value, write_preset
from tavern_tui.formats.yaml_text import read_yaml

MINE = """\
# My own.
temperature: 0.9   # warm

stop:
  - "***"
  # a comment in a list
  - "###"
# before min_p
min_p: 0.05
skew: [1, 2]
"""

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
PRESETS = st.builds(
    Preset,
    st.builds(
        SamplerPreset,
        name=st.just("mine"),
        temperature=st.floats(0, 10),
        top_k=st.integers(0, 1000),
        order=st.lists(st.sampled_from(STAGES), unique=True).map(tuple),
        ban_eos=st.booleans(),
        dry_breakers=st.lists(TEXTS, unique=True, max_size=3).map(tuple),
        extra=st.dictionaries(st.sampled_from(["skew", "x y", "1"]), st.integers() | TEXTS, max_size=2).map(
            lambda found: tuple(found.items())
        ),
    ),
    st.builds(
        ReplyRules,
        banned=st.lists(TEXTS, unique=True, max_size=3).map(tuple),
        logit_bias=st.dictionaries(
            TEXTS.filter(lambda text: not text.isdecimal()), st.floats(-100, 100), max_size=2
        ).map(lambda found: tuple(found.items())),
        grammar=st.sampled_from(["", 'root ::= "a"', 'root ::= x\nx ::= "ä"\n', '\n root ::= "a"\n\n']),
        json_schema=st.sampled_from(["", '{"type": "object"}']),
    ),
    seed=st.none() | st.integers(0, 9),
    note=st.sampled_from(["", "For prose: warm, long."]),
)


@settings(max_examples=20)
@given(PRESETS)
def test_what_is_written_is_read_again(preset: Preset) -> None:
    read = read_preset(write_preset(preset, comment="One\ntwo"), name="mine")
    assert read.preset == preset
    assert read.problems == ()


def test_a_file_says_only_what_is_not_neutral() -> None:
    assert write_preset(Preset(CREATIVE)) == (
        "temperature: 1.1\nmin_p: 0.05\ndry_multiplier: 0.8\nxtc_probability: 0.5\n"
    )
    assert write_preset(Preset(BUILT_IN["neutral"])) == "\n"
    assert read_preset("", name="x").preset == Preset(SamplerPreset(name="x"))


def test_a_value_out_of_its_bounds_stays_neutral_and_is_told_with_its_line() -> None:
    read = read_preset("min_p: 0.1\ntemperature: 12\nstop: [1]\n", name="mine")
    assert read.preset.sampling == SamplerPreset(name="mine", min_p=0.1)
    assert read.problems == (
        "line 2: temperature: it goes from 0 to 10, not 12.",
        "line 3: stop: it is a list of texts, each in quotes.",
    )


def test_bounds_of_a_temperature_that_contradict_each_other_are_told() -> None:
    read = read_preset("dynamic_temperature_low: 1.5\ndynamic_temperature_high: 1.5\n", name="mine")
    assert read.problems == ("dynamic_temperature_low 1.5 has to be below _high 1.5: it is off.",)
    assert not read.preset.sampling.dynamic


def test_a_key_that_is_none_of_ours_passes_through_and_is_remarked() -> None:
    read = read_preset("name: Mine\nformat: 1\nskew: 0.5\ntemprature: 1\n", name="mine")
    assert read.preset.sampling.extra == (("skew", 0.5), ("temprature", 1))
    assert read.problems == ()
    assert read.remarks == (
        "line 3: skew is no field of ours: it goes to the server as it is.",
        "line 4: temprature is no field of ours: it goes to the server as it is. Did you mean temperature?",
    )


@pytest.mark.parametrize("text", ["- a\n", "temperature", "a: [1", "\x00"], ids=["list", "text", "broken", "nul"])
def test_a_file_that_is_no_list_of_fields_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        read_preset(text, name="mine", where="mine.yaml")


def test_a_change_leaves_comments_and_the_rest_as_they_were_written() -> None:
    text = changed_text(MINE, {"temperature": 0.7, "top_k": 40, "stop": ["x"]})
    assert text == (
        '# My own.\ntemperature: 0.7\n\nstop: ["x"]\n# before min_p\nmin_p: 0.05\nskew: [1, 2]\ntop_k: 40\n'
    )


def test_a_field_is_taken_out_with_its_lines_alone() -> None:
    text = changed_text(MINE, {"stop": None, "nothing": None})
    assert text == MINE.replace('stop:\n  - "***"\n  # a comment in a list\n  - "###"\n', "")


def test_a_long_text_is_written_as_a_block() -> None:
    text = changed_text("min_p: 0.1", {"grammar": 'root ::= x\nx ::= "a"\n'})
    assert text == 'min_p: 0.1\ngrammar: |\n  root ::= x\n  x ::= "a"\n'


@pytest.mark.parametrize(
    "text", ["{min_p: 0.1, top_k: 5}", "? min_p\n: 0.1\n", "stop: ['a\n b']\nmin_p: 0.1\n", ""], ids=map(str, range(4))
)
@settings(max_examples=10)
@given(
    changes=st.dictionaries(
        st.sampled_from(["min_p", "top_k", "stop", "a key"]), st.none() | st.floats(0, 1) | st.lists(TEXTS), max_size=3
    )
)
def test_a_change_says_what_was_wanted_however_the_file_is_written(text: str, changes: dict[str, Any]) -> None:
    before = read_yaml(text).value or {}
    wanted = {key: value for key, value in {**before, **changes}.items() if value is not None}
    assert (read_yaml(changed_text(text, changes)).value or {}) == wanted


def test_the_example_in_the_guide_is_read_without_a_word() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "presets.md").read_text("utf-8")
    lines = page.partition("    # presets/mira.yaml\n")[2].partition("\n\n")[0].splitlines()
    read = read_preset("\n".join(line.removeprefix("    ") for line in lines) + "\n", name="mira")
    assert (read.problems, read.remarks, len(read.given)) == ((), (), 8)
    assert read.preset.rules.logit_bias == ((" suddenly", -5.0), (15043, -100.0))


def test_values_are_shown_short() -> None:
    assert [short_value(value) for value in (0.05, 40, True, "a", ["a", "b"])] == [
        "0.05",
        "40",
        "true",
        "a",
        '["a", "b"]',
    ]
    assert short_value("x" * 3000) == "(3,000 characters)"
    assert short_value(["a long text that has no room"]) == "(1)"
    assert preset_values(Preset(SamplerPreset(extra=(("skew", 1),)))) == {"skew": 1}
