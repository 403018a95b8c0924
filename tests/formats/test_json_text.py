"""The bounded JSON reader: what it forgives, what it refuses unless it is told not to, and what it says about it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError, UnsoundError
from tavern_tui.formats.json_text import clean_text, cleaned, read_json, write_json

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.text(LETTERS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(LETTERS), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_is_read_back_equal(value: Any) -> None:
    assert read_json(write_json(value)) == value


@given(JSON)
def test_any_other_program_can_read_what_is_written(value: Any) -> None:
    assert json.loads(write_json(value, indent=None)) == value


@pytest.mark.parametrize(
    "data", ['{"a": "ü"}'.encode("utf-16"), '{"a": "ü"}'.encode("utf-8-sig"), b'\0{"a": "\xc3\xbc"}\0\0']
)
def test_byte_order_marks_utf16_and_nuls_round_the_text_are_forgiven(data: bytes) -> None:
    assert read_json(data) == {"a": "ü"}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"a": {"b": 1, "b": 2}}', "a.b", "twice"),
        ('{"a": [0, NaN]}', "a.1", "NaN, no number"),
        ('{"a": 1e999}', "a", "no number"),
        (f'{{"a": {"9" * 5000}}}', "a", "no number"),
        ('{"a": ["x\\u0000y"]}', "a.0", "NUL"),
        ("NaN", "The value", "no number"),
    ],
    ids=["twice", "nan", "infinite", "endless", "nul", "alone"],
)
def test_what_cannot_be_kept_is_refused_with_file_and_field_and_the_way_on(text: str, place: str, words: str) -> None:
    with pytest.raises(UnsoundError) as caught:
        read_json(text, where="mira.json")
    assert (caught.value.where, place in caught.value.title, words in caught.value.title) == ("mira.json", True, True)
    assert caught.value.hint.endswith("tavern-tui import FILE --repair")


def test_whole_characters_that_are_spelled_out_are_none_of_it() -> None:
    assert read_json(rb'["\ud83d\ude00", "\\u0000"]') == ["😀", "\\u0000"]


def test_the_last_of_two_equal_keys_counts_where_reading_is_not_strict() -> None:
    assert read_json(b'{"a": 1, "a": 2}', strict=False) == {"a": 2}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_other_programs_cannot_read_become_null(number: str) -> None:
    assert read_json(f'{{"a": {number}}}', strict=False) == {"a": None}


@pytest.mark.parametrize("strict", [True, False])
def test_lone_surrogates_are_kept_in_keys_and_values(strict: bool) -> None:
    value = read_json(rb'{"\ud800x": ["\udfff", "\ud83d\ude00"]}', strict=strict)
    assert value == {"\ud800x": ["\udfff", "😀"]}
    assert read_json(write_json(value)) == value
    assert cleaned(value) == {"\ufffdx": ["\ufffd", "😀"]}


def test_clean_text_can_always_be_encoded_and_holds_no_nul() -> None:
    assert clean_text("a\0b\ud800") == "ab\ufffd"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{\n  "name": "Mira"\n  "description": ""\n}', 3, "a comma is missing"),
        ('{\n "name": "Mira,\n}', 2, "line break"),
        ("{\n name: 1}", 2, "double quotes"),
        ('{"name" "Mira"}', 1, "colon"),
        ('{"a": \n}', 2, "a value is missing"),
        ('{"a": "open', 1, "never closed"),
        ('{"a": "\\q"}', 1, "backslash"),
        ("{}\n{}", 2, "something follows"),
    ],
)
def test_what_is_no_json_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_json(text.encode(), where="mira.json")
    assert caught.value.where == f"mira.json:{line}"
    assert words in caught.value.title


def test_bytes_that_are_no_text_are_named_with_line_and_column() -> None:
    with pytest.raises(FormatError) as caught:
        read_json(b'{\n  "name": "M\xe9ra"}', where="mira.json")
    assert caught.value.where == "mira.json:2"
    assert "0xe9 in column 13" in caught.value.title
    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize("depth", [101, 1000, 200_000])
def test_deep_nesting_is_refused_however_deep(depth: int) -> None:
    with pytest.raises(FormatError, match="nested"):
        read_json(b"[" * depth + b"]" * depth)


def test_nesting_at_the_limit_is_read() -> None:
    value = read_json(b"[" * 100 + b"]" * 100)
    for _ in range(99):
        (value,) = value
    assert value == []


def test_a_file_beyond_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(FormatError, match="10 are read at most"):
        read_json(b"[1,2,3,4,5]", max_bytes=10)


@pytest.mark.parametrize("data", [b"", b"  \n", b"\0\0\0"])
def test_an_empty_file_says_so(data: bytes) -> None:
    with pytest.raises(FormatError, match="empty"):
        read_json(data)


def test_writing_never_makes_what_reading_would_not_take() -> None:
    value = {"a": math.nan, "b": "\ud800", "c": [10**64, -(10**63)], "d\0": "\0e"}
    assert read_json(write_json(value)) == {"a": None, "b": "\ud800", "c": [None, None], "d": "e"}
    with pytest.raises(FormatError):
        write_json({"a": object()})


@given(st.binary(max_size=200))
def test_no_bytes_bring_anything_but_a_value_or_a_format_error(data: bytes) -> None:
    try:
        read_json(data)
    except FormatError:
        pass
