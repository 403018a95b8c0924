"""``PaintedLines``: the lines of a log in colour, with the words that are searched for marked; the latest are kept.

Only a line that is asked for is searched. ``view`` says which lines are on screen, ``paint`` how one is coloured.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence

from textual.strip import Strip

from tavern_tui.ui.chatlog.entries import ChatEntry
from tavern_tui.ui.chatlog.lines import Line, Part
from tavern_tui.ui.chatlog.markup import Block
from tavern_tui.ui.chatlog.paint import Frame, LinePainter, Overlay

KEPT_STRIPS = 600


class PaintedLines:
    """Strips of a log, by entry and line. ``pattern`` is what to mark in turns, ``None`` for nothing."""

    def __init__(self) -> None:
        self.pattern: re.Pattern[str] | None = None
        self._strips: OrderedDict[tuple[str, int, bool], tuple[Line, int, Strip]] = OrderedDict()
        self._searched: tuple[Block | None, list[tuple[int, int]]] = (None, [])

    def __len__(self) -> int:
        return len(self._strips)

    def clear(self) -> None:
        """Forget what was painted."""
        self._strips.clear()

    def search(self, pattern: re.Pattern[str] | None) -> bool:
        """Mark what ``pattern`` finds from now on; whether that is another pattern than before."""
        if pattern == self.pattern:
            return False
        self.pattern = pattern
        self._searched = (None, [])
        self._strips.clear()
        return True

    def strip(
        self,
        painter: LinePainter,
        frame: Frame,
        entry: ChatEntry,
        row: int,
        line: Line,
        place: int,
        marked: Overlay | None = None,
    ) -> Strip:
        """Line ``row`` of ``entry``, whose characters carry ``place`` as their line number; ``marked`` by the mouse."""
        key = (entry.id, row, entry.selected)
        known = self._strips.get(key)
        if marked is None and known is not None and known[1] == place and self._same(known[0], line):
            self._strips.move_to_end(key)
            return known[2]
        overlays = [(start, end, painter.match) for start, end in self.matches(entry, line)]
        if marked is not None:
            overlays.append(marked)
        strip = painter.paint(line, frame, entry.selected, overlays).apply_offsets(-frame.left, place)
        if marked is None:
            self._strips[key] = (line, place, strip)
            if len(self._strips) > KEPT_STRIPS:
                self._strips.popitem(last=False)
        return strip

    def _same(self, before: Line, line: Line) -> bool:
        """Whether two lines are painted alike. A text that grows is wrapped anew; most of its lines look as before."""
        return before is line or (self.pattern is None and before.runs == line.runs and before.part is line.part)

    def matches(self, entry: ChatEntry, line: Line) -> list[tuple[int, int]]:
        """The characters of ``line`` that are part of a match, which may go on from one line to the next."""
        block = line.block
        if self.pattern is None or block is None or line.part is not Part.TEXT or not entry.roleplay:
            return []
        if self._searched[0] is not block:
            self._searched = (block, [match.span() for match in self.pattern.finditer(block.text)])
        return [
            (max(start, line.start) - line.start, min(end, line.end) - line.start)
            for start, end in self._searched[1]
            if start < line.end and end > line.start
        ]

    def first_match(self, entry: ChatEntry, lines: Sequence[Line]) -> int | None:
        """The first of an entry's ``lines`` with a match on it."""
        return next((row for row, line in enumerate(lines) if self.matches(entry, line)), None)
