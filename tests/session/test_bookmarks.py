"""Bookmarks: set, taken away, undone, and the same on two devices."""

from __future__ import annotations

from tavern_tui.domain.chat import fold, union
from tavern_tui.domain.events import ChatEvent, PropertySet, Speaker, TurnAdded, TurnDeleted, Undone
from tavern_tui.session.bookmarks import bookmark_set, bookmarked, is_bookmarked
from tavern_tui.session.undo import in_words, next_undo


def turns(count: int) -> list[ChatEvent]:
    """A chat of so many turns, each under the last: ``t1``, ``t2``…"""
    return [
        ChatEvent(
            f"t{number}",
            "phone",
            number,
            TurnAdded(f"t{number - 1}" if number > 1 else "", Speaker.CHARACTER, "Bess", f"Turn {number}."),
            at=1000.0 + number,
        )
        for number in range(1, count + 1)
    ]


def test_a_bookmark_is_set_and_taken_away() -> None:
    events = [*turns(3), ChatEvent("a", "phone", 10, bookmark_set("t2", True))]
    assert is_bookmarked(fold(events), "t2")
    assert not is_bookmarked(fold(events), "t1")
    events.append(ChatEvent("b", "phone", 11, bookmark_set("t2", False)))
    assert bookmarked(fold(events)) == []


def test_bookmarks_stand_in_the_order_of_their_turns() -> None:
    marks = [ChatEvent(f"m{turn}", "phone", 10 + n, bookmark_set(turn, True)) for n, turn in enumerate(("t3", "t1"))]
    assert bookmarked(fold([*turns(3), *marks])) == ["t1", "t3"]


def test_bookmarks_of_two_devices_are_both_there_when_they_meet() -> None:
    here = [*turns(3), ChatEvent("a", "phone", 4, bookmark_set("t1", True))]
    there = [*turns(3), ChatEvent("b", "rig", 4, bookmark_set("t3", True))]
    assert bookmarked(fold(union(here, there))) == bookmarked(fold(union(there, here))) == ["t1", "t3"]


def test_undo_takes_back_one_bookmark_and_brings_back_one_that_was_taken_away() -> None:
    events = [
        *turns(2),
        ChatEvent("a", "phone", 10, bookmark_set("t1", True)),
        ChatEvent("b", "phone", 11, bookmark_set("t2", True)),
        ChatEvent("c", "phone", 12, bookmark_set("t1", False)),
    ]
    last = next_undo(events, "phone")
    assert last is not None
    assert in_words(last) == "taking a bookmark away"
    events.append(ChatEvent("d", "phone", 13, Undone(last.id)))
    assert bookmarked(fold(events)) == ["t1", "t2"]
    before = next_undo(events, "phone")
    assert before is not None
    assert in_words(before) == "a bookmark"
    events.append(ChatEvent("e", "phone", 14, Undone(before.id)))
    assert bookmarked(fold(events)) == ["t1"]


def test_the_bookmark_of_a_turn_that_is_gone_is_not_listed_and_comes_back_with_it() -> None:
    events = [
        *turns(2),
        ChatEvent("a", "phone", 10, bookmark_set("t2", True)),
        ChatEvent("b", "phone", 11, TurnDeleted("t2")),
    ]
    assert bookmarked(fold(events)) == []
    assert bookmarked(fold([*events, ChatEvent("c", "phone", 12, Undone("b"))])) == ["t2"]


def test_other_properties_are_no_bookmarks() -> None:
    assert bookmarked(fold([*turns(1), ChatEvent("a", "phone", 10, PropertySet("note", "t1"))])) == []
