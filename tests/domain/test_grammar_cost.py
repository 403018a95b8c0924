"""Grammars that would keep an engine for ever are told before one is given them; ordinary ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.grammar import grammar_problem
from tavern_tui.domain.grammar_cost import cost_problem

OPTIONAL = '"a"? ' * 10
ENDLESS = {
    'root ::= e root "a" | "b"\ne ::= "q"?': (1, "the rule “root” begins with itself"),
    'root ::= "x" a\na ::= ("q"* b)? "x"\nb ::= a "y"': (2, "the rule “a” begins with itself"),
    f'root ::= ({OPTIONAL}){{20,40}} "b"': (1, "too many ways"),
    'root ::= "b" | x' + " x" * 9 + "\nx ::= y" + " y" * 7 + '\ny ::= "a"? | "b"? | "c"?': (1, "too many ways"),
    'root ::= "."\na ::= b{1000}\nb ::= c{1000}\nc ::= "x"?': (2, "too many ways"),
}
ORDINARY = [
    'root ::= "*" [^*]+ "* " ["] [^"]+ ["]',
    'root ::= item (", " item)*\nitem ::= [a-z]+ | "(" root ")"',
    "root ::= " + " | ".join(f'"name {n}"' for n in range(1_000)),
    'root ::= "a" |\n  "b" x\nx ::= ("c"\n | "d"\n)*\n',
    f'root ::= {OPTIONAL}{OPTIONAL} "."',
    'root ::= ("a"*)* ""',
    'root ::= "a"{0,2000} "b"',
    "root ::= " + "(" * 25 + '"a"' + ")" * 25,
]


@pytest.mark.parametrize(("text", "told"), ENDLESS.items(), ids=map(str, range(len(ENDLESS))))
def test_a_grammar_that_would_never_end_is_told_with_its_rule(text: str, told: tuple[int, str]) -> None:
    assert grammar_problem(text) is None, "the notation itself is right"
    problem = cost_problem(text)
    assert problem is not None
    assert (problem.line, told[1] in problem.why) == (told[0], True), problem


@pytest.mark.parametrize("text", ORDINARY, ids=map(str, range(len(ORDINARY))))
def test_an_ordinary_grammar_costs_little(text: str) -> None:
    assert cost_problem(text) is None


def test_optional_parts_that_differ_in_their_first_letters_do_not_multiply() -> None:
    many = "root ::= " + " ".join(f'"{n}:"?' for n in range(60))
    assert cost_problem(many) is None
    assert cost_problem("root ::= " + " ".join(f'"-{n}"?' for n in range(60))) is not None


def test_fields_of_a_schema_that_may_be_left_out_are_told_apart_behind_their_comma() -> None:
    fields = 'root ::= "{" ' + " ".join(f'("," "{n}:")?' for n in range(60)) + ' "}"'
    assert cost_problem(fields) is not None
    assert cost_problem(fields, made=True) is None
    assert cost_problem("root ::= (" + '"a"? ' * 60 + ")", made=True) is not None


def test_rules_that_lead_through_a_thousand_others_are_told_and_not_followed() -> None:
    chain = "\n".join(f"r{n} ::= r{n + 1}" for n in range(3_000))
    problem = cost_problem(f'root ::= r0\n{chain}\nr3000 ::= "a"')
    assert problem is not None
    assert "nested too deep" in problem.why


@settings(max_examples=25)
@given(st.text(alphabet='rotab:=|()*+?{}123,"[] \n', max_size=80))
def test_whatever_can_be_read_can_be_reckoned(text: str) -> None:
    whole = 'root ::= "x"\n' + text
    if grammar_problem(whole) is None:
        problem = cost_problem(whole)
        assert problem is None or problem.why
