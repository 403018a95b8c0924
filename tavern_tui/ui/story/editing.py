"""``StoryEditor``: a story's text with a cursor, a selection and a way back: everything that keys do to it. Pure.

Who shows it hears of every change through ``on_splice`` (which rows stand elsewhere) and ``on_edit`` (which characters
are others, by offsets), before the next is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from tavern_tui.session.story.difference import Edit
from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story import moving
from tavern_tui.ui.story.history import History, Part, Step, length
from tavern_tui.ui.story.layout import StoryLayout
from tavern_tui.ui.story.text import Place, Run, Splice, StoryText, merged

Put = tuple[int, int, tuple[Run, ...]]
"""At this offset, in the place of so many characters, these runs."""

Way = Literal[
    "left", "right", "word_left", "word_right", "row_start", "row_end", "line_start", "line_end", "start", "end"
]


class StoryEditor:
    """See the module. ``width``: cells of a row.

    ``on_edit`` is given the offsets between which text was replaced, and the text that stands there now; of several
    changes at once, the last first.
    """

    def __init__(self, runs: Iterable[Run] = (), *, width: int = 80) -> None:
        self.text = StoryText(runs)
        self.layout = StoryLayout(self.text, width)
        self.history = History()
        self.cursor: Place = (0, 0)
        self.anchor: Place | None = None
        self.marking = False
        self.on_edit: Callable[[int, int, str], None] = lambda _start, _end, _text: None
        self.on_splice: Callable[[Splice, int], None] = lambda _splice, _grown: None
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
        self.replace(start, end, ((text, self.origin(start, end)),), typed=start == end)

    def insert(self, text: str) -> None:
        """Put ``text`` in the place of the selection, as a step of its own."""
        start, end = self.selection
        self.replace(start, end, ((text, self.origin(start, end)),))

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
        at = self.text.offset(start)
        self.replace_parts([Part(at, self.text.slice(start, end), merged(runs))], typed=typed)

    def replace_parts(self, parts: Iterable[Part], *, typed: bool = False) -> None:
        """Make several changes, none touching another, as one step; the cursor goes behind the last."""
        made = tuple(part for part in parts if part.removed != part.added)
        if made:
            step = Step(made, self.text.offset(self.cursor), typed)
            self._put([(part.at, length(part.removed), part.added) for part in made])
            self._stand(step.end)
            self.history.add(step)

    def apply(self, start: int, edits: Iterable[Edit]) -> None:
        """Make ``edits`` of the text behind offset ``start``, as one step: what does not differ is not touched."""
        parts = []
        for edit in edits:
            first, last = self.text.place(start + edit.start), self.text.place(start + edit.end)
            new = merged([(edit.text, self.origin(first, last))])
            parts.append(Part(start + edit.start, self.text.slice(first, last), new))
        self.replace_parts(parts)

    def undo(self) -> Step | None:
        """Take back the last step, which is given; ``None`` where there is none. An exchange is the story's to undo."""
        step = self.history.undo()
        if step is not None and step.parts:
            grown, puts = 0, []
            for part in step.parts:
                puts.append((part.at + grown, length(part.added), part.removed))
                grown += length(part.added) - length(part.removed)
            self._put(puts)
            self._stand(step.cursor)
        return step

    def redo(self) -> Step | None:
        """Do again what was taken back; the step, or ``None`` where there is nothing."""
        step = self.history.redo()
        if step is not None and step.parts:
            self._put([(part.at, length(part.removed), part.added) for part in step.parts])
            self._stand(step.end)
        return step

    def put(self, puts: Sequence[Put]) -> None:
        """Change the text where that is no edit of its writer's: nothing that can be undone, and nobody is told.

        ``puts`` as for ``_put``. The cursor and the selection stay with the characters that they are at.
        """
        if not puts:
            return
        cursor = _moved(self.text.offset(self.cursor), puts)
        anchor = None if self.anchor is None else _moved(self.text.offset(self.anchor), puts)
        self._put(puts, silent=True)
        self.cursor = self.text.place(cursor)
        self.anchor = None if anchor is None else self.text.place(anchor)

    def _put(self, puts: Sequence[Put], *, silent: bool = False) -> None:
        """Make changes, given in their order, each counting characters as before all of them."""
        at = first = puts[0][0]
        runs: list[Run] = []
        for start, taken, added in puts:
            runs += self.text.slice(self.text.place(at), self.text.place(start))
            runs += added
            at = start + taken
        splice, _ = self.text.replace(self.text.place(first), self.text.place(at), runs)
        self.on_splice(splice, self.layout.changed(splice))
        if not silent:
            for start, taken, added in reversed(puts):
                self.on_edit(start, start + taken, "".join(text for text, _ in added))

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

    def origin(self, start: Place, end: Place) -> Origin:
        """Of what is typed between two places: an edit within a generated passage, at its border it is written."""
        before = self.text.origin((start[0], start[1] - 1)) if start[1] else None
        after = self.text.origin(end)
        inside = Origin.WRITTEN not in (before, after) and (before is not None and after is not None)
        return Origin.EDITED if inside else Origin.WRITTEN


def _moved(offset: int, puts: Sequence[Put]) -> int:
    """Where the character at ``offset`` stands once ``puts`` are made."""
    grown = 0
    for at, taken, runs in puts:
        if offset < at:
            break
        added = length(runs)
        if offset < at + taken:
            return grown + min(offset, at + added)
        grown += added - taken
    return offset + grown
