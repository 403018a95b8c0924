"""A chat that becomes a story and is one no longer: its turns are paragraphs while it is, and as they were after it."""

from __future__ import annotations

import pytest

from tavern_tui.domain.events import TextEdited, TurnAdded
from tavern_tui.session.modes.choosing import MODE, set_mode
from tavern_tui.session.session import ChatSession
from tavern_tui.session.story.document import Document
from tests.session.conftest import Opener, collect

GREETING = '*Mira lifts a lantern.* "Across, Alex?"'


def texts(session: ChatSession) -> list[str]:
    """The texts of the turns."""
    return [turn.text for turn in session.tree.path()]


def story(session: ChatSession) -> str:
    """The text of the story that the chat is."""
    return Document.from_tree(session.tree).text()


@pytest.fixture
async def talked(begin: Opener) -> ChatSession:
    """A chat of a greeting and an exchange."""
    session = begin("One.", "Two.")
    await session.open()
    await collect(session.reply("Hello"))
    return session


async def test_the_turns_of_a_chat_are_paragraphs_of_the_story_that_it_becomes(talked: ChatSession) -> None:
    await set_mode(talked, "story")
    assert story(talked) == f"{GREETING}\n\nHello\n\nOne."
    assert (await talked.plan()).text.endswith(f"{GREETING}\n\nHello\n\nOne.")


async def test_and_turns_as_they_were_when_it_is_a_chat_again(talked: ChatSession) -> None:
    before = texts(talked)
    await set_mode(talked, "story")
    await set_mode(talked, "adventure")
    assert texts(talked) == before


async def test_what_was_written_in_the_story_is_not_parted_when_it_becomes_one_again(talked: ChatSession) -> None:
    await set_mode(talked, "story")
    talked.log.append_from(lambda tree: [TurnAdded(tree.tip, talked.tree.path()[0].speaker, "", "She rows")])
    talked.log.append_from(lambda tree: [TurnAdded(tree.tip, talked.tree.path()[0].speaker, "", "and sings.")])
    await set_mode(talked, "chat")
    await collect(talked.reply("And then?"))
    await set_mode(talked, "story")
    assert story(talked) == f"{GREETING}\n\nHello\n\nOne.She rowsand sings.\n\nAnd then?\n\nTwo."


async def test_a_joint_that_was_written_over_stays_what_was_made_of_it(talked: ChatSession) -> None:
    await set_mode(talked, "story")
    talked.log.append(TextEdited(talked.tree.path()[1].id, "Hello "))
    await set_mode(talked, "chat")
    assert texts(talked) == [GREETING, "Hello ", "One."]


async def test_one_undo_takes_the_mode_back_with_its_joints_and_one_redo_brings_them(talked: ChatSession) -> None:
    before = texts(talked)
    await set_mode(talked, "story")
    as_story = texts(talked)
    await set_mode(talked, "chat")
    assert await talked.changes.undo() == "the mode of play"
    assert (texts(talked), talked.tree.properties[MODE]) == (as_story, "story")
    assert await talked.changes.undo() == "the mode of play"
    assert (texts(talked), MODE in talked.tree.properties) == (before, False)
    assert await talked.changes.redo() == "the mode of play"
    assert (texts(talked), talked.tree.properties[MODE]) == (as_story, "story")
