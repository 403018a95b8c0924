"""Versions of a story that were named: they hold no text, and read as the story did."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.story.difference import Change
from tavern_tui.session.story.named import (
    NamedVersion,
    compared,
    forget_version,
    name_version,
    named_versions,
    restore,
    text_of,
    version_named,
)
from tavern_tui.session.story.story import StorySession
from tests.domain.chat_events import THERE, event
from tests.session.story.conftest import Teller
from tests.session.story.stories import G, W, document_of, more_events, story_events
from tests.session.story.test_story import FOG, all_of, stored


async def named(story: StorySession, name: str) -> NamedVersion:
    """The story as it reads now, called so."""
    return await name_version(story, name)


async def test_a_version_is_listed_compared_and_brought_back(tell: Teller) -> None:
    story = await tell(FOG, " And again.")
    await named(story, "first  draft")
    await all_of(story.passages.write_on(31))
    story.edit(0, 3, "A")
    await story.save()
    (version,) = named_versions(story.tree)
    assert (version.name, version.words) == ("first draft", 11)
    assert [one for one in compared(version, story) if not one.same] == [Change("The", "A"), Change("", " And again.")]
    changed = story.document.text()
    await restore(story, version_named(story.tree, "FIRST DRAFT"))
    assert story.document.text() == stored(story) == FOG
    while story.document.text() == FOG:
        assert await story.undo()
    while story.document.text() != changed:
        assert await story.redo()


async def test_bringing_back_what_is_there_changes_nothing(tell: Teller) -> None:
    story = await tell(FOG)
    version = await named(story, "now")
    events = len(story.chat.log.events)
    await restore(story, version)
    assert len(story.chat.log.events) == events


async def test_a_version_of_another_branch_of_passages_comes_back(tell: Teller) -> None:
    story = await tell(FOG, " One.", " Two.")
    await all_of(story.passages.write_on())
    version = await named(story, "one")
    await all_of(story.passages.again())
    assert story.document.text().endswith(" Two.")
    await restore(story, version)
    assert story.document.text() == FOG + " One."


async def test_a_name_is_needed_can_be_given_anew_and_be_taken_away(tell: Teller) -> None:
    story = await tell(FOG)
    for wrong in (" ", "x" * 81):
        with pytest.raises(SettingsError):
            await named(story, wrong)
    await named(story, "draft")
    story.edit(0, 3, "A")
    await named(story, "draft")
    (version,) = named_versions(story.tree)
    log = story.chat.log
    assert text_of(version, log.events, log.device).startswith("A fog")
    await forget_version(story, "draft")
    with pytest.raises(NotFoundError, match="No version"):
        version_named(story.tree, "draft")


def test_what_another_device_wrote_unseen_is_in_no_version() -> None:
    events = story_events([(W, "One. "), (G, "Two.")])
    seen = {one.writer: one.lamport for one in events}
    late = event("late", 2, TurnAdded("t2", Speaker.USER, "You", " Three."), writer=THERE)
    version = NamedVersion("v", 0.0, 2, "t2", seen)
    assert text_of(version, [*events, late], "phone") == "One. Two."


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([W, G]), st.text("ab \n", min_size=1, max_size=6)), max_size=5),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9), st.text("ab \n", max_size=5)), max_size=4),
)
def test_a_version_reads_as_the_story_did_whatever_was_edited_since(
    turns: list[tuple[Speaker, str]], script: list[tuple[int, int, str]]
) -> None:
    events = story_events(turns)
    tree, document = document_of(events)
    version = NamedVersion("v", 0.0, 0, tree.tip, {one.writer: one.lamport for one in events})
    before = document.text()
    for start, length, new in script:
        document.edit(start, start + length, new)
        events = more_events(events, document)
    assert text_of(version, events, "phone") == before
