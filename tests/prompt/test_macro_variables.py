"""Variables in macros: SillyTavern's order and its numbers, the order of reading elsewhere, and one effect per text."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.prompt.macros import MacroContext, Scope, Variables, expand, take_effect
from tavern_tui.prompt.script_numbers import as_number, number_text
from tavern_tui.prompt.variables import LONGEST, MOST, MOST_BANNED


def context(variables: Variables, *, exact: bool = False) -> MacroContext:
    return MacroContext(
        user="User",
        char="Sera",
        now=datetime(2024, 9, 4, 14, 5, tzinfo=UTC),
        random=lambda: 0.5,
        variables=variables,
        exact=exact,
    )


def chat(variables: Variables) -> dict[str, str]:
    return variables.values(Scope.CHAT)


# Recorded from SillyTavern's own functions, one after the other (docs/spec/sillytavern-prompts.md, Appendix A).
SEQUENCE = [
    ("{{getvar::x}}|{{setvar::x::5}}|{{getvar::x}}", "||", {"x": "5"}),
    ("{{setvar::y::a}}\n{{getvar::y}}", "\na", {"x": "5", "y": "a"}),
    ("{{addvar::x::2}}{{getvar::x}}", "5", {"x": "7", "y": "a"}),
    ("{{incvar::x}} {{decvar::x}}", "8 7", {"x": "7", "y": "a"}),
    ("{{setvar::z::}}", "{{setvar::z::}}", {"x": "7", "y": "a"}),
]


def test_variables_change_in_sillytaverns_order() -> None:
    variables = Variables()
    for text, becomes, left in SEQUENCE:
        assert expand(text, context(variables, exact=True)) == becomes
        assert chat(variables) == left


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{{setvar::who::{{char}}}}[{{getvar::who}}]", "}}[]"),
        ("{{SetVar:: n ::4}}{{GETVAR::n}}", ""),
        ("{{setvar::a:b::c}}", "{{setvar::a:b::c}}"),
        ("{{setvar::a}}{{getvar::}}", "{{setvar::a}}{{getvar::}}"),
        ("{{setglobalvar::n::1}}{{incglobalvar::n}}{{incvar::n}}{{decglobalvar::n}}", "211"),
        ("{{setvar::a::x\ny}}", "{{setvar::a::x\ny}}"),
    ],
)
def test_in_sillytavern_arguments_end_at_the_first_brace_and_lines_come_one_by_one(text: str, becomes: str) -> None:
    assert expand(text, context(Variables(), exact=True)) == becomes


@pytest.mark.parametrize(
    ("text", "becomes", "left"),
    [
        ("{{getvar::x}}|{{setvar::x::5}}|{{getvar::x}}", "||5", {"x": "5"}),
        ("{{setvar::who::{{char}}}}[{{getvar::who}}]", "[Sera]", {"who": "Sera"}),
        ("{{setvar::a::1}}{{setvar::b::{{getvar::a}}{{incvar::a}}}}{{getvar::b}}", "12", {"a": "2", "b": "12"}),
        ("{{setvar::who::x}}{{setvar::who::}}[{{getvar::who}}]", "[]", {"who": ""}),
        ("{{random::{{setvar::a::b}}::{{getvar::a}}}}", "b", {"a": "b"}),
        ("{{reverse:ab{{getvar::x}}}}{{// {{setvar::x::no}} }}", "ba", {}),
        ("{{setvar::a::{{nothing}}}}{{getvar::a}}", "{{nothing}}", {"a": "{{nothing}}"}),
        ("{{setvar::mood::wild\nand free}}{{getvar::mood}}", "wild\nand free", {"mood": "wild\nand free"}),
        ("}} {{ {{setvar::a::b}}", "}} {{ ", {"a": "b"}),
    ],
)
def test_elsewhere_variables_change_in_the_order_of_reading(text: str, becomes: str, left: dict[str, str]) -> None:
    variables = Variables()
    assert expand(text, context(variables)) == becomes
    assert chat(variables) == left


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [
        ("", "3", "3"),
        ("", "salt", "salt"),
        ("4", "3", "7"),
        ("0.1", "0.2", "0.30000000000000004"),
        ("salt", "water", "saltwater"),
        ("0", "x", "x"),
        ("7", "x", "7x"),
        (" 5 ", "1", "6"),
        ("0x10", "1", "17"),
        ("[]", "a", '["a"]'),
        ('["a",1]', "2", '["a",1,"2"]'),
        ("[broken", "x", "[brokenx"),
        ('{"a":1}', "x", '{"a":1}x'),
    ],
)
def test_adding_sums_numbers_joins_texts_and_grows_lists(before: str, added: str, after: str) -> None:
    variables = Variables({"v": before} if before else {})
    variables.add(Scope.CHAT, "v", added)
    assert chat(variables) == {"v": after}


def test_counting_up_a_list_pushes_a_number_and_shows_its_items() -> None:
    variables = Variables({"v": '["a"]'})
    assert expand("{{incvar::v}}", context(variables)) == "a,1"
    assert chat(variables) == {"v": '["a",1]'}


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("007", "7"),
        ("1.50", "1.5"),
        ("1e3", "1000"),
        (" ", " "),
        ("1_000", "1_000"),
        ("-0", "0"),
        ("Infinity", "Infinity"),
    ],
)
def test_a_value_that_looks_like_a_number_is_shown_as_one(stored: str, shown: str) -> None:
    assert expand("{{getvar::v}}", context(Variables({"v": stored}))) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-6, "0.000001"), (1.25e-7, "1.25e-7"), (-3.5, "-3.5")],
)
def test_numbers_are_written_as_javascript_writes_them(value: float, text: str) -> None:
    assert number_text(value) == text


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_as_it_was_written(value: float) -> None:
    assert as_number(number_text(value)) == value
    if math.isfinite(value) and 1e-6 <= abs(value) < 1e15:
        assert "e" not in number_text(value)


@given(st.text(max_size=12))
def test_no_text_is_read_as_a_number_by_accident(text: str) -> None:
    number = as_number(text)
    assert number is None or (text.strip() and not math.isnan(number))


def test_a_text_takes_effect_once_for_each_place() -> None:
    variables = Variables()
    names = context(variables)
    assert [expand("{{incvar::n}}", names) for _ in range(3)] == ["1", "1", "1"]
    assert expand("{{incvar::n}}", names, "another place") == "2"
    assert chat(variables) == {"n": "2"}
    variables.forget_texts()
    assert expand("{{incvar::n}}", names) == "3"


def test_a_state_can_be_gone_back_to_and_texts_then_take_effect_again() -> None:
    variables = Variables({"n": "5"})
    names = context(variables)
    before = variables.mark()
    text = '{{addvar::n::1}}{{setglobalvar::g::x}}{{banned "storm"}}'
    expand(text, names, "here")
    variables.go_back(before)
    assert (chat(variables), variables.values(Scope.EVERYWHERE), variables.banned) == ({"n": "5"}, {}, ())
    take_effect(text, names, "here")
    take_effect(text, names, "here")
    take_effect("{{incvar::n}}", names, "never expanded")
    assert (chat(variables), variables.values(Scope.EVERYWHERE)) == ({"n": "6"}, {"g": "x"})
    assert variables.banned == ("storm",)


def test_a_text_with_another_original_is_another_text() -> None:
    variables = Variables()
    names = context(variables)
    assert expand("{{incvar::n}}{{original}}", replace(names, original="a")) == "1a"
    assert expand("{{incvar::n}}{{original}}", replace(names, original="b")) == "2b"


def test_variables_are_bounded_in_number_name_and_value() -> None:
    variables = Variables()
    for at in range(MOST + 10):
        variables.set(Scope.CHAT, f"v{at}", "x")
    variables.set(Scope.CHAT, "v0", "y" * (LONGEST + 1))
    variables.set(Scope.EVERYWHERE, "n" * (LONGEST // 100 + 1), "x")
    for at in range(MOST_BANNED + 10):
        variables.ban(str(at))
    assert len(chat(variables)) == MOST
    assert chat(variables)["v0"] == "x"
    assert variables.values(Scope.EVERYWHERE) == {}
    assert len(variables.banned) == MOST_BANNED


def test_a_value_that_is_a_deep_nest_is_a_text() -> None:
    nest = "[" * 9_000
    variables = Variables({"v": nest})
    assert variables.add(Scope.CHAT, "v", "x") == f"{nest}x"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=5)), max_size=8))
def test_a_list_stays_json_however_much_is_added(changes: list[tuple[str, str]]) -> None:
    variables = Variables({"a": "[]", "b": "[1]"})
    for name, value in changes:
        variables.add(Scope.CHAT, name, value)
    lists = {name: json.loads(value) for name, value in chat(variables).items()}
    assert lists == {"a": [v for n, v in changes if n == "a"], "b": [1, *(v for n, v in changes if n == "b")]}
