"""Which turns look different after an event: never too few, and what an undo of each kind touches."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.chat import ChatTree, fold
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    PropertySet,
    Speaker,
    TextEdited,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    TurnMoved,
    Undone,
)
from tavern_tui.session.bookmarks import bookmark_set, is_bookmarked
from tavern_tui.session.touching import turns_touched
from tests.domain.chat_events import event, turn


def look(tree: ChatTree, name: str) -> tuple[Any, ...]:
    """All of a turn that its reader sees."""
    siblings = tree.siblings(name)
    return tree.turns[name], siblings.index(name), len(siblings), is_bookmarked(tree, name)


@st.composite
def histories(draw: st.DrawFn) -> list[ChatEvent]:
    """Events in the order in which they were made, each about what was there before."""
    made: list[ChatEvent] = []
    for number in range(draw(st.integers(1, 14))):
        before = st.sampled_from([one.id for one in made]) if made else st.just("")
        speakers, texts = st.sampled_from(Speaker), st.sampled_from("xyz")
        turns = st.sampled_from([one.id for one in made if isinstance(one.body, TurnAdded)] or [""])
        body: st.SearchStrategy[Body] = st.one_of(
            st.builds(TurnAdded, turns | st.just(""), speakers, st.just("Mira"), texts),
            st.builds(TextEdited, turns, texts),
            st.builds(TurnHidden, turns, st.booleans()),
            st.builds(TurnDeleted, turns),
            st.builds(TurnMoved, turns, turns | st.just("")),
            st.builds(TipMoved, turns),
            st.builds(bookmark_set, turns, st.booleans()),
            st.builds(Undone, before),
        )
        made.append(event(f"e{number}", number + 1, draw(body)))
    return made


@given(histories())
def test_a_turn_that_looks_different_is_touched(history: list[ChatEvent]) -> None:
    before, after = fold(history[:-1]), fold(history)
    touched = turns_touched(history[-1:], history, after)
    stayed = before.turns.keys() & after.turns.keys()
    assert {name for name in stayed if look(before, name) != look(after, name)} <= touched


@pytest.mark.parametrize(
    ("body", "touched"),
    [
        (TextEdited("b", "new"), {"b"}),
        (TurnHidden("a"), {"a"}),
        (turn("x", 9, "a").body, {"x", "b", "c"}),
        (TurnDeleted("b"), {"b", "c"}),
        (TurnMoved("c", "b"), {"b", "c"}),
        (PropertySet("bookmark c", True), {"c"}),
        (PropertySet("title", "A night"), set()),
    ],
)
def test_undo_and_redo_touch_what_the_action_did(body: Body, touched: set[str]) -> None:
    history = [turn("a", 1, ""), turn("b", 2, "a"), turn("c", 3, "a"), event("x", 4, body)]
    undo, redo = event("u", 5, Undone("x")), event("r", 6, Undone("u"))
    undone, redone = [*history, undo], [*history, undo, redo]
    assert turns_touched([redo], redone, fold(redone)) == touched
    assert turns_touched([undo], undone, fold(undone)) == touched | ({"c"} if body == TurnDeleted("b") else set())


def test_an_undo_of_what_is_not_there_and_one_of_itself_touch_nothing() -> None:
    for body in (Undone("gone"), Undone("u")):
        history = [turn("a", 1, ""), event("u", 2, body)]
        assert turns_touched(history[-1:], history, fold(history)) == frozenset()
