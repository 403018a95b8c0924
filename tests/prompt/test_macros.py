"""Macros: what each becomes, in which order, and that no text makes them raise or grow without bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.prompt.macros import LARGEST, MACROS, MacroContext, expand
from tavern_tui.prompt.seeded import seeded_fraction, string_hash

NAMES = MacroContext(
    user="User", char="Sera", now=datetime(2024, 9, 4, 14, 5, tzinfo=UTC), random=lambda: 0.5, chat_id="Test Chat"
)

# Recorded from SillyTavern's own functions (docs/spec/sillytavern-prompts.md, Appendix A), or read there (§3.2).
RECORDED = [
    ("<USER> and <bot>", "User and Sera"),
    ("{{user}} {{CHAR}} {{charIfNotGroup}}", "User Sera Sera"),
    ("{{ user }}", "{{ user }}"),
    ("{{unknown}} {{user", "{{unknown}} {{user"),
    ("a\n\n{{trim}}\n\nb", "ab"),
    ("a {{trim}} b", "a  b"),
    ("a{{newline}}b{{noop}}", "a\nb"),
    ("{{random:a\\,b}}", "a,b"),
    ("{{random::a::b::c}}", "b"),
    ("{{random:a, b}}", "b"),
    ("{{random::{{user}}::x}}{{random::{{user}}::{{user}}}}", "xUser"),
    ("You see {{pick::red::green::blue}}.", "You see green."),
    ("x{{// note\nmore }}y", "xy"),
    ("{{reverse:{{user}}}}", "resU"),
    ("{{time}} {{date}} {{weekday}}", "2:05 PM September 4, 2024 Wednesday"),
    ("{{isotime}} {{isodate}} {{time_UTC-3}}", "14:05 2024-09-04 11:05 AM"),
    ("{{datetimeformat [day] Do MMM YY, HH:mm}}", "day 4th Sep 24, 14:05"),
    ("{{roll:2d6+1}}", "9"),
    ("{{roll 20}} {{roll:d4}}", "11 3"),
    ("{{roll:lots}}{{roll:0d6}}", ""),
]


@pytest.mark.parametrize(("text", "becomes"), RECORDED)
def test_a_macro_becomes_what_sillytavern_makes_of_it(text: str, becomes: str) -> None:
    assert expand(text, NAMES) == becomes


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 3338908027751811),
        ("a", 7929297801672961),
        ("hello", 4625896200565286),
        ("Seraphina - 2024-9-1@12h30m45s", 2129216221563676),
    ],
)
def test_the_string_hash_is_sillytaverns(text: str, number: int) -> None:
    assert string_hash(text) == number


def test_the_seeded_numbers_are_seedrandoms() -> None:
    assert seeded_fraction(12345) == 0.9166586073672581
    assert seeded_fraction(4061948522024917) == 0.547647186821537


def test_original_is_filled_in_once_and_only_where_something_is_replaced() -> None:
    assert expand("{{original}}+{{original}}", replace(NAMES, original="ORIG")) == "ORIG+"
    assert expand("{{original}}", NAMES) == "{{original}}"


def test_names_inside_a_card_field_are_expanded_too() -> None:
    assert expand("{{description}}", replace(NAMES, description="{{char}}, a healer")) == "Sera, a healer"


def test_a_field_that_is_not_there_leaves_its_macro() -> None:
    assert expand("{{scenario}}", NAMES) == "{{scenario}}"


def test_random_is_drawn_anew_each_time_unless_frozen() -> None:
    draws = iter((0.1, 0.9))
    free = replace(NAMES, random=lambda: next(draws))
    assert [expand("{{random::a::b}}", free) for _ in range(2)] == ["a", "b"]
    frozen = replace(NAMES, frozen=True, random=lambda: pytest.fail("drew"))
    assert len({expand("{{random::a::b::c}} {{roll:3d20}}", frozen) for _ in range(5)}) == 1


def test_a_frozen_choice_depends_on_the_chat() -> None:
    text = "{{random::1::2::3::4::5::6::7::8::9}}"
    results = {expand(text, replace(NAMES, frozen=True, chat_id=f"chat {at}")) for at in range(40)}
    assert len(results) > 3


def test_every_row_is_described() -> None:
    assert all(macro.written and macro.becomes for macro in MACROS)
    assert len({macro.written for macro in MACROS}) == len(MACROS)


def test_a_text_never_grows_beyond_its_bound() -> None:
    bomb = "{{description}}" * 5_000
    grown = expand(bomb, replace(NAMES, description="x" * 10_000))
    assert len(grown) <= LARGEST
    assert grown.endswith("{{description}}")


@pytest.mark.parametrize("part", ["{{//", "{{random:", "{{pick::a", "{{reverse:", "{{roll:}", "\n{{trim", "{{{{", "<"])
def test_unclosed_macros_are_left_in_linear_time(part: str) -> None:
    text = part * 200_000 + "}"  # with quadratic work this would take hours
    assert expand(text, NAMES) == text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "}", "\n", " ", "::", ":", ",", "\\,", "//", "user", "random", "pick", "roll", "1d6", "trim"]
        )
        | st.sampled_from(
            ["<USER>", "datetimeformat ", "YYYY[", "time_UTC", "+99", "reverse", "original", "é😀", "description"]
        ),
        max_size=30,
    ).map("".join)
)
def test_no_text_makes_a_macro_raise(text: str) -> None:
    expanded = expand(text, replace(NAMES, original="o", description="{{user}}"))
    assert len(expanded) <= LARGEST
