"""A character with a new name: the chat reads as if it had always been called so, and the log keeps what it said."""

from __future__ import annotations

from tavern_tui.domain.chat import fold
from tavern_tui.domain.events import Body, ChatEvent, ChatStarted, PropertySet, Speaker, TurnAdded, Undone
from tavern_tui.domain.renaming import RENAMED, renaming

TALK: tuple[Body, ...] = (
    ChatStarted("Night", ("Mira", "Bess"), "Mira"),
    TurnAdded("", Speaker.CHARACTER, "Mira", "Hello"),
    TurnAdded("1", Speaker.USER, "Mira", "I am called so too"),
    TurnAdded("2", Speaker.CHARACTER, "Bess", "Ha"),
)


def events(*bodies: Body) -> list[ChatEvent]:
    """Events in this order, numbered."""
    return [ChatEvent(str(number), "here", number, body) for number, body in enumerate(bodies)]


def test_the_chat_and_the_character_s_turns_have_the_new_name_and_nobody_else_s() -> None:
    tree = fold(events(*TALK, renaming("Mira", "Mirabel")))
    assert tree.characters == ("Mirabel", "Bess")
    assert [turn.name for turn in tree.path("3")] == ["Mirabel", "Mira", "Bess"]
    assert tree.properties == {}


def test_a_renaming_that_is_undone_leaves_the_old_name() -> None:
    tree = fold(events(*TALK, renaming("Mira", "Mirabel"), Undone("4")))
    assert (tree.characters, tree.turns["1"].name) == (("Mira", "Bess"), "Mira")


def test_two_renamings_follow_each_other() -> None:
    tree = fold(events(*TALK, renaming("Mira", "Mirabel"), renaming("Mirabel", "M.")))
    assert (tree.characters[0], tree.turns["1"].name) == ("M.", "M.")


def test_a_renaming_that_says_nothing_changes_nothing() -> None:
    for value in ("Mirabel", None, {"from": "Mira"}, {"from": "", "to": "x"}):
        assert fold(events(*TALK, PropertySet(RENAMED, value))).characters == ("Mira", "Bess")
