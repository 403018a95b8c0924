"""Which event undo and redo take, and what it is called: pure, over events as a chat's file has them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.chat import fold
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    ChatStarted,
    PropertySet,
    Speaker,
    TextEdited,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    Undone,
)
from tavern_tui.session.undo import in_words, next_redo, next_undo

HERE = "rig"
LINE: tuple[Body, ...] = (
    TurnAdded("", Speaker.CHARACTER, "Mira", "The door opens."),
    TurnAdded("0", Speaker.USER, "Alex", "Hello."),
    TurnAdded("1", Speaker.CHARACTER, "Mira", "Come in."),
)
"""Three turns, each below the one before; the ids of ``events`` are their places."""


def events(*bodies: Body) -> list[ChatEvent]:
    """One event of each, by one device."""
    return [ChatEvent(str(at), HERE, at, body, at=float(at)) for at, body in enumerate(bodies)]


def walked(*bodies: Body, steps: str) -> tuple[list[str], list[ChatEvent]]:
    """What each step of ``steps`` takes back (``u``) or brings again (``U``), in words, and the events then."""
    all_of_it, told = events(*bodies), []
    for step in steps:
        found = next_redo(all_of_it, HERE) if step == "U" else None
        action = next_undo(all_of_it, HERE) if step == "u" else found[1] if found else None
        if action is None:
            told.append("")
            continue
        told.append(in_words(action))
        at = len(all_of_it)
        all_of_it.append(ChatEvent(str(at), HERE, at, Undone(found[0].id if found else action.id), at=float(at)))
    return told, all_of_it


def test_a_branch_is_taken_back_before_the_turns_that_it_left_behind() -> None:
    told, then = walked(*LINE, TipMoved("0"), steps="u")
    assert told == ["a branch"]
    assert fold(then, HERE).tip == "2"


def test_a_branch_that_was_taken_back_comes_again() -> None:
    told, then = walked(*LINE, TipMoved("0"), steps="uU")
    assert told == ["a branch", "a branch"]
    assert fold(then, HERE).tip == "0"


def test_what_was_said_on_a_branch_goes_before_the_branch() -> None:
    said = TurnAdded("0", Speaker.USER, "Alex", "Good night.")
    told, then = walked(*LINE, TipMoved("0"), said, steps="uuUU")
    assert told == ["your message", "a branch", "a branch", "your message"]
    assert fold(then, HERE).path()[-1].text == "Good night."


def test_a_branch_that_was_gone_back_from_is_no_longer_taken_back() -> None:
    told, _ = walked(*LINE, TipMoved("0"), TipMoved("2"), steps="u")
    assert told == ["Mira's reply"]


def test_a_branch_does_not_come_again_once_the_reader_is_elsewhere() -> None:
    taken_back = (*LINE, TipMoved("0"), Undone("3"))
    swipe = TurnAdded("1", Speaker.CHARACTER, "Mira", "Go away.")
    assert next_redo(events(*taken_back, TipMoved("2")), HERE) is None
    assert next_redo(events(*taken_back, swipe), HERE) is None


def test_looking_at_a_swipe_is_no_action() -> None:
    swipe = TurnAdded("1", Speaker.CHARACTER, "Mira", "Go away.")
    told, _ = walked(*LINE, swipe, TipMoved("2"), steps="u")
    assert told == ["Mira's reply"]


def test_going_to_a_turn_whose_followers_were_deleted_is_no_branch() -> None:
    told, _ = walked(*LINE, TurnDeleted("2"), TipMoved("1"), steps="u")
    assert told == ["deleting a turn"]


def test_what_the_narrator_said_and_a_comment_are_called_so() -> None:
    narrated = TurnAdded("2", Speaker.NARRATOR, "Narrator", "It rains.")
    comment = TurnAdded("3", Speaker.NARRATOR, "Comment", "Where is the flower?", hidden=True)
    told, _ = walked(*LINE, narrated, comment, steps="uu")
    assert told == ["a comment", "what the narrator said"]


def test_a_title_that_somebody_gave_is_taken_back_and_one_that_came_by_itself_is_not() -> None:
    started = ChatStarted("Mira 2026-11-23 15.02", ("Mira",))
    turns = [TurnAdded(str(at) if at else "", Speaker.USER, "Alex", "Words.") for at in range(6)]
    told, then = walked(started, *turns, PropertySet("title", "Words."), PropertySet("title", "The sea"), steps="uu")
    assert told == ["the title", "your message"]
    assert fold(then, HERE).title == "Words."
    greetings = [turns[0]] * 6  # which are no turns of a conversation
    early, _ = walked(started, *greetings, *turns[1:3], PropertySet("title", "The sea"), steps="u")
    assert early == ["the title"]


BODIES = st.one_of(
    st.integers(0, 6).map(lambda turn: TipMoved(str(turn))),
    st.integers(0, 6).map(lambda turn: TurnAdded(str(turn), Speaker.USER, "Alex", "Words.")),
    st.integers(1, 6).map(lambda turn: TurnDeleted(str(turn))),
    st.integers(0, 6).map(lambda turn: TextEdited(str(turn), "Other words.")),
)


@settings(max_examples=25)
@given(st.lists(BODIES, max_size=6))
def test_redo_after_undo_shows_the_chat_as_it_was(more: list[Body]) -> None:
    before = fold(events(*LINE, *more), HERE)
    told, then = walked(*LINE, *more, steps="uU")
    after = fold(then, HERE)
    assert told[0] == told[1]
    assert (after.tip, after.turns, after.children) == (before.tip, before.turns, before.children)
