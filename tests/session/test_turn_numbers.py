"""Numbers of turns: as people count them, asked for once, and right in every branch."""

from __future__ import annotations

from collections.abc import Iterator

from tavern_tui.domain.chat import ROOT, ChatTree, Turn, fold
from tavern_tui.domain.events import ChatEvent, Speaker, TurnAdded
from tavern_tui.session.turn_numbers import TurnNumbers


def tree_of(**parents: str) -> ChatTree:
    """A chat of turns by name, each below its parent."""
    return fold(
        ChatEvent(name, "w", place, TurnAdded(parent, Speaker.USER, "Alex", name))
        for place, (name, parent) in enumerate(parents.items(), 1)
    )


TREE = tree_of(a=ROOT, b="a", c="b", other="a", below="other")


def test_a_turn_is_numbered_by_its_place_in_its_own_branch() -> None:
    numbers = TurnNumbers(lambda: TREE)
    assert [numbers(turn) for turn in ("c", "below", "other", "a")] == [3, 3, 2, 1]


def test_a_turn_that_is_not_there_has_no_number() -> None:
    assert TurnNumbers(lambda: TREE)("nobody") == 0


def test_a_turn_that_was_added_costs_one_step() -> None:
    class Counting(ChatTree):
        """A tree that counts the turns that are walked over."""

        walked = 0

        def walk_back(self, turn: str | None = None) -> Iterator[Turn]:
            """The walk, counted."""
            for found in super().walk_back(turn):
                Counting.walked += 1
                yield found

    tree = Counting()
    numbers = TurnNumbers(lambda: tree)
    parent = ROOT
    for place in range(1, 200):
        tree.apply(ChatEvent(f"t{place}", "w", place, TurnAdded(parent, Speaker.USER, "Alex", "x")))
        parent = f"t{place}"
        assert numbers(parent) == place
    assert Counting.walked == 2 * 199 - 1


def test_a_tree_that_was_folded_anew_is_numbered_anew() -> None:
    trees = [TREE, tree_of(a=ROOT, z="a", b="z")]
    numbers = TurnNumbers(lambda: trees[0])
    assert numbers("b") == 2
    trees.pop(0)
    assert numbers("b") == 3
