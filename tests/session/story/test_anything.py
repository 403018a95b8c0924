"""Whatever is done to a story in whatever order: the document is the turns of its path, and redo undoes undo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.story.chapters import Reads
from tavern_tui.session.story.difference import Edit, applied
from tavern_tui.session.story.named import name_version, restore, version_named
from tavern_tui.session.story.story import StorySession
from tests.session.story.conftest import Teller
from tests.session.story.test_story import all_of, reopened, stored

REPLIES = (" One.", " Two three.", "", "\n\n# Chapter\n\n", " half", "   ", " Four. Five.")
PIECES = ("", "x", "\n", "ab c. ", "[[n]]", "\n\n# H\n\n")
STEPS = 30


class Anybody:
    """Somebody who does anything. ``shown`` is the text as a screen has it that hears of every change."""

    def __init__(self, story: StorySession, dice: Random) -> None:
        self.dice = dice
        self.shown = story.document.text()
        self.named: dict[str, str] = {}
        self.take(story)
        self.deeds: Sequence[Callable[[], Awaitable[object]]] = (
            *[self.edit] * 6,
            self.write,
            self.write_inside,
            self.again,
            self.take_version,
            self.undo,
            self.name,
            self.bring_back,
            self.choose,
            self.reopen,
        )

    def take(self, story: StorySession) -> None:
        """Go on with ``story``."""
        self.story = story
        story.on_change = self.hear

    def hear(self, edits: Sequence[Edit]) -> None:
        """The screen takes in what others changed."""
        self.shown = applied(self.shown, edits)

    async def edit(self) -> None:
        """Put something somewhere, and sometimes rest."""
        start = self.dice.randint(0, len(self.shown))
        end = min(len(self.shown), start + self.dice.choice([0, 0, 1, 5, 40]))
        piece = self.dice.choice(PIECES)
        self.story.edit(start, end, piece)
        self.shown = self.shown[:start] + piece + self.shown[end:]
        if self.dice.random() < 0.3:
            await self.story.save()

    async def write(self) -> None:
        """Let the model write on at the end."""
        await all_of(self.story.passages.write_on())

    async def write_inside(self) -> None:
        """Let it write somewhere."""
        await all_of(self.story.passages.write_on(self.dice.randint(0, len(self.shown))))

    async def again(self) -> None:
        """Have other versions, where there is a passage."""
        if self.story.passages.last:
            await all_of(self.story.passages.again(versions=self.dice.choice([1, 1, 2])))

    async def take_version(self) -> None:
        """Take a version, or its beginning."""
        found = self.story.passages.versions()
        if found:
            await self.story.passages.take(self.dice.choice(found).turn, characters=self.dice.choice([None, 2]))

    async def undo(self) -> None:
        """Undo, redo, undo."""
        await self.story.save()
        before = self.shown
        if await self.story.undo():
            after = self.shown
            assert await self.story.redo()
            assert self.shown == before
            await self.story.undo()
            assert self.shown == after

    async def name(self) -> None:
        """Name what there is."""
        name = f"v{len(self.named)}"
        await name_version(self.story, name)
        self.named[name] = self.shown

    async def bring_back(self) -> None:
        """Bring back a named version."""
        if self.named:
            name = self.dice.choice(list(self.named))
            await restore(self.story, version_named(self.story.tree, name))
            assert self.shown == self.named[name]

    async def choose(self) -> None:
        """Choose how a chapter is read."""
        if found := self.story.chapters.all():
            before = self.shown
            await self.story.chapters.choose(self.dice.choice(found), self.dice.choice(list(Reads)))
            assert self.shown == before

    async def reopen(self) -> None:
        """Leave and come back."""
        await self.story.close()
        self.take(await reopened(self.story))


@pytest.mark.parametrize("seed", range(3))
async def test_the_document_is_its_turns_whatever_is_done(tell: Teller, seed: int) -> None:
    anybody = Anybody(await tell("", *REPLIES), Random(seed))
    for _ in range(STEPS):
        try:
            await anybody.dice.choice(anybody.deeds)()
        except NotFoundError:
            pass  # a passage that was hidden meanwhile has no other version
        assert anybody.story.document.text() == anybody.shown
        if not anybody.story.unsaved:
            assert stored(anybody.story) == anybody.shown
    await anybody.reopen()
    assert anybody.story.document.text() == stored(anybody.story) == anybody.shown
