"""What the model reads is told: from which character on, and how much of what stands beside the text."""

from __future__ import annotations

from tavern_tui.domain.events import PropertySet
from tavern_tui.session.story.chapters import Reads
from tavern_tui.session.story.reading import Reading, reading
from tavern_tui.session.story.story import StorySession
from tests.session.story.conftest import Teller
from tests.session.story.test_story import all_of

PAGE = "The ferry crossed the river again and nobody spoke. " * 30 + "\n"


async def read(story: StorySession) -> Reading:
    """What a passage at the end would be written from."""
    return reading(await story.chat.plan(), story.document)


async def test_a_short_story_is_read_from_its_first_character(tell: Teller) -> None:
    story = await tell("# One\n\nAda.\n\n# Two\n\nBen.\n")
    await story.chapters.choose(story.chapters.all()[0], Reads.PINNED)
    told = await read(story)
    assert told.start == story.document.text().index("# Two")
    assert told.strip == f"pinned {told.tokens['pinned']} · last 3 words"
    assert 0 < told.total <= told.limit
    await story.write(PropertySet("memory", "They are twins."))
    assert set((await read(story)).tokens) == {"instructions", "synopsis"}


async def test_of_a_long_story_the_end_is_read(tell: Teller) -> None:
    story = await tell(PAGE * 12, " On.")
    told = await read(story)
    assert told.start is not None
    assert 0 < told.start < story.document.length
    await all_of(story.passages.write_on())
    assert await story.chat.oldest_read() in story.tree.turns


async def test_of_a_turn_that_is_longer_than_any_prompt_the_end_is_read(tell: Teller) -> None:
    story = await tell(PAGE * 40)
    await all_of(story.passages.write_on())
    told = await read(story)
    assert told.start is not None
    assert 0 < told.start < story.document.length - len(PAGE)
    assert story.document.text(told.start).lstrip().startswith("The ferry")
    middle = len(PAGE) * 20
    await all_of(story.passages.write_on(middle))
    assert story.document.length > len(PAGE) * 40
