"""``{{if}}`` blocks: one branch or the other, and what is not taken changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.prompt.macros import MacroContext, Scope, Variables, expand
from tests.prompt.builders import MIRA, SIX_TURNS, chat, plan
from tests.prompt.builders import given as prompt

NAMES = MacroContext(
    user="User",
    char="Sera",
    now=datetime(2024, 9, 4, 14, 5, tzinfo=UTC),
    random=lambda: 0.5,
    scenario="rain",
    personality="",
)


def told(text: str, **variables: str) -> str:
    return expand(text, replace(NAMES, variables=Variables(variables, {"all": "1"})))


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{{if yes}}a{{/if}}", "a"),
        ("{{if 0}}a{{/if}}|{{if off}}a{{/if}}|{{if FALSE}}a{{/if}}|{{if !0}}a{{/if}}", "|||a"),
        ("{{if scenario}}It is {{scenario}}.{{else}}Dry.{{/if}}", "It is rain."),
        ("{{if personality}}{{personality}}{{else}}{{char}} is nobody.{{/if}}", "Sera is nobody."),
        ("{{if !scenario}}Dry.{{else}}Wet.{{/if}}", "Wet."),
        ("{{if .mood}}{{getvar::mood}}{{else}}none{{/if}} {{if $all}}all{{/if}} {{if .other}}x{{/if}}", "calm all "),
        ("{{if {{getvar::mood}}}}has{{/if}}{{if {{getvar::other}}}}has not{{/if}}", "has"),
        ("{{if a}}1{{if 0}}2{{else}}3{{/if}}4{{else}}5{{if b}}6{{/if}}{{/if}}", "134"),
        ("{{if 0}}1{{if a}}2{{else}}3{{/if}}4{{else}}5{{if b}}6{{/if}}{{/if}}", "56"),
        ("{{setvar::x::{{if scenario}}wet{{else}}dry{{/if}}}}{{getvar::x}}", "wet"),
        ("a {{if b}}\n  c\n{{/if}} d|{{#if b}} c {{/if}}|", "a c d| c |"),
        ("{{IF::yes}}a{{ELSE}}b{{/If}}", "a"),
        ("{{reverse:{{if yes}}ab{{/if}}}}", "ba"),
    ],
)
def test_a_block_becomes_the_branch_that_its_condition_says(text: str, becomes: str) -> None:
    assert told(text, mood="calm") == becomes


@pytest.mark.parametrize(
    "text",
    [
        "{{if a}}never closed",
        "closed before {{/if}} it began {{if a}}",
        "{{else}} alone",
        "{{if a}} {{nothing {{/if}}",
        "{{ifa}}b{{/if}}",
    ],
)
def test_what_is_no_whole_block_stays_as_it_is(text: str) -> None:
    assert told(text) == text


def test_a_branch_that_is_not_taken_changes_nothing() -> None:
    variables = Variables()
    text = "{{if 0}}{{setvar::a::1}}{{if b}}{{setvar::a::2}}{{/if}}{{else}}{{setvar::b::1}}{{/if}}{{setvar::c::1}}"
    assert expand(text, replace(NAMES, variables=variables)) == ""
    assert variables.values(Scope.CHAT) == {"b": "1", "c": "1"}


def test_a_condition_that_is_not_known_yet_waits_for_what_is() -> None:
    text = "{{if description}}{{setvar::a::1}}so{{else}}not{{/if}} {{if yes}}{{user}}{{/if}}"
    early = replace(NAMES, variables=Variables())
    waiting = expand(text, early)
    assert waiting == "{{if description}}{{setvar::a::1}}so{{else}}not{{/if}} User"
    assert expand(waiting, replace(early, description="tall")) == "so User"
    assert expand(waiting, replace(early, description="", variables=Variables())) == "not User"


def test_a_card_field_may_wait_for_another_one_and_then_change_variables() -> None:
    card = replace(MIRA, description="{{if scenario}}{{setvar::indoors::1}}In.{{/if}}")
    made = plan(prompt(chat(*SIX_TURNS), character=card))
    assert "In." in made.text
    assert made.variables == {"indoors": "1"}


def test_sillytavern_knows_no_blocks() -> None:
    text = "{{if a}}{{user}}{{else}}b{{/if}}"
    assert expand(text, replace(NAMES, exact=True)) == "{{if a}}User{{else}}b{{/if}}"


def test_a_card_may_ask_what_another_of_its_fields_says() -> None:
    card = replace(MIRA, description="{{if scenario}}Storm.{{else}}Calm.{{/if}}", personality="{{if .met}}fond{{/if}}")
    turns = chat(*SIX_TURNS)
    assert "Storm." in plan(prompt(turns, character=card)).text
    assert "Calm." in plan(prompt(turns, character=replace(card, scenario=""))).text
    assert "fond" in plan(prompt(turns, character=card, variables={"met": "1"})).text
    assert "fond" not in plan(prompt(turns, character=card)).text


BLOCKS = st.recursive(
    st.sampled_from(["x", "{{user}}", "{{incvar::n}}", "}}", "{{", ""]),
    lambda inner: st.builds(
        "{{{{if {}}}}}{}{{{{else}}}}{}{{{{/if}}}}".format, st.sampled_from(["a", "0", ".n", "!user"]), inner, inner
    ),
    max_leaves=12,
)


@given(st.lists(BLOCKS | st.sampled_from(["{{else}}", "{{/if}}", "{{if a}}", "{{// "]), max_size=6).map("".join))
def test_no_heap_of_blocks_raises(text: str) -> None:
    told(text, n="0")
