"""The tree of a chat: swipes, branches, the tip, deletion, undo, and what happens around missing turns."""

from __future__ import annotations

import pytest

from tavern_tui.domain.chat import ROOT, ChatTree, fold
from tavern_tui.domain.events import (
    ChatEvent,
    ChatStarted,
    PropertySet,
    Receipt,
    Speaker,
    TextEdited,
    TextExtended,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    TurnMoved,
    TurnTokens,
    Undone,
    Unknown,
)
from tests.domain.chat_events import HERE, THERE, event, turn

TALK = [
    event("start", 1, ChatStarted("A night", ("Mira",), "Alex")),
    turn("hello", 2, ROOT),
    turn("ask", 3, "hello"),
    turn("reply", 4, "ask"),
]


def shown(tree: ChatTree) -> list[str]:
    """Ids of the turns that the reader sees."""
    return [found.id for found in tree.path()]


def test_a_chat_knows_its_title_characters_and_persona() -> None:
    tree = fold(TALK)
    assert (tree.title, tree.characters, tree.persona) == ("A night", ("Mira",), "Alex")


def test_turns_follow_one_another_and_the_tip_is_the_last() -> None:
    assert shown(fold(TALK)) == ["hello", "ask", "reply"]


def test_a_swipe_is_a_sibling_and_becomes_the_tip() -> None:
    tree = fold([*TALK, turn("swipe", 5, "ask")], HERE)
    assert tree.siblings("swipe") == ["reply", "swipe"]
    assert shown(tree) == ["hello", "ask", "swipe"]


def test_moving_the_tip_shows_another_swipe_and_its_branch() -> None:
    log = [*TALK, turn("swipe", 5, "ask"), turn("on", 6, "swipe"), event("back", 7, TipMoved("reply"))]
    assert shown(fold(log, HERE)) == ["hello", "ask", "reply"]
    assert fold(log).leaf_below("ask") == "on"


def test_the_tip_moves_to_the_start_and_ignores_turns_that_are_not_there() -> None:
    assert fold([*TALK, event("m", 5, TipMoved(ROOT))]).path() == []
    assert shown(fold([*TALK, event("m", 5, TipMoved("nowhere"))])) == ["hello", "ask", "reply"]


def test_each_device_has_a_tip_of_its_own() -> None:
    log = [*TALK, turn("swipe", 5, "ask", writer=THERE)]
    assert fold(log, HERE).tip == "reply"
    assert fold(log, THERE).tip == "swipe"


def test_a_device_that_never_moved_follows_the_last_move_of_any() -> None:
    log = [*TALK, turn("swipe", 5, "ask", writer=THERE), event("back", 6, TipMoved("reply"), THERE)]
    assert fold(log, "a new laptop").tip == "reply"


def test_deleting_a_swipe_moves_the_tip_to_the_one_before_it() -> None:
    log = [*TALK, turn("swipe", 5, "ask"), turn("third", 6, "ask"), event("d", 7, TurnDeleted("third"))]
    assert shown(fold(log, HERE)) == ["hello", "ask", "swipe"]


def test_deleting_the_first_swipe_moves_the_tip_to_the_end_of_the_next() -> None:
    log = [
        *TALK,
        turn("swipe", 5, "ask"),
        turn("on", 6, "swipe"),
        event("m", 7, TipMoved("reply")),
        event("d", 8, TurnDeleted("reply")),
    ]
    assert shown(fold(log, HERE)) == ["hello", "ask", "swipe", "on"]


def test_deleting_the_only_turn_at_its_place_moves_the_tip_to_its_parent() -> None:
    assert shown(fold([*TALK, event("d", 5, TurnDeleted("ask"))], HERE)) == ["hello"]
    assert fold([*TALK, event("d", 5, TurnDeleted("hello"))], HERE).tip == ROOT


def test_deleting_elsewhere_leaves_this_tip_alone_unless_it_stood_there() -> None:
    log = [*TALK, turn("swipe", 5, "ask", THERE), event("d", 6, TurnDeleted("swipe"), THERE)]
    assert fold(log, HERE).tip == "reply"
    gone = [*TALK, turn("swipe", 5, "ask", THERE), event("d", 6, TurnDeleted("reply"), THERE)]
    assert fold(gone, HERE).tip == "swipe"


def test_undoing_a_delete_brings_back_the_turn_and_all_below_it() -> None:
    log = [*TALK, event("d", 5, TurnDeleted("ask")), event("u", 6, Undone("d"))]
    assert shown(fold(log, HERE)) == ["hello", "ask", "reply"]


def test_undoing_a_turn_takes_it_out_and_redo_brings_it_back() -> None:
    undone = [*TALK, event("u", 5, Undone("reply"))]
    assert shown(fold(undone, HERE)) == ["hello", "ask"]
    redone = [*undone, event("r", 6, Undone("u"))]
    assert shown(fold(redone, HERE)) == ["hello", "ask", "reply"]
    assert shown(fold([*redone, event("again", 7, Undone("r"))], HERE)) == ["hello", "ask"]


def test_turns_below_an_undone_one_are_not_shown() -> None:
    assert shown(fold([*TALK, event("u", 5, Undone("ask"))], HERE)) == ["hello"]


def test_a_reply_written_elsewhere_under_a_turn_deleted_here_stays_out_until_undo() -> None:
    log = [*TALK, event("d", 5, TurnDeleted("reply")), turn("late", 6, "reply", THERE), turn("later", 7, "late", THERE)]
    assert shown(fold(log, HERE)) == ["hello", "ask"]
    assert not any(found.lost for found in fold(log).turns.values())
    assert shown(fold([*log, event("u", 8, Undone("d"))], THERE)) == ["hello", "ask", "reply", "late", "later"]


