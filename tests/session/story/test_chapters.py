"""How the model reads chapters: in full while they are near, by summary, pinned, or not at all."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import SettingsError
from tavern_tui.session.story.chapters import Chapter, Reads
from tavern_tui.session.story.story import StorySession
from tests.session.story.conftest import Teller
from tests.session.story.test_story import all_of, prompt_of, stored

BOOK = """# One

Ada found a key. [[which?]]

# Two

Ben lost a coin.

# Three

They met.
"""


def titles(story: StorySession) -> list[str]:
    """The titles of the chapters."""
    return [chapter.title for chapter in story.chapters.all()]


def chapter(story: StorySession, number: int) -> Chapter:
    """A chapter as it stands now."""
    return story.chapters.all()[number - 1]


@pytest.mark.parametrize(
    ("reads", "read"),
    [
        (Reads.NEAR, (True, False)),
        (Reads.EXCLUDED, (False, False)),
        (Reads.SUMMARY, (False, True)),
        (Reads.PINNED, (True, False)),
    ],
    ids=["near", "excluded", "summary", "pinned"],
)
async def test_a_chapter_is_read_as_it_was_chosen(tell: Teller, reads: Reads, read: tuple[bool, bool]) -> None:
    story = await tell(BOOK, " On.")
    await story.chapters.write_summary(chapter(story, 1), "Ada has a key now.")
    await story.chapters.choose(chapter(story, 1), reads)
    assert stored(story) == story.document.text() == BOOK
    assert chapter(story, 1).reads is reads
    await all_of(story.passages.write_on())
    prompt = prompt_of(story)
    assert ("Ada found a key." in prompt, "Ada has a key now." in prompt) == read
    assert "Ben lost a coin." in prompt
    assert "which?" not in prompt


async def test_the_chapter_that_is_written_is_always_read_in_full(tell: Teller) -> None:
    story = await tell(BOOK, " On.")
    await story.chapters.choose(chapter(story, 3), Reads.EXCLUDED)
    await all_of(story.passages.write_on())
    assert "They met." in prompt_of(story)


async def test_the_model_summarises_a_chapter_and_reads_nothing_else_for_it(tell: Teller) -> None:
    story = await tell(BOOK, "Ada has a key now.")
    version = await story.chapters.summarise(chapter(story, 1))
    assert version.text == "Ada has a key now."
    prompt = prompt_of(story)
    assert "Ada found a key." in prompt
    for left_out in ("Ben lost a coin.", "They met.", "which?"):
        assert left_out not in prompt
    assert [one.summary is not None for one in story.chapters.all()] == [True, False, False]
    assert stored(story) == BOOK


async def test_a_summary_is_edited_grows_stale_and_is_taken_away(tell: Teller) -> None:
    story = await tell(BOOK)
    await story.chapters.write_summary(chapter(story, 2), "Ben is poor.")
    await story.chapters.write_summary(chapter(story, 2), "Ben is poor now.")
    two = chapter(story, 2)
    assert two.summary is not None
    assert (two.summary.text, two.stale) == ("Ben is poor now.", False)
    story.edit(two.section.end - 1, two.section.end - 1, "He wept.\n")
    await story.save()
    assert chapter(story, 2).stale
    assert await story.chapters.write_summary(chapter(story, 2), " ") is None
    assert chapter(story, 2).summary is None


async def test_dividing_turns_for_a_chapter_is_taken_back_with_nothing_changed_in_the_text(tell: Teller) -> None:
    story = await tell(BOOK)
    await story.chapters.choose(chapter(story, 2), Reads.PINNED)
    assert len(story.tree.path()) == 3
    while await story.undo():
        assert stored(story) in (BOOK, "")


async def test_an_empty_chapter_is_not_summarised(tell: Teller) -> None:
    story = await tell("# One\n\n# Two\n\nText.\n")
    with pytest.raises(SettingsError, match="nothing to summarise in One"):
        await story.chapters.summarise(chapter(story, 1))


async def test_what_the_story_is_about_is_read_above_it(tell: Teller) -> None:
    from tavern_tui.domain.events import PropertySet

    story = await tell(BOOK, " On.")
    await story.write(PropertySet("memory", "Ada and Ben are twins."))
    await all_of(story.passages.write_on())
    prompt = prompt_of(story)
    assert prompt.index("Ada and Ben are twins.") < prompt.index("Ada found a key.")
