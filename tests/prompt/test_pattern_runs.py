"""Patterns find what a browser finds: ``javascript_patterns.json`` holds what V8 answered, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.patterns import taken_apart, translated
from tavern_tui.prompt.pattern_runs import SECONDS_PER_TEXT, Allowance, Pattern, pattern_of

ROWS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("javascript_patterns.json").read_text("utf-8"))
ANSWERED = [row for row in ROWS if row["found"] is not None]
REFUSED = [row for row in ROWS if row["found"] is None]
# Python's own module has no properties and looks behind for fixed widths only; both are refused with a reason.
ONLY_WITH_REGEX = ("\\p", "(?<=a+)")


def found(pattern: Pattern, text: str) -> list[list[str | None]]:
    """Each match with its groups, as the rows write it."""
    return [[one.text, *one.groups] for one in pattern.matches(text, Allowance())]


@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: row["find"])
def test_a_pattern_finds_what_javascript_finds(row: dict[str, Any]) -> None:
    assert found(pattern_of(row["find"]), row["text"]) == row["found"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["find"])
def test_what_javascript_refuses_is_refused_in_words(row: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as refused:
        pattern_of(row["find"])
    assert refused.value.title.endswith(".")


@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: row["find"])
def test_pythons_own_module_finds_the_same_or_says_that_it_cannot(row: dict[str, Any]) -> None:
    source = translated(*taken_apart(row["find"]))
    if any(mark in row["find"] for mark in ONLY_WITH_REGEX):
        with pytest.raises(FormatError, match="pip install regex"):
            Pattern(source, interruptible=False)
        return
    pattern = Pattern(source, interruptible=False)
    if pattern.runs:
        assert found(pattern, row["text"]) == row["found"]
    else:
        with pytest.raises(FormatError, match="could interrupt it"):
            found(pattern, row["text"])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("/(a+)+$/", "a" * 5_000 + "!"), ("/(a|aa)+$/g", "a" * 5_000 + "!"), ("/(x+x+)+y/", "x" * 5_000 + "zy")],
)
def test_a_pattern_that_explodes_is_interrupted(pattern: str, text: str) -> None:
    allowance = Allowance()
    with pytest.raises(TimeoutError):
        list(pattern_of(pattern).matches(text, allowance))
    assert allowance.left < 0.5


@pytest.mark.parametrize("pattern", ["/(a+)+$/", r"/(\w+\s?)+:$/gm", "/a*b*c*d*/g"])
def test_what_cannot_be_interrupted_and_has_no_small_bound_does_not_run(pattern: str) -> None:
    own = Pattern(translated(*taken_apart(pattern)), interruptible=False)
    assert not own.runs
    with pytest.raises(FormatError, match="pip install regex"):
        next(own.matches("aaa", Allowance()))


def test_a_common_pattern_runs_without_the_package_regex() -> None:
    pattern = Pattern(translated(*taken_apart(r"/<think>[\s\S]*?<\/think>/g")), interruptible=False)
    assert found(pattern, "<think>\nso</think>Hi") == [["<think>\nso</think>"]]


def test_the_time_of_all_patterns_together_is_bounded() -> None:
    allowance = Allowance(left=0.0)
    with pytest.raises(TimeoutError):
        next(pattern_of("/a/").matches("a", allowance))


def test_what_is_done_with_a_match_counts_as_the_patterns_time() -> None:
    def burn() -> None:
        spent = Allowance(left=2 * SECONDS_PER_TEXT)
        for _ in pattern_of("/a/g").matches("a" * 1_000_000, spent):
            sum(range(200))

    with pytest.raises(TimeoutError):
        burn()


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="ab(|)[]{}*+?^$\\/.,-123<>=!:ékP \n", max_size=24), st.text(alphabet="gimsuy", max_size=3))
def test_any_pattern_runs_or_is_refused_in_words(pattern: str, flags: str) -> None:
    try:
        matches = list(pattern_of(f"/{pattern}/{flags}").matches("ab ék-12 {a}\n", Allowance()))
    except (FormatError, TimeoutError):
        return
    assert all(one.text == "ab ék-12 {a}\n"[one.start : one.end] for one in matches)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=12), st.text(max_size=40))
def test_a_text_whose_signs_are_escaped_finds_itself(wanted: str, text: str) -> None:
    escaped = "".join(f"\\{one}" if one in r"^$\.*+?()[]{}|/" else one for one in wanted)
    matches = list(Pattern(translated(escaped, "g")).matches(text + wanted + text, Allowance()))
    assert all(one.text == wanted for one in matches)
    assert matches or not wanted


def test_a_counted_repetition_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(FormatError, match="too large"):
        pattern_of("/((a{1000}){1000}){1000}/")


def test_a_pattern_is_read_up_to_its_bound_only() -> None:
    with pytest.raises(FormatError, match="10,000"):
        pattern_of("/" + "a" * 10_001 + "/")


def test_groups_nested_without_end_are_refused() -> None:
    with pytest.raises(FormatError, match="50 deep"):
        pattern_of("(" * 2_000 + ")" * 2_000)
