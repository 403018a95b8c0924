"""``StoryEditor``: a story's text with a cursor, a selection and a way back: everything that keys do to it. Pure.

Who shows it hears of every change through ``on_splice`` (which rows stand elsewhere) and ``on_edit`` (which characters
are others, by offsets), before the next is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story import moving
from tavern_tui.ui.story.history import History, Step, length
from tavern_tui.ui.story.layout import StoryLayout
from tavern_tui.ui.story.text import Place, Run, StoryText, merged

Way = Literal[
    "left", "right", "word_left", "word_right", "row_start", "row_end", "line_start", "line_end", "start", "end"
]


class StoryEditor:
    """See the module. ``width``: cells of a row.

    ``on_edit`` is given the offsets between which text was replaced, and the runs that stand there now.
    """

    def __init__(self, runs: Iterable[Run] = (), *, width: int = 80) -> None:
        self.text = StoryText(runs)
        self.layout = StoryLayout(self.text, width)
        self.history = History()
        self.cursor: Place = (0, 0)
        self.anchor: Place | None = None
        self.marking = False
        self.on_edit: Callable[[int, int, tuple[Run, ...]], None] = lambda _start, _end, _runs: None
        self.on_splice: Callable[[int, int], None] = lambda _line, _grown: None
        self._goal: int | None = None

    def load(self, runs: Iterable[Run]) -> None:
        """Have another document, with nothing to undo; the cursor goes to its end."""
        self.text = StoryText(runs)
        self.layout = StoryLayout(self.text, self.layout.width)
        self.history.clear()
        self.cursor, self.anchor, self.marking, self._goal = self.text.end, None, False, None

    @property
    def selection(self) -> tuple[Place, Place]:
        """From where to where is selected; twice the cursor where nothing is."""
        if self.anchor is None:
            return self.cursor, self.cursor
        return min(self.anchor, self.cursor), max(self.anchor, self.cursor)

    @property
    def selected_text(self) -> str:
        """What is selected."""
        return self.text.text(*self.selection)

    def move(self, way: Way, *, select: bool = False) -> None:
        """Move the cursor, and the end of the selection with it where that is wanted or a mark is set."""
        self._goal = None
        if not (select or self.marking) and self.anchor is not None and way in ("left", "right"):
            start, end = self.selection
            self._go(start if way == "left" else end, select=False)
            return
        places: dict[Way, Callable[[], Place]] = {
            "left": lambda: moving.left(self.text, self.cursor),
            "right": lambda: moving.right(self.text, self.cursor),
            "word_left": lambda: moving.word_left(self.text, self.cursor),
            "word_right": lambda: moving.word_right(self.text, self.cursor),
            "row_start": lambda: self.layout.row_start(self.cursor),
            "row_end": lambda: self.layout.row_end(self.cursor),
            "line_start": lambda: (self.cursor[0], 0),
            "line_end": lambda: (self.cursor[0], len(self.text.line(self.cursor[0]))),
            "start": lambda: (0, 0),
            "end": lambda: self.text.end,
        }
        self._go(places[way](), select=select)

    def move_rows(self, rows: int, *, select: bool = False) -> None:
        """Move the cursor down (up where negative), keeping to its cell as well as the rows allow."""
        if self._goal is None:
            self._goal = self.layout.cell(self.cursor)
        goal, row = self._goal, self.layout.row_of(self.cursor) + rows
        if row < 0:
            self._go((0, 0), select=select)
        elif row >= self.layout.height:
            self._go(self.text.end, select=select)
        else:
            self._go(self.layout.at(row, goal), select=select)
        self._goal = goal

    def go(self, place: Place, *, select: bool = False) -> None:
        """Put the cursor at ``place``, or at the nearest there is; a mark is left alone."""
        self._goal = None
        self._go(self.text.clamped(place), select=select)

    def select(self, start: Place, end: Place) -> None:
        """Select what stands between two places, the cursor at the second."""
        self.go(start)
        self.go(end, select=True)

    def mark(self) -> bool:
        """Begin to select from here on, wherever the cursor goes, or let the selection go; whether it was begun."""
        self.marking = not self.marking and self.anchor is None
        self.anchor = self.cursor if self.marking else None
        return self.marking

    def unselect(self) -> bool:
        """Let the selection go; whether there was one."""
        had = self.anchor is not None
        self.anchor, self.marking = None, False
        return had

    def type(self, text: str) -> None:
        """Put what a key typed in the place of the selection."""
        start, end = self.selection
        self.replace(start, end, ((text, self._origin(start, end)),), typed=start == end)

    def insert(self, text: str) -> None:
        """Put ``text`` in the place of the selection, as a step of its own."""
        start, end = self.selection
        self.replace(start, end, ((text, self._origin(start, end)),))

    def delete(self, way: Way) -> str:
        """Take away the selection, else what lies between the cursor and where ``way`` leads; what was taken."""
        start, end = self.selection
        if start == end:
            self.move(way, select=True)
            start, end = self.selection
            if start == end and way == "line_end":
                end = moving.right(self.text, start)
        gone = self.text.text(start, end)
        self.unselect()
        if gone:
            self.replace(start, end, ())
        return gone

    def replace(self, start: Place, end: Place, runs: Iterable[Run], *, typed: bool = False) -> None:
        """Put ``runs`` in the place of what stands between two places; the cursor goes behind them."""
        at, cursor = self.text.offset(start), self.text.offset(self.cursor)
        removed, added = self.text.slice(start, end), merged(runs)
        if removed == added:
            return
        self._put(at, length(removed), added)
        self._stand(at + length(added))
        self.history.add(Step(at, removed, added, cursor, typed))

    def undo(self) -> Step | None:
        """Take back the last step; it, or ``None`` where there is none."""
        step = self.history.undo()
        if step is not None:
            self._put(step.at, length(step.added), step.removed)
            self._stand(step.cursor)
        return step

    def redo(self) -> Step | None:
        """Do again what was taken back; it, or ``None`` where there is nothing."""
        step = self.history.redo()
        if step is not None:
            self._put(step.at, length(step.removed), step.added)
            self._stand(step.end)
        return step

    def put(self, at: int, taken: int, runs: Iterable[Run]) -> None:
        """Put ``runs`` at offset ``at`` in the place of ``taken`` characters: nothing that can be undone.

        The cursor and the selection stay with the characters that they are at.
        """
        added = merged(runs)
        gained = length(added)
        cursor = _moved(self.text.offset(self.cursor), at, taken, gained)
        anchor = None if self.anchor is None else _moved(self.text.offset(self.anchor), at, taken, gained)
        self._put(at, taken, added)
        self.cursor = self.text.place(cursor)
        self.anchor = None if anchor is None else self.text.place(anchor)

    def _put(self, at: int, taken: int, runs: tuple[Run, ...]) -> None:
        start, end = self.text.place(at), self.text.place(at + taken)
        splice, _ = self.text.replace(start, end, runs)
        grown = self.layout.changed(splice)
        self.on_splice(splice.line, grown)
        self.on_edit(at, at + taken, runs)

    def _stand(self, offset: int) -> None:
        """The cursor is there after a change, and nothing is selected."""
        self.unselect()
        self._goal = None
        self.cursor = self.text.place(offset)

    def _go(self, place: Place, *, select: bool) -> None:
        self.history.close()
        if select or self.marking:
            self.anchor = self.cursor if self.anchor is None else self.anchor
        else:
            self.anchor = None
        self.cursor = place

    def _origin(self, start: Place, end: Place) -> Origin:
        """What is typed within a generated passage edits it; at its border it is the writer's own."""
        before = self.text.origin((start[0], start[1] - 1)) if start[1] else None
        after = self.text.origin(end)
        inside = Origin.WRITTEN not in (before, after) and (before is not None and after is not None)
        return Origin.EDITED if inside else Origin.WRITTEN


def _moved(offset: int, at: int, taken: int, added: int) -> int:
    """Where the character at ``offset`` stands once ``added`` characters are in the place of ``taken`` at ``at``."""
    if offset < at:
        return offset
    return offset + added - taken if offset >= at + taken else min(offset, at + added)
