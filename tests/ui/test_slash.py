"""Slash commands: which messages are commands, and what becomes of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.config.action import Action
from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.ui.slash import COMMANDS, Command, Unknown, parse


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.slash], ids=lambda action: action.id)
def test_every_command_of_the_registry_asks_for_its_action(action: Action) -> None:
    assert parse(f"/{action.slash}") == Command(action.id)


def test_no_two_actions_have_one_command() -> None:
    assert len(COMMANDS) == len([action for action in ACTIONS if action.slash])


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("/length 200", "200"),
        ("/length   200  ", "200"),
        ("/LENGTH\t200", "200"),
        ("/length\n200", "200"),
        ("/length ", ""),
        ("/length a / b // c", "a / b // c"),
    ],
)
def test_what_stands_behind_the_name_is_given_to_the_action(text: str, argument: str) -> None:
    assert parse(text) == Command("reply.length", argument)


def test_an_argument_may_have_several_lines() -> None:
    assert parse("/note It rains.\n\nStill.") == Command("chat.note", "It rains.\n\nStill.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello.", "Hello."),
        ("", ""),
        ("She waits. /help", "She waits. /help"),
        (" /help", " /help"),
        ("/home/alex/story.md", "/home/alex/story.md"),
        ("/ me waves", "/ me waves"),
        ("/5 of them", "/5 of them"),
        ("//help", "/help"),
        ("//", "/"),
        ("///", "//"),
    ],
)
def test_everything_else_is_said_and_two_slashes_are_one(text: str, said: str) -> None:
    assert parse(text) == said


@pytest.mark.parametrize(("text", "near"), [("/hlp", "/help"), ("/Conect now", "/connect"), ("/swip", "/swipe")])
def test_a_slip_is_told_with_the_nearest_command_and_how_to_say_it(text: str, near: str) -> None:
    answer = parse(text)
    assert isinstance(answer, Unknown)
    assert f"the nearest is {near} " in answer.message
    assert "//" in answer.message


def test_where_nothing_is_near_help_is_named() -> None:
    answer = parse("/xyzzyqq")
    assert isinstance(answer, Unknown)
    assert "/help" in answer.message
    assert isinstance(parse("/"), Unknown)


def test_a_command_of_what_cannot_be_done_is_unknown_and_near_to_nothing() -> None:
    assert parse("/help", {"app.help"}) == Command("app.help")
    answer = parse("/theme", {"app.help"})
    assert isinstance(answer, Unknown)
    assert "There is no /theme" in answer.message
    assert "nearest" not in answer.message


@given(st.text(max_size=200))
def test_any_text_is_a_command_or_told_or_said(text: str) -> None:
    answer = parse(text)
    if isinstance(answer, str):
        assert answer in (text, text[1:])
    elif isinstance(answer, Unknown):
        assert len(answer.message) < 140
        assert "\n" not in answer.message
    else:
        assert answer.action in BY_ID


@given(st.text(max_size=200))
def test_with_one_more_slash_anything_can_be_said(text: str) -> None:
    assert parse(f"/{text}" if text.startswith("/") else text) == text
