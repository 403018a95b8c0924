"""Kinds of input: what a line is, and how it stands in an adventure."""

from __future__ import annotations

import pytest

from tavern_tui.config.adventure_settings import AdventureSettings
from tavern_tui.session.modes.kinds import KIND, Kind, Typed, kind_of, kind_set, shown_text, typed, written

USUAL = AdventureSettings()


def test_the_kinds_come_round() -> None:
    kind, seen = Kind.DO, []
    for _ in Kind:
        seen.append(kind.label)
        kind = kind.next
    assert seen == ["Do", "Say", "Story", "Do+roll", "OOC"]
    assert kind is Kind.DO


def test_the_kind_of_a_chat_is_a_property_and_an_unknown_one_is_do() -> None:
    assert kind_of({KIND: "say"}) is Kind.SAY
    assert [kind_of(one) for one in ({}, {KIND: "sing"}, {KIND: 7})] == [Kind.DO] * 3
    assert (kind_set(Kind.SAY).value, kind_set(Kind.DO).value) == ("say", None)


@pytest.mark.parametrize(
    ("line", "kind", "found"),
    [
        ("look", Kind.DO, Typed(Kind.DO, "look")),
        ("look", Kind.STORY, Typed(Kind.STORY, "look")),
        ("> look", Kind.SAY, Typed(Kind.DO, "look")),
        (">> look", Kind.ROLL, Typed(Kind.ROLL, "look")),
        ('"Hello there."', Kind.DO, Typed(Kind.SAY, '"Hello there."')),
        ('"Hello', Kind.DO, Typed(Kind.SAY, '"Hello')),
        ('"Hi," I say', Kind.DO, Typed(Kind.DO, '"Hi," I say')),
        ('"Hello there."', Kind.OOC, Typed(Kind.OOC, '"Hello there."')),
        ("/say hello", Kind.DO, Typed(Kind.SAY, "hello")),
        ("/OOC shorter", Kind.DO, Typed(Kind.OOC, "shorter")),
        ("/do look", Kind.SAY, Typed(Kind.DO, "look")),
        ("/roll climb", Kind.DO, Typed(Kind.ROLL, "climb")),
        ("/roll 17 climb", Kind.DO, Typed(Kind.ROLL, "climb", 17)),
        ("/roll 17", Kind.DO, Typed(Kind.ROLL, "", 17)),
        ("17", Kind.ROLL, Typed(Kind.ROLL, "", 17)),
        ("2d6 climb", Kind.ROLL, Typed(Kind.ROLL, "climb", dice="2d6")),
        ("/roll 2d6+1 climb", Kind.DO, Typed(Kind.ROLL, "climb", dice="2d6+1")),
        ("/roll D% climb", Kind.DO, Typed(Kind.ROLL, "climb", dice="D%")),
        ("/roll 999999d999999 climb", Kind.DO, Typed(Kind.ROLL, "climb", dice="999999d999999")),
        ("/roll dance", Kind.DO, Typed(Kind.ROLL, "dance")),
        ("3 ales, please", Kind.SAY, Typed(Kind.SAY, "3 ales, please")),
        ("/say", Kind.DO, Typed(Kind.SAY, "")),
        ("/dance now", Kind.DO, Typed(Kind.DO, "/dance now")),
        (">", Kind.DO, Typed(Kind.DO, "")),
    ],
)
def test_a_line_says_its_kind_or_has_the_one_that_is_set(line: str, kind: Kind, found: Typed) -> None:
    assert typed(line, kind) == found


@pytest.mark.parametrize(
    ("kind", "text", "stands"),
    [
        (Kind.DO, "draw my sword", "> You draw your sword."),
        (Kind.ROLL, "I climb!", "> You climb!"),
        (Kind.DO, "look\nagain", "> You look again."),
        (Kind.DO, "Mira's sword?", "> Mira's sword?"),
        (Kind.SAY, "hello", '> You say "hello"'),
        (Kind.SAY, '"Hello there."', '> You say "Hello there."'),
        (Kind.SAY, "“Hello”", '> You say "Hello"'),
        (Kind.SAY, 'they call me "Fox"', "> You say \"they call me 'Fox'\""),
        (Kind.STORY, "A bell rings.\n\nI wait.", "A bell rings.\n\nI wait."),
        (Kind.OOC, "shorter, please", "(Out of character: shorter, please)"),
    ],
)
def test_a_kind_stands_in_the_text_in_its_form(kind: Kind, text: str, stands: str) -> None:
    assert written(kind, text, USUAL) == stands


def test_the_forms_are_the_users() -> None:
    own = AdventureSettings(do="» {text}", say="– {text}")
    assert written(Kind.DO, "ziehe das Schwert", own) == "» ziehe das Schwert."
    assert written(Kind.SAY, "Halt", own) == "– Halt"


@pytest.mark.parametrize("kind", [Kind.DO, Kind.SAY, Kind.OOC])
def test_what_is_given_back_to_be_typed_anew_comes_out_the_same(kind: Kind) -> None:
    line = written(kind, "look round", USUAL)
    again = typed(shown_text(line, USUAL), Kind.STORY if kind is Kind.DO else Kind.DO)
    assert written(kind, again.text, USUAL) == line


def test_a_told_line_is_given_back_as_it_stands() -> None:
    assert shown_text("A bell rings.", USUAL) == "A bell rings."
