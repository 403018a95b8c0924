"""Union and fold hold for every set of events, hostile ones included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.chat import ROOT, ChatTree, fold, union
from tavern_tui.domain.events import ChatEvent, Speaker, TurnAdded, Undone
from tests.domain.chat_events import HERE, event, hostile_logs

logs = hostile_logs


@given(logs, logs)
def test_union_is_commutative(one: list[ChatEvent], other: list[ChatEvent]) -> None:
    assert union(one, other) == union(other, one)


@given(logs, logs, logs)
def test_union_is_associative(one: list[ChatEvent], other: list[ChatEvent], third: list[ChatEvent]) -> None:
    assert union(union(one, other), third) == union(one, union(other, third))


@given(logs)
def test_union_is_idempotent(log: list[ChatEvent]) -> None:
    once = union(log)
    assert union(once, once) == union(once) == once


@given(logs, logs)
def test_union_loses_no_event_id(one: list[ChatEvent], other: list[ChatEvent]) -> None:
    assert {found.id for found in union(one, other)} == {found.id for found in [*one, *other]}


@given(logs, st.data())
def test_the_fold_does_not_depend_on_order_or_repetition(log: list[ChatEvent], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(log), max_size=5)) if log else []
    shuffled = data.draw(st.permutations([*log, *again]))
    assert fold(shuffled, HERE) == fold(log, HERE)


@given(logs)
def test_taking_events_one_by_one_in_order_is_the_fold(log: list[ChatEvent]) -> None:
    ordered = [found for found in union(log) if not isinstance(found.body, Undone)]
    tree = ChatTree(device=HERE)
    for found in ordered:
        tree.apply(found)
    assert tree == fold(ordered, HERE)


@given(logs)
def test_the_tree_is_a_tree(log: list[ChatEvent]) -> None:
    tree = fold(log, HERE)
    assert tree.tip == ROOT or tree.tip in tree.turns
    hung = [child for children in tree.children.values() for child in children]
    assert sorted(hung) == sorted(tree.turns)
    for found in tree.turns.values():
        assert found.id in tree.children[found.parent]
        path = tree.path(found.id)
        assert path[0].parent == ROOT
        assert len({step.id for step in path}) == len(path)


@given(logs)
def test_devices_differ_in_their_tip_only(log: list[ChatEvent]) -> None:
    here, nowhere = fold(log, HERE), fold(log, "nowhere")
    assert (here.turns, here.children, here.properties) == (nowhere.turns, nowhere.children, nowhere.properties)


def test_of_two_events_with_one_id_every_copy_takes_the_later() -> None:
    recovered = event("r", 4, TurnAdded("", Speaker.CHARACTER, "Mira", "We", interrupted=True))
    finished = event("r", 5, TurnAdded("", Speaker.CHARACTER, "Mira", "Well met."))
    assert union([recovered], [finished]) == union([finished], [recovered]) == [finished]
