"""One row of a story in colour: its text by origin, and what lies over it. Where styles come from is the view's."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.chatlog.lines import Glyphs
from tavern_tui.ui.story import moving
from tavern_tui.ui.story.editing import StoryEditor
from tavern_tui.ui.story.layout import Row, shown
from tavern_tui.ui.story.text import Marks, Place

CURSOR: Final = "story--cursor"
SELECTED: Final = "story--selected"
MATCH: Final = "story--match"
MARK: Final = "story--mark"
CLASSES: Final = (*(f"story--{origin.value}" for origin in Origin), CURSOR, SELECTED, MATCH, MARK)
"""The component classes of the view."""


@dataclass(frozen=True, slots=True)
class Over:
    """What lies over the columns of a line from ``start`` up to ``end``: the component class ``name``."""

    start: int
    end: int
    name: str


def is_on(row: Row, place: Place) -> bool:
    """Whether ``place`` is on ``row``."""
    return place[0] == row.line and row.start <= place[1] and (place[1] < row.end or row.last)


def overlays(editor: StoryEditor, row: Row, hits: Sequence[tuple[int, int]]) -> list[Over]:
    """What lies over the text of a row: the ``hits`` there, by offsets, the selection, the cursor; the last on top."""
    found: list[Over] = []
    if hits:
        line = editor.text.offset((row.line, 0))
        first = max(0, bisect_left(hits, (line + row.start, 0)) - 1)
        here = takewhile(lambda hit: hit[0] < line + row.end, islice(hits, first, None))
        found += [Over(max(0, hit[0] - line), hit[1] - line, MATCH) for hit in here]
    start, end = editor.selection
    if start != end and start[0] <= row.line <= end[0]:
        first = start[1] if row.line == start[0] else 0
        found.append(Over(first, end[1] if row.line == end[0] else row.end + 1, SELECTED))
    if is_on(row, editor.cursor):
        column = editor.cursor[1]
        at_end = column == row.end
        found.append(Over(column, column + 1 if at_end else moving.right(editor.text, editor.cursor)[1], CURSOR))
    return found


class RowPainter:
    """Paints rows with the styles that ``component`` gives for a class, on ``ground``."""

    def __init__(self, ground: Style, component: Callable[[str], Style], glyphs: Glyphs) -> None:
        self._ground = ground
        self._component = component
        self._mark = glyphs.on
        self._styles: dict[tuple[str, ...], Style] = {}

    def style(self, *names: str) -> Style:
        """The styles of component classes over each other, on the ground."""
        found = self._styles.get(names)
        if found is None:
            found = self._styles[names] = sum((self._component(name) for name in names), self._ground)
        return found

    def row(
        self, line: str, marks: Marks, row: Row, overlays: Sequence[Over], *, frame: tuple[int, int, int], mark: bool
    ) -> Strip:
        """A row of ``line``. ``frame``: the cell at which it begins, its cells, and those of the whole strip.

        ``mark``: what the model reads begins here, which the margin shows.
        """
        left, measure, space = frame
        text = shown(line)
        margin = self._mark if mark else ""
        segments = [Segment(" " * (left - 2), self._ground), Segment(margin.ljust(2), self.style(MARK))]
        used = 0
        for start, end in pairwise(_cuts(row, marks, overlays)):
            names = [f"story--{origin.value}" for stop, origin in marks if start < stop][:1]
            names += [over.name for over in overlays if over.start <= start and end <= over.end]
            piece = text[start:end] if start < row.end or not row.last else ""
            piece = piece or (" " if end > row.end else "")
            piece, used = _fitting(piece, used, measure)
            segments.append(Segment(piece, self.style(*names)))
        return Strip(segments).adjust_cell_length(space, self._ground)


def _cuts(row: Row, marks: Marks, overlays: Sequence[Over]) -> list[int]:
    """The columns of a row at which its style changes; one behind the last of a line that ends, for the cursor."""
    last = row.end + 1 if row.last else row.end
    places = {stop for stop, _ in marks} | {place for over in overlays for place in (over.start, over.end)}
    return sorted({row.start, row.end, last, *(place for place in places if row.start < place < last)})


def _fitting(piece: str, used: int, measure: int) -> tuple[str, int]:
    """What of ``piece`` is shown: blanks that hang over the end of a row are not, but for one cell."""
    room = measure + 1 - used
    if cell_len(piece) > room:
        piece = piece.rstrip() + " " * max(0, room - cell_len(piece.rstrip()))
    return piece, used + cell_len(piece)
