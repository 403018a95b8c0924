"""``Finding``: words in a story, and others in their place: one after the other, or all at once.

What counts as a match is ``session.story.finding``'s; here is where the matches are, and which one is looked at.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence

from tavern_tui.session.story.difference import Edit
from tavern_tui.session.story.finding import Hit, Query
from tavern_tui.ui.story.editing import StoryEditor


class Finding:
    """What is looked for in the story of ``editor``. ``hits`` are the matches, by offsets, in their order."""

    def __init__(self, editor: StoryEditor) -> None:
        self._editor = editor
        self._query: Query | None = None
        self._starts: list[int] = []
        self.hits: Sequence[Hit] = ()
        self.replacement = ""

    def clear(self) -> None:
        """Look for nothing."""
        self._query = None
        self._have([])

    async def look(self, typed: str) -> None:
        """Find what was typed. Raises ``SettingsError`` for an expression that cannot be read or takes too long."""
        self._query = Query(typed) if typed else None
        await self.renew()

    async def renew(self) -> None:
        """Find it again, in the text as it is now."""
        query, text = self._query, self._editor.text.text()
        self._have(await asyncio.to_thread(lambda: list(query.hits(text))) if query is not None else [])

    def counted(self) -> tuple[int, int]:
        """Which of the matches is selected, 0 where none is, and how many there are."""
        place = self._selected()
        return (0 if place is None else place + 1), len(self.hits)

    def step(self, *, stay: bool = False) -> bool:
        """Select the next match, going round; ``stay``: one at the cursor will do. Whether there is any."""
        if not self.hits:
            return False
        start, end = map(self._editor.text.offset, self._editor.selection)
        place = bisect_left(self._starts, start if stay else max(end, start + 1)) % len(self.hits)
        hit = self.hits[place]
        self._editor.select(self._editor.text.place(hit.start), self._editor.text.place(hit.end))
        return True

    def preview(self) -> str:
        """What would stand where the selected match is; "" where none is."""
        place = self._selected()
        return "" if place is None else f"{self.hits[place].text} → {self._new(self.hits[place])}"

    async def replace(self) -> bool:
        """Put the replacement in the place of the selected match, and go to the next; whether there is one."""
        place = self._selected()
        if place is not None:
            self._replace([self.hits[place]])
            await self.renew()
        return self.step(stay=True)

    async def replace_all(self) -> int:
        """Put the replacement in the place of every match, as one step; how many there were."""
        await self.renew()
        count = len(self.hits)
        self._replace(self.hits)
        await self.renew()
        return count

    def _replace(self, hits: Sequence[Hit]) -> None:
        self._editor.apply(0, [Edit(hit.start, hit.end, self._new(hit)) for hit in hits])

    def _have(self, hits: list[Hit]) -> None:
        self.hits = hits
        self._starts = [hit.start for hit in hits]

    def _selected(self) -> int | None:
        start, end = map(self._editor.text.offset, self._editor.selection)
        place = bisect_left(self._starts, start)
        found = place < len(self.hits) and (self.hits[place].start, self.hits[place].end) == (start, end)
        return place if found else None

    def _new(self, hit: Hit) -> str:
        return hit.replaced_by(self.replacement, groups=self._query is not None and self._query.is_pattern)
