"""What is done to a turn in the middle of a chat: other swipes of it, other replies beside it, going on from it."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener, collect


async def talked(session: ChatSession, *messages: str) -> list[str]:
    """Say ``messages`` in turn; the ids of the turns on the path."""
    await session.open()
    for message in messages:
        await collect(session.reply(message))
    return [turn.id for turn in session.tree.path()]


def texts(session: ChatSession) -> list[str]:
    return [turn.text for turn in session.tree.path()][1:]


async def test_another_reply_beside_an_earlier_one_leaves_what_followed_on_its_own_branch(begin: Opener) -> None:
    session = begin("One.", "Two.", "Other one.")
    path = await talked(session, "A", "B")
    await collect(session.swipe(path[2]))
    assert texts(session) == ["A", "Other one."]
    await session.changes.select_swipe(-1)
    assert texts(session) == ["A", "One.", "B", "Two."]


async def test_another_reply_to_a_message_of_the_users_answers_that_message(begin: Opener) -> None:
    session = begin("One.", "Two.", "Other one.")
    path = await talked(session, "A", "B")
    await collect(session.swipe(path[1]))
    assert texts(session) == ["A", "Other one."]
    assert len(session.tree.siblings(session.tree.tip)) == 2


async def test_a_swipe_of_an_earlier_turn_is_shown_with_what_follows_it(begin: Opener) -> None:
    session = begin("One.", "Other one.", "Two.")
    await talked(session, "A")
    await collect(session.swipe())
    other = session.tree.tip
    await collect(session.reply("B"))
    shown = await session.changes.select_swipe(-1, other)
    assert shown.text == "One."
    assert texts(session) == ["A", "One."]
    assert (await session.changes.select_swipe(1, shown.id)).id == other
    assert texts(session) == ["A", "Other one.", "B", "Two."]


async def test_an_earlier_reply_goes_on_in_its_own_turn(begin: Opener) -> None:
    session = begin("One.", "Two.", " And more.")
    path = await talked(session, "A", "B")
    await collect(session.continue_reply(path[2]))
    assert texts(session) == ["A", "One. And more.", "B", "Two."]


async def test_going_to_a_turn_branches_off_there(begin: Opener) -> None:
    session = begin("One.", "Two.", "Three.")
    path = await talked(session, "A", "B")
    await session.changes.go_to(path[2])
    await collect(session.reply("C"))
    assert texts(session) == ["A", "One.", "C", "Three."]
    assert len(session.tree.children[path[2]]) == 2


async def test_a_turn_that_is_gone_or_the_users_own_is_said_to_be(begin: Opener) -> None:
    session = begin("One.")
    path = await talked(session, "A")
    with pytest.raises(NotFoundError, match="only a reply"):
        await collect(session.continue_reply(path[1]))
    await session.changes.delete(path[2])
    with pytest.raises(NotFoundError, match="no longer"):
        await collect(session.swipe(path[2]))
    with pytest.raises(NotFoundError, match="no longer"):
        await session.changes.select_swipe(1, path[2])
