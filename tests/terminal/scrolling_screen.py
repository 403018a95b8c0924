"""A terminal in memory that can move its rows: pyte leaves out SU and SD (ECMA-48 §8.3.147, §8.3.113)."""

from __future__ import annotations

import pyte


class ScrollingScreen(pyte.Screen):
    """``pyte.Screen`` with SU and SD in its scroll region."""

    def scroll_up(self, count: int = 1) -> None:
        """Move the rows of the region up, blank ones come from below."""
        self._scroll(self.index, bottom=True, count=count)

    def scroll_down(self, count: int = 1) -> None:
        """Move them down, blank ones come from above."""
        self._scroll(self.reverse_index, bottom=False, count=count)

    def _scroll(self, step: object, *, bottom: bool, count: int) -> None:
        region = self.margins or pyte.screens.Margins(0, self.lines - 1)
        kept = (self.cursor.x, self.cursor.y)
        self.cursor.y = region.bottom if bottom else region.top
        assert callable(step)
        for _ in range(max(1, count)):
            step()
        self.cursor.x, self.cursor.y = kept


class ScrollingStream(pyte.ByteStream):
    """A stream for it."""

    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down"}  # noqa: RUF012 - as pyte declares it
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}


def looks(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Every cell's sign and look, row by row. A blank's own colour is not seen."""
    return [[_look(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def _look(cell: pyte.screens.Char) -> tuple[object, ...]:
    return (cell.data, cell.fg, cell.bg, cell.bold, cell.italics, cell.underscore, cell.strikethrough, cell.reverse)