def test_a_hidden_turn_stays_in_the_tree_and_can_be_shown_again() -> None:
    hidden = [*TALK, event("h", 5, TurnHidden("ask"))]
    assert [found.hidden for found in fold(hidden).path()] == [False, True, False]
    assert not fold([*hidden, event("s", 6, TurnHidden("ask", hidden=False))]).turns["ask"].hidden


REPLY = TurnAdded(
    "ask", Speaker.CHARACTER, "Mira", "Well.", "Well. And", receipt=Receipt("fake"), tokens=TurnTokens("v", (1, 2))
)


def test_an_edit_changes_the_text_and_drops_the_token_ids() -> None:
    tree = fold([*TALK[:3], event("reply", 4, REPLY), event("e", 5, TextEdited("reply", "No."))])
    edited = tree.turns["reply"]
    assert (edited.text, edited.edited, edited.tokens, edited.source_text) == ("No.", True, None, "No.")


def test_undoing_an_edit_brings_back_text_and_token_ids() -> None:
    log = [*TALK[:3], event("reply", 4, REPLY), event("e", 5, TextEdited("reply", "No.")), event("u", 6, Undone("e"))]
    restored = fold(log).turns["reply"]
    assert (restored.text, restored.edited, restored.tokens) == ("Well.", False, TurnTokens("v", (1, 2)))


def test_continuing_replaces_text_raw_and_ids_and_keeps_the_receipt_without_a_new_one() -> None:
    more = TextExtended("reply", "Well. And so.", "Well. And so. And", tokens=TurnTokens("v", (3,)))
    turn_now = fold([*TALK[:3], event("reply", 4, REPLY), event("m", 5, more)]).turns["reply"]
    assert (turn_now.text, turn_now.source_text) == ("Well. And so.", "Well. And so. And")
    assert (turn_now.receipt, turn_now.tokens) == (Receipt("fake"), TurnTokens("v", (3,)))


def test_continue_goes_on_from_the_raw_text_of_an_untouched_reply() -> None:
    assert fold([*TALK[:3], event("reply", 4, REPLY)]).turns["reply"].source_text == "Well. And"


def test_a_property_is_set_and_unset_and_the_title_is_one() -> None:
    log = [*TALK, event("p", 5, PropertySet("note", "rain")), event("t", 6, PropertySet("title", "Dawn"))]
    tree = fold(log)
    assert (tree.properties, tree.title) == ({"note": "rain"}, "Dawn")
    assert fold([*log, event("q", 7, PropertySet("note", None))]).properties == {}


def test_a_kind_that_this_version_does_not_know_changes_nothing() -> None:
    assert fold([*TALK, event("x", 5, Unknown("hologram"))]) == fold(TALK)


def test_a_lost_turn_has_a_stand_in_so_that_what_follows_is_still_read() -> None:
    tree = fold([*TALK[:2], *TALK[3:], turn("on", 5, "reply")], HERE)
    assert shown(tree) == ["hello", "ask", "reply", "on"]
    assert [(found.lost, found.hidden) for found in tree.path()] == [
        (False, False),
        (True, True),
        *[(False, False)] * 2,
    ]


def test_swipes_below_a_lost_turn_stay_swipes() -> None:
    tree = fold([*TALK[:2], *TALK[3:], turn("swipe", 5, "ask")])
    assert tree.siblings("swipe") == ["reply", "swipe"]


def test_a_lost_turn_that_arrives_later_takes_its_place() -> None:
    assert fold([*TALK[:2], *TALK[3:], TALK[2]]) == fold(TALK)


def test_a_lost_turn_that_was_deleted_does_not_come_back_as_a_stand_in() -> None:
    log = [*TALK[:2], event("d", 4, TurnDeleted("ask")), turn("late", 5, "ask", THERE)]
    assert shown(fold(log, HERE)) == ["hello"]


@pytest.mark.parametrize("parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "a"}])
def test_turns_that_claim_to_be_their_own_ancestors_make_no_circle(parents: dict[str, str]) -> None:
    tree = fold(turn(name, number, parent) for number, (name, parent) in enumerate(parents.items()))
    for name in parents:
        assert len(tree.path(name)) <= len(parents)


def test_template_and_policy_are_those_of_the_nearest_reply_above_that_names_them() -> None:
    def reply(name: str, place: int, parent: str, made: Receipt | None) -> ChatEvent:
        return event(name, place, TurnAdded(parent, Speaker.CHARACTER, "Mira", "Yes.", receipt=made))

    tree = fold(
        [
            reply("a", 1, ROOT, Receipt("fake", template="ChatML", policy="economy")),
            reply("b", 2, "a", Receipt("fake")),
            reply("c", 3, "b", Receipt("fake", template="Alpaca", policy="classic")),
            reply("d", 4, "c", None),
        ]
    )
    assert [tree.made_with(turn)[0] for turn in "abcd"] == ["ChatML", "ChatML", "Alpaca", "Alpaca"]
    assert tree.made_with("b", within=1) == ("", "")
    assert tree.made_with(ROOT) == ("", "")


def test_a_passage_is_put_between_two_turns_and_what_follows_hangs_under_it() -> None:
    tree = fold([*TALK, turn("new", 50, "hello"), event("m", 51, TurnMoved("ask", "new"))])
    assert [one.id for one in tree.path("reply")] == ["hello", "new", "ask", "reply"]
    assert tree.children["hello"] == ["new"]


def test_a_turn_is_not_moved_under_itself_or_what_is_below_it() -> None:
    before = fold(TALK)
    for parent in ("ask", "reply", "nowhere"):
        after = fold([*TALK, event("m", 50, TurnMoved("ask", parent))])
        assert (after.turns, after.children) == (before.turns, before.children)
