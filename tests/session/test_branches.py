"""The branches of a chat as they are listed."""

from __future__ import annotations

from tavern_tui.domain.chat import ROOT, ChatTree, fold
from tavern_tui.domain.events import Body, ChatEvent, Speaker, TipMoved, TurnAdded
from tavern_tui.session.branches import apart, branches, first_words, name_set


def chat(*told: tuple[str, str, str], tip: str = "", more: tuple[Body, ...] = ()) -> ChatTree:
    """A chat of turns: id, parent, text."""
    bodies: list[tuple[str, Body]] = [
        (turn, TurnAdded(parent, Speaker.CHARACTER, "Mira", text)) for turn, parent, text in told
    ]
    bodies += [("tip", TipMoved(tip))] if tip else []
    bodies += [(f"more{place}", body) for place, body in enumerate(more)]
    return fold(ChatEvent(id, "w", at, body, at=float(at)) for at, (id, body) in enumerate(bodies))


FORKED = (
    ("a", ROOT, "The door opens."),
    ("b", "a", "She says yes to the road."),
    ("b2", "a", "She says yes to the sea."),
    ("b3", "a", "She says nothing."),
    ("c", "b", "The road is long."),
    ("d", "b2", "The sea is calm."),
    ("e", "d", "Gulls."),
    ("e2", "d", "Whales."),
)


def test_a_chat_that_goes_on_in_one_way_is_one_branch_and_swipes_are_counted_with_it() -> None:
    tree = chat(("a", ROOT, "Hi."), ("a2", ROOT, "Hello."), ("b", "a2", "One."), ("b2", "a2", "Two."), tip="b")
    (only,) = branches(tree)
    assert (only.first, only.end, only.turns, only.swipes, only.here) == ("a2", "b", 2, 2, True)


def test_where_turns_go_on_in_two_ways_each_is_a_branch_known_by_where_its_words_part() -> None:
    tree = chat(*FORKED, tip="c")
    found = branches(tree)
    assert [(one.first, one.depth, one.place, one.turns, one.swipes) for one in found] == [
        ("a", 0, 1, 1, 0),
        ("b", 1, 2, 2, 1),
        ("b2", 1, 2, 3, 2),
    ]
    assert [one.label for one in found] == ["The door opens.", "…road.", "…sea."]
    assert [one.here for one in found] == [True, True, False]
    assert found[2].end == "e2"
    assert found[1].end == found[0].end == "c"


def test_a_name_stands_in_the_place_of_first_words_until_it_is_taken_away() -> None:
    named = chat(*FORKED, tip="c", more=(name_set("b2", "  By the\n sea "),))
    assert [(one.label, one.named) for one in branches(named)][2] == ("By the sea", True)
    plain = chat(*FORKED, tip="c", more=(name_set("b2", "By the sea"), name_set("b2", " ")))
    assert not branches(plain)[2].named


def test_words_are_told_though_one_text_begins_as_the_other_ends() -> None:
    tree = chat(("a", ROOT, "Come in"), ("b", ROOT, "Come in now"), ("c", ROOT, ""))
    assert first_words(tree, "a", ["a", "b"]) == "…in"
    assert first_words(tree, "b", ["a", "b"]) == "…now"
    assert first_words(tree, "c", ["c"]) == "(no text)"


def test_what_two_branches_do_not_share_begins_where_they_part() -> None:
    tree = chat(*FORKED)
    one, other = apart(tree, "c", "e")
    assert [turn.id for turn in one] == ["b", "c"]
    assert [turn.id for turn in other] == ["b2", "d", "e"]


def test_a_long_line_of_turns_and_an_empty_chat_are_listed() -> None:
    told = [("t0", ROOT, "0"), *((f"t{n}", f"t{n - 1}", str(n)) for n in range(1, 3_000))]
    assert branches(chat(*told))[0].turns == 3_000
    assert branches(ChatTree()) == []
