"""What happened while nobody looked, in one line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tavern_tui.domain.chat import fold
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    PropertySet,
    Speaker,
    TextExtended,
    TurnAdded,
    TurnDeleted,
    Undone,
)
from tavern_tui.session.while_away import first_new, while_away

NOW = datetime(2026, 3, 14, 12, 30, tzinfo=UTC)
AT = datetime(2026, 3, 14, 11, 42, tzinfo=UTC).timestamp()
QUESTION = TurnAdded("", Speaker.USER, "Alex", "Is it deep?")


def reply(text: str = "Deep enough.", name: str = "Mira", *, interrupted: bool = False) -> TurnAdded:
    return TurnAdded("e1", Speaker.CHARACTER, name, text, interrupted=interrupted)


def line(*bodies: Body, seen: str = "e1", left_open: bool = True, at: float = AT) -> str:
    """What is said where ``bodies`` happened, the first of them (event ``e1``) being the question."""
    events = [ChatEvent(f"e{number}", "w", number, body, at=at) for number, body in enumerate(bodies, 1)]
    return while_away(events, fold(events), seen, left_open=left_open, now=NOW)


def test_a_reply_that_was_finished_is_told_with_its_time() -> None:
    assert line(QUESTION, reply()) == "Mira's reply was finished while you were disconnected (11:42)."


def test_after_a_visit_that_the_user_ended_nobody_was_disconnected() -> None:
    assert line(QUESTION, reply(), left_open=False) == "Mira's reply was finished while you were away (11:42)."


def test_a_reply_that_was_cut_off_says_that_its_text_is_kept() -> None:
    told = line(QUESTION, reply(interrupted=True))
    assert told == "Mira's reply was cut off while you were disconnected (11:42). What had come is kept."


def test_several_replies_are_counted() -> None:
    told = line(QUESTION, reply("one"), reply("two"), reply("three"))
    assert told == "3 replies came while you were disconnected, the last at 11:42."


def test_a_reply_that_went_on_is_told_once() -> None:
    told = line(QUESTION, reply("Deep"), TextExtended("e2", "Deep enough."), seen="e2")
    assert told == "Mira's reply was finished while you were disconnected (11:42)."
    assert line(QUESTION, reply("Deep"), TextExtended("e2", "Deep enough.")) == told


def test_the_own_message_before_the_reply_does_not_count() -> None:
    first = TurnAdded("", Speaker.CHARACTER, "Mira", "Across?")
    told = line(first, TurnAdded("e1", Speaker.USER, "Alex", "Yes."), TurnAdded("e2", Speaker.CHARACTER, "Mira", "In."))
    assert told == "Mira's reply was finished while you were disconnected (11:42)."


@pytest.mark.parametrize(
    "later",
    [(), (TurnAdded("e1", Speaker.USER, "Alex", "Hello?"),), (PropertySet("note", "x"),)],
    ids=["nothing", "own turn", "setting"],
)
def test_without_a_new_reply_there_is_nothing_to_say(later: tuple[Body, ...]) -> None:
    assert line(QUESTION, *later) == ""


def test_a_reply_that_was_seen_is_not_told_again() -> None:
    assert line(QUESTION, reply(), seen="e2") == ""


def test_what_was_deleted_or_taken_back_since_is_not_told() -> None:
    assert line(QUESTION, reply(), TurnDeleted("e2")) == ""
    assert line(QUESTION, reply(), Undone("e2")) == ""


@pytest.mark.parametrize("seen", ["", "from another copy"])
def test_where_it_is_unknown_what_was_seen_nothing_is_new(seen: str) -> None:
    assert line(QUESTION, reply(), seen=seen) == ""


def test_another_day_is_told_with_its_date() -> None:
    assert "(2026-03-13 11:42)" in line(QUESTION, reply(), at=AT - 24 * 3600)


def test_a_name_cannot_drive_the_terminal_or_fill_it() -> None:
    told = line(QUESTION, reply(name="Mi\x1b[2Jra\n" + "x" * 500))
    assert "\x1b" not in told
    assert "\n" not in told
    assert len(told) < 120


def test_a_reply_without_a_name_is_a_reply() -> None:
    assert line(QUESTION, reply(name="")) == "A reply was finished while you were disconnected (11:42)."


# Where it begins


def begins(*bodies: Body, seen: str = "e1") -> str:
    """The first turn that is new where ``bodies`` happened, the first of them (event ``e1``) being the question."""
    events = [ChatEvent(f"e{number}", "w", number, body, at=AT) for number, body in enumerate(bodies, 1)]
    return first_new(events, fold(events), seen)


def test_what_is_new_begins_at_the_first_turn_that_came_since() -> None:
    assert begins(QUESTION, reply(), TurnAdded("e2", Speaker.USER, "Alex", "And now?")) == "e2"
    assert begins(QUESTION, reply(), TurnAdded("e2", Speaker.USER, "Alex", "And now?"), seen="e2") == "e3"


def test_nothing_is_new_after_the_newest_or_before_a_first_visit() -> None:
    assert begins(QUESTION, reply(), seen="e2") == ""
    assert begins(QUESTION, reply(), seen="") == ""
    assert begins(QUESTION, reply(), seen="elsewhere") == ""


def test_what_only_changed_is_not_new() -> None:
    assert begins(QUESTION, reply("Deep"), TextExtended("e2", "Deep enough."), seen="e2") == ""


def test_turns_beside_the_branch_or_taken_back_are_not_new() -> None:
    assert begins(QUESTION, reply(), Undone("e2")) == ""
    assert begins(QUESTION, reply(), TurnDeleted("e2")) == ""
    assert begins(QUESTION, reply("one"), reply("two")) == "e3"
