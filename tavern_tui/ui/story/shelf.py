"""``Shelf``: what belongs to a story beside its text: its chapters, its named versions, the words of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.events import PropertySet
from tavern_tui.session.story.outline import CHAPTER, Section, outline, section_at
from tavern_tui.ui.story.counts import Counts, as_property, from_property

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.ui.chat.whereabouts import Whereabouts
    from tavern_tui.ui.story.editing import StoryEditor

WORDS: Final = "story words"
"""The chat's property that holds how many words were written on the last day of writing, and the goal."""


class Shelf:
    """What stands beside the text of ``story``. ``today`` gives the day."""

    def __init__(self, story: StorySession, counts: Counts) -> None:
        self._story = story
        self._counts = counts
        self._sections: tuple[int, list[Section]] | None = None
        self._kept = (0, 0)

    def come_back(self, editor: StoryEditor, whereabouts: Whereabouts) -> None:
        """Put the cursor where it was left, and let ``whereabouts`` keep where it goes: a turn and a place in it."""
        found = whereabouts.found
        place = self._story.document.place_of(found.turn) if found.turn else None
        if place is not None:
            editor.go(editor.text.place(min(place[0] + found.line, place[1])))

        def here() -> tuple[str, int]:
            offset = editor.text.offset(editor.cursor)
            turn = self._story.document.turn_at(offset, earlier=offset > 0)
            return (turn[0], offset - turn[1]) if turn is not None else ("", 0)

        whereabouts.elsewhere = here

    def begin(self) -> None:
        """Count from here on, with what was written today before."""
        self._counts.begin()
        self._counts.before, self._counts.goal = from_property(self._story.tree.properties.get(WORDS), date.today())
        self._kept = (self._counts.before, self._counts.goal)

    async def keep_counts(self) -> None:
        """Write down the words of today and the goal, if they are others. Raises ``StorageError``."""
        now = (self._counts.today, self._counts.goal)
        if now != self._kept:
            self._kept = now
            await self._story.write(PropertySet(WORDS, as_property(date.today(), *now)))

    @property
    def sections(self) -> Sequence[Section]:
        """The chapters and scenes; looked for anew where the text has changed."""
        document = self._story.document
        if self._sections is None or self._sections[0] != document.revision:
            self._sections = (document.revision, outline(document.text()))
        return self._sections[1]

    def chapter_at(self, offset: int) -> tuple[int, int]:
        """From where to where the chapter with that character reaches; the whole story where it has none."""
        chapters = [section for section in self.sections if section.kind == CHAPTER]
        found = section_at(chapters, offset)
        return (found.start, found.end) if found is not None else (0, self._story.document.length)
