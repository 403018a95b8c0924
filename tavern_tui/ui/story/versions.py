"""``VersionChoice``: the versions of a passage, one of which is taken, whole or up to the end of a sentence.

They are listed one below the other, and side by side where there is space for that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import zip_longest
from typing import Final

from textual.content import Content

from tavern_tui.domain.display import safe
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.story.moving import sentence_end
from tavern_tui.ui.story.panel import wrapped

SIDE_BY_SIDE_FROM: Final = 90
"""Cells of the text from which versions stand side by side: a screen of 100 columns."""

_GAP: Final = 3
_COLUMN: Final = 40  # cells at least of a version beside others
_LINES_OF_OTHERS: Final = 2

Take = Callable[[int, str], Awaitable[None]]
"""Takes the version of a number; the text is what of it is wanted, "" for all."""


def sentences(text: str) -> list[int]:
    """Where the sentences of ``text`` end; the last ends where the text does."""
    ends: list[int] = []
    while not ends or ends[-1] < len(text):
        start = ends[-1] + 1 if ends else 1
        ends.append(max(sentence_end(text, start + 1), start) if start < len(text) else len(text))
    return ends


class VersionChoice:
    """``versions``, the one at ``place`` selected. ``take`` is called with what was chosen."""

    def __init__(self, versions: Sequence[str], place: int, take: Take, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        self._versions = list(versions)
        self.place = place
        self._take = take
        self._glyphs = glyphs
        self._ends = sentences(self._versions[place])
        self._end = len(self._ends) - 1
        self._beside = False

    @property
    def title(self) -> str:
        """Which of how many."""
        words = len(self.chosen.split())
        return f"Version {self.place + 1} of {len(self._versions)} · {words:,} words"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, and shorter ways to say them."""
        versions, parts = ("←→", "↑↓") if self._beside else ("↑↓", "←→")
        return (
            f"{versions} version · Enter takes it · {parts} sentence · Space takes it up to there · Esc",
            f"Enter all · {parts} Space up to here · Esc",
        )

    @property
    def chosen(self) -> str:
        """What of the selected version is chosen."""
        return self._versions[self.place][: self._ends[self._end]]

    def lines(self, width: int) -> list[Content]:
        """All versions at ``width`` cells."""
        self._beside = width >= SIDE_BY_SIDE_FROM
        return self._columns(width) if self._beside else [line for lines in self._below(width) for line in lines]

    def shown_line(self, width: int) -> int:
        """The first line of the selected version."""
        if width >= SIDE_BY_SIDE_FROM:
            return 0
        return sum(len(lines) for lines in self._below(width)[: self.place])

    async def press(self, key: str) -> bool:
        """Go to another version or sentence, or take one."""
        back, on, less, more = ("left", "right", "up", "down") if self._beside else ("up", "down", "left", "right")
        if key in (back, on):
            self._go(self.place + (1 if key == on else -1))
        elif key in (less, more):
            self._end = max(0, min(len(self._ends) - 1, self._end + (1 if key == more else -1)))
        elif key == "enter":
            await self._take(self.place, "")
            return True
        elif key == "space":
            await self._take(self.place, self.chosen)
            return True
        return key == "escape"

    def _go(self, place: int) -> None:
        self.place = max(0, min(len(self._versions) - 1, place))
        self._ends = sentences(self._versions[self.place])
        self._end = len(self._ends) - 1

    def _below(self, width: int) -> list[list[Content]]:
        found = []
        for place in range(len(self._versions)):
            lines = self._version(place, width)
            if place != self.place and len(lines) > _LINES_OF_OTHERS + 1:
                lines = [*lines[:_LINES_OF_OTHERS], lines[_LINES_OF_OTHERS].append(f" {self._glyphs.dots}")]
            found.append([*lines, Content("")])
        return found

    def _columns(self, width: int) -> list[Content]:
        """As many as fit beside one another, the selected among them."""
        count = min(len(self._versions), (width + _GAP) // (_COLUMN + _GAP))
        first = max(0, min(self.place - count // 2, len(self._versions) - count))
        column = (width + _GAP) // count - _GAP
        versions = [self._version(place, column) for place in range(first, first + count)]
        rows = zip_longest(*versions, fillvalue=Content(""))
        gap = Content(" " * _GAP)
        return [gap.join([line.pad_right(column - line.cell_length) for line in row]) for row in rows]

    def _version(self, place: int, width: int) -> list[Content]:
        selected = place == self.place
        mark = self._glyphs.on if selected else " "
        head = Content.styled(f"{mark} {place + 1}", "bold $text-accent" if selected else "$text-muted")
        text = safe(self._versions[place])
        if not selected:
            return [head, *wrapped(Content.styled(text, "$text-muted"), width)]
        end = self._ends[self._end]
        rest = text[end:]
        cut = (self._glyphs.bar, "bold $text-accent") if rest else ""
        return [head, *wrapped(Content.assemble(text[:end], cut, (rest, "$text-muted")), width)]
