"""GBNF looked over before anything is sent: what can be read, and in which line what cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.grammar import MOST_CHARACTERS, grammar_problem

READ = [
    'root ::= "a"',
    'root ::= ("a"\n | "b")\n',
    'root ::=\n  "a" # why\n',
    'root ::= "a" |\n "b"\n',
    r'root ::= "\x41\u0041\n\"" [^"\\\]]',
    "# a comment\r\nroot ::= . x*\r\nx ::= [a-z]{2,5} | x2+ | x2{3,}\r\nx2 ::= ()\r\n",
    'root ::= "a # no comment"',
    "root ::= <think> !<[5]>",
]
NOT_READ = {
    'root ::= "a"\nb ::= c': (2, "there is no rule “c”"),
    'root "a"': (1, "name ::="),
    'root ::= "a"\n\nb ::= "c': (3, "a text in quotes is not closed"),
    "root ::= [a-z": (1, "a set in brackets is not closed"),
    'root ::= ("a"\n\n': (1, "opened that is not closed"),
    'root ::= "a")': (1, "closed that was not opened"),
    'root ::= "a"\n| "b"\n': (2, "name ::="),
    "root ::= *": (1, "nothing before “*”"),
    'root ::= "a"**': (1, "nothing before “*”"),
    'root ::= "x" ""*': (1, "nothing before “*”"),
    "root ::= [a]\n x [^]": (2, "a rule is written"),
    "root ::= [^]": (1, "the set [^] is empty"),
    'root ::= "a"{5,2}': (1, "{5,2} counts backwards"),
    'root ::= "a"{3000}': (1, "2,000 repetitions"),
    r'root ::= "\q"': (1, r"“\q” is no escape"),
    'foo ::= "a"': (1, "no rule “root”"),
    "": (1, "no rule “root”"),
    'root ::= "a"\nroot ::= "b"': (2, "is there twice"),
    'a_b ::= "x"': (1, "letters, digits and -"),
    'root ::= "a" ; "b"': (1, "“;” means nothing"),
    'root ::= "a"\nbb': (2, "after the name “bb”"),
    'root ::= "a" x ::= "b"': (1, "a line of its own"),
    "root ::= " + "(" * 65: (1, "nested too deep"),
    "#" * (MOST_CHARACTERS + 1): (1, "65,536 characters"),
}


@pytest.mark.parametrize("text", READ, ids=map(str, range(len(READ))))
def test_a_grammar_that_llama_cpp_takes_has_no_problem(text: str) -> None:
    assert grammar_problem(text) is None


@pytest.mark.parametrize(("text", "told"), NOT_READ.items(), ids=map(str, range(len(NOT_READ))))
def test_what_cannot_be_read_is_told_with_its_line(text: str, told: tuple[int, str]) -> None:
    problem = grammar_problem(text)
    assert problem is not None
    assert (problem.line, told[1] in problem.why) == (told[0], True), problem


@given(st.text(alphabet='root:=ab"[](){}|*+?.,<>!\\#- \n\r5x', max_size=60))
def test_every_text_has_an_answer_with_a_line_that_is_there(text: str) -> None:
    problem = grammar_problem(text)
    assert problem is None or 1 <= problem.line <= len(text.split("\n")) + text.count("\r")
