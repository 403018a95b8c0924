"""Macros about a chat's turns: which turn they tell of, and how little of the chat they look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.lore_text import Recalled
from tavern_tui.prompt.macros import MacroContext, NewestTurns, expand
from tavern_tui.prompt.moment import humanized
from tests.prompt.builders import SIX_TURNS, Visited, chat

NOW = datetime(2024, 9, 4, 14, 30)
TURNS = chat(*SIX_TURNS)


def told(text: str, turns: NewestTurns, *, exact: bool = False) -> str:
    names = MacroContext(user="Tom", char="Mira", now=NOW, random=lambda: 0.5, turns=turns, exact=exact)
    return expand(text, names)


def newest(turns: list[Turn], **known: object) -> NewestTurns:
    return NewestTurns(turns[::-1], **known)  # type: ignore[arg-type]


def test_the_newest_turns_are_those_of_the_user_and_of_everybody_else() -> None:
    text = "{{lastMessage}}|{{lastUserMessage}}|{{lastCharMessage}}|{{lastMessageId}}"
    assert told(text, newest(TURNS)) == "Which half?|Which half?|Half of it is.|5"
    narrated = [*TURNS, Turn("n", "t5", Speaker.NARRATOR, "", "Rain.")]
    assert told(text, newest(narrated)) == "Rain.|Which half?|Rain.|6"


def test_hidden_turns_are_the_last_message_but_nobodys() -> None:
    turns = [*TURNS[:-1], replace(TURNS[-1], hidden=True)]
    text = "{{lastMessage}}|{{lastUserMessage}}|{{lastMessageId}}"
    assert told(text, newest(turns)) == "Which half?|Is that a chart?|5"


def test_what_a_turn_says_of_the_next_reply_is_no_part_of_it() -> None:
    turns = [*TURNS, Turn("n", "t5", Speaker.USER, "Tom", 'Go on. {{bias "Well,"}}')]
    assert told("{{lastMessage}}|{{lastUserMessage}}", newest(turns)) == "Go on.|Go on."


def test_in_an_empty_chat_they_are_empty() -> None:
    text = "[{{lastMessage}}{{lastUserMessage}}{{lastCharMessage}}{{lastMessageId}}{{firstIncludedMessageId}}]"
    assert told(text, newest([])) == "[]"


def test_the_first_message_that_was_in_the_last_prompt_is_found_by_its_id() -> None:
    assert told("{{firstIncludedMessageId}}", newest(TURNS, first_turn="t2")) == "2"
    assert told("{{firstIncludedMessageId}}", newest(TURNS, first_turn="gone")) == ""


@pytest.mark.parametrize(
    ("swipes", "exact", "becomes"), [(None, True, "/NaN"), (None, False, "/"), ((3, 4), True, "3/4")]
)
def test_swipes_are_counted_from_one(swipes: tuple[int, int] | None, exact: bool, becomes: str) -> None:
    assert told("{{lastSwipeId}}/{{currentSwipeId}}", newest(TURNS, swipes=swipes), exact=exact) == becomes


def test_only_as_many_turns_are_looked_at_as_an_answer_needs() -> None:
    turns = Visited(chat(*[f"turn {at}" for at in range(10_000)]))
    known = NewestTurns(Recalled(turns), number=lambda turn: int(turn[1:]) + 1, first_turn="t9990")
    text = "{{lastMessage}} {{lastUserMessage}} {{lastCharMessage}} {{lastMessageId}} {{firstIncludedMessageId}}"
    assert told(text, known) == "turn 9999 turn 9999 turn 9998 9999 9990"
    assert turns.visited == 10


def test_a_chat_in_which_the_user_never_spoke_is_not_walked_to_its_end() -> None:
    looked = 0

    def endless() -> Iterator[Turn]:
        nonlocal looked
        while True:
            looked += 1
            yield Turn(str(looked), "", Speaker.CHARACTER, "Mira", "And on.")

    assert told("[{{lastUserMessage}}]", NewestTurns(Recalled(endless()))) == "[]"
    assert looked <= 1_001


def test_being_idle_is_counted_from_what_the_user_said_before() -> None:
    said = NOW.timestamp() - 600
    turns = [
        replace(TURNS[0]),
        replace(TURNS[1], at=said),
        replace(TURNS[2], at=said + 60),
        replace(TURNS[3], at=said + 540),
    ]
    assert told("{{idle_duration}}", newest(turns)) == "10 minutes"
    assert told("{{idle_duration}}", newest(turns[:2])) == "just now"
    assert told("{{idle_duration}}", newest([])) == "just now"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (44.4, "a few seconds"),
        (44.6, "a minute"),
        (89, "a minute"),
        (90, "2 minutes"),
        (44 * 60, "44 minutes"),
        (45 * 60, "an hour"),
        (-90 * 60, "2 hours"),
        (21 * 3600, "21 hours"),
        (22 * 3600, "a day"),
        (25 * 86400, "25 days"),
        (26 * 86400, "a month"),
        (320 * 86400, "a year"),
        (300 * 86400, "10 months"),
        (548 * 86400, "2 years"),
    ],
)
def test_spans_of_time_are_told_in_round_words(seconds: float, words: str) -> None:
    assert humanized(seconds) == words
