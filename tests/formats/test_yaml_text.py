"""The one YAML loader: scalars of YAML 1.2, bounds, lines for messages."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.yaml_text import MAX_DEPTH, read_yaml


@pytest.fixture(params=["libyaml", "pure"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of PyYAML's parsers: Termux may only have the pure one."""
    if request.param == "pure":
        monkeypatch.delattr(yaml, "CSafeLoader")


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("2024-05-01", "2024-05-01"),
        ("1_000", "1_000"),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("-3", -3),
        ("1.5e3", 1500.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("~", None),
        ("null", None),
        ("", None),
        ("'true'", "true"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("!!int 12", 12),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("9" * 70, float("9" * 70)),
    ],
)
def test_scalars_are_those_of_yaml_1_2(scalar: str, value: Any) -> None:
    assert read_yaml(f"a: {scalar}").value == {"a": value}


def test_keys_are_always_texts() -> None:
    assert read_yaml("1: a\ntrue: b\nnull: c").value == {"1": "a", "true": "b", "null": "c"}


def test_every_part_knows_its_line() -> None:
    document = read_yaml("keys:\n  send: enter\n\n  list:\n    - a\n    - b: c\n")
    assert document.line() == 1
    assert document.line("keys", "send") == 2
    assert document.line("keys", "list", 1) == 6
    assert document.line("keys", "list", 1, "b") == 6
    assert document.line("keys", "nothing", "there") == 1


def test_an_empty_document_holds_nothing() -> None:
    assert read_yaml(b"").value is None
    assert read_yaml(b"# only a comment\n").value is None


def test_aliases_are_followed() -> None:
    assert read_yaml("a: &x [1, 2]\nb: *x\nc: &y t\nd: *y").value == {"a": [1, 2], "b": [1, 2], "c": "t", "d": "t"}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(FormatError, match="values"):
        read_yaml("\n".join(lines))


def test_too_many_aliases_are_refused() -> None:
    with pytest.raises(FormatError, match="aliases") as caught:
        read_yaml("a: &a x\nb:\n" + "  - *a\n" * 101, where="keys.yaml")
    assert caught.value.where == "keys.yaml:103"


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    with pytest.raises(FormatError, match="names nothing"):
        read_yaml("a: &a [*a]")


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1000, 50_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(FormatError):
        read_yaml("[" * depth + "]" * depth)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
        ("a: 1\nb: c: d\n", 2, "not YAML"),
        ("a: 1\n\nb: 2\na: 3\n", 4, "“a” is given twice (first in line 1)"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "tag"),
        ("a: 1\nb: !!timestamp 2020-01-01\n", 2, "tag"),
        ("a: 1\n? [b]\n: 2\n", 2, "key"),
        ("a: 1\nb: *nowhere\n", 2, "names nothing"),
        ("a: !!int x\n", 1, "tag"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_yaml(text.encode(), where="keys.yaml")
    assert caught.value.where == f"keys.yaml:{line}"
    assert words in caught.value.title


@pytest.mark.parametrize("text", ['a: "\\UFFFFFFFF"', "a: \x07", "%YAML 9.9\n---\na: 1", 'a: "\\ud800"'])
def test_odd_characters_and_directives_bring_a_format_error_or_sound_text(text: str) -> None:
    try:
        value = read_yaml(text).value
    except FormatError:
        return
    str(value["a"]).encode()


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(FormatError, match="at most"):
        read_yaml(b"a: 1", max_bytes=3)


@given(st.text(max_size=80) | st.text(st.sampled_from("ab: -[]{}&*!|>'\"\n#?,%@`"), max_size=80))
def test_no_text_brings_anything_but_a_value_or_a_format_error(text: str) -> None:
    try:
        read_yaml(text)
    except FormatError:
        pass
