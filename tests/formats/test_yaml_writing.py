"""YAML that is written to be edited reads back as what it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.formats.yaml_writing import write_yaml

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=90)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(VALUES)
def test_any_value_reads_back_equal_or_is_not_written(value: object) -> None:
    written = write_yaml(value)
    if written is not None:
        assert read_yaml(written).value == value


@pytest.mark.parametrize(
    "text", ["yes", "0o7", "1e3", "12:30", "~", "null", "true", "-", "&a", "*a", "a: b", "# no", " x"]
)
def test_texts_that_look_like_something_else_stay_texts(text: str) -> None:
    written = write_yaml({"a": text})
    assert written is not None
    assert read_yaml(written).value == {"a": text}


def test_long_texts_stand_as_they_are_read() -> None:
    assert (
        write_yaml({"a": "One line.\n\nAnother: with a colon.\n"}) == "a: |\n  One line.\n\n  Another: with a colon.\n"
    )


def test_a_list_that_is_there_twice_is_written_twice() -> None:
    shared = ["x"]
    assert write_yaml([shared, shared]) == "- - x\n- - x\n"


def test_what_the_reader_would_refuse_is_not_written() -> None:
    deep: list[object] = []
    for _ in range(80):
        deep = [deep]
    assert write_yaml(deep) is None
