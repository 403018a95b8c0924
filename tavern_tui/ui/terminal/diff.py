"""``DiffPainter``: sends a terminal the cells that changed, and moves what has scrolled instead of sending it anew.

Textual sends each region that was painted whole: a chat that scrolls by a line is sent again from top to bottom. Here
the last frame is kept as cells; what is painted next is compared with it. Rows that moved up or down together are moved
by the terminal itself (DECSTBM with SU and SD, ECMA-48 §8.3.147, §8.3.113). A row with characters whose width terminals
do not agree on is sent whole. The one private part of Textual that is touched is ``App._display``: what it is given to
show is replaced by something that says the same in fewer bytes. Measured: ``docs/spec/textual-notes.md`` §5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.style import Style
    from textual.screen import Screen

FARTHEST: Final = 11
"""Rows by which a part of the screen is looked for higher up or lower down than it was."""

FEWEST: Final = 3
"""Rows that must have moved together for telling the terminal to move them."""

MARGIN: Final = 2
"""Cells at the right edge that do not count when rows are compared: a scroll bar stands there, and does not move."""

GAP: Final = 6
"""Unchanged cells between two changed ones that are sent with them: going there by itself costs as much."""

Cell = tuple[str, str]
"""What stands in a cell and its SGR parameters. The second cell of a wide character holds nothing."""

FIRST_COMBINING: Final = "\u0300"
"""Below this every printable character is one cell wide."""

_DRAWN: Final = frozenset(map(chr, (*range(0x2010, 0x2028), *range(0x2030, 0x205F), *range(0x2190, 0x2600))))
"""Dashes, quotes, arrows and line drawing: one cell wide wherever the program is used."""

UNKNOWN: Final[Cell] = ("\0", "")
"""A cell of which nobody knows what the terminal shows there."""

Row = list[Cell]


class DiffPainter:
    """What a terminal shows, as far as it was sent by this painter.

    ``epoch`` gives a number that changes whenever what is on screen is no longer known: a frame was not taken, the
    screen was cleared, the terminal was given away and taken back. ``scrolls``: whether rows may be moved.
    """

    def __init__(self, epoch: Callable[[], int], *, scrolls: bool = True) -> None:
        self._epoch = epoch
        self._seen = -1
        self._scrolls = scrolls
        self._front: list[Row] = []

    def over(self, update: CompositorUpdate, size: tuple[int, int]) -> CompositorUpdate:
        """``update`` of a screen of ``size`` columns and rows as what differs from the frame before.

        Anything but an update of the screen's cells is given back as it is, and the frame before is forgotten.
        """
        if isinstance(update, ChopsUpdate | LayoutUpdate):
            return _Differences(self, update, size)
        self.forget()
        return update

    def forget(self) -> None:
        """Take nothing for known: what is painted next is sent whole."""
        self._front = []

    def differences(self, update: ChopsUpdate | LayoutUpdate, size: tuple[int, int], colours: ColorSystem) -> str:
        """What to send so that ``update`` is on screen, which it is from then on taken to be."""
        width, height = size
        epoch = self._epoch()
        if epoch != self._seen or len(self._front) != height or (height and len(self._front[0]) != width):
            self._seen = epoch
            self._front = [[UNKNOWN] * width for _ in range(height)]
        changed: dict[int, Row] = {}
        for y, x, strip in _pieces(update):
            if 0 <= y < height:
                row = changed.setdefault(y, list(self._front[y]))
                cells = _cells(strip, colours)
                row[x : x + len(cells)] = cells[: max(0, width - x)]
        pen = _Pen()
        if self._scrolls:
            self._scroll(changed, pen)
        for y, row in sorted(changed.items()):
            before = self._front[y]
            if row != before:
                whole = not (_certain(before) and _certain(row))
                for start, end in _known(row) if whole else _runs(before, row):
                    pen.write(y, start, row[start:end])
                self._front[y] = row
        return pen.sent()

    def _scroll(self, changed: dict[int, Row], pen: _Pen) -> None:
        """Let the terminal move the rows that ``changed`` has at another height, where that spares enough."""
        band = _moved(self._front, changed)
        if band is None:
            return
        top, bottom, by = band
        pen.scroll(top, bottom, by)
        blank = [[UNKNOWN] * len(self._front[top]) for _ in range(abs(by))]
        kept = self._front[top + by : bottom + 1] if by > 0 else self._front[top : bottom + 1 + by]
        self._front[top : bottom + 1] = kept + blank if by > 0 else blank + kept


class _Differences(CompositorUpdate):
    """An update that says what differs from the frame before, worked out when it is sent and not before."""

    def __init__(self, painter: DiffPainter, update: ChopsUpdate | LayoutUpdate, size: tuple[int, int]) -> None:
        self._painter = painter
        self._update = update
        self._size = size

    def render_segments(self, console: Console) -> str:
        """What to send to the terminal."""
        return self._painter.differences(self._update, self._size, console._color_system or ColorSystem.TRUECOLOR)


class _Pen:
    """Collects what is sent, and knows where the terminal's cursor and colours are."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._style = ""
        self._at: tuple[int, int] | None = None

    def write(self, y: int, x: int, cells: Sequence[Cell]) -> None:
        """Write ``cells`` from column ``x`` of row ``y``, both counted from 0."""
        self._go(y, x)
        for style, run in groupby(cells, key=itemgetter(1)):
            self._colour(style)
            self._out.append("".join(sign for sign, _ in run))
        self._at = (y, x + len(cells))

    def scroll(self, top: int, bottom: int, by: int) -> None:
        """Move the rows from ``top`` to ``bottom``, both included, up by ``by`` rows; down where that is negative."""
        self._colour("")
        self._out.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{abs(by)}{'S' if by > 0 else 'T'}\x1b[r")
        self._at = None

    def sent(self) -> str:
        """All of it, with the colours left as they were found."""
        self._colour("")
        return "".join(self._out)

    def _go(self, y: int, x: int) -> None:
        if self._at == (y, x):
            return
        if self._at is not None and self._at[0] == y and x > self._at[1]:
            self._out.append(f"\x1b[{x - self._at[1]}C")
        else:
            self._out.append(f"\x1b[{y + 1};{x + 1}H")

    def _colour(self, style: str) -> None:
        if style != self._style:
            self._out.append(f"\x1b[0;{style}m" if style and self._style else f"\x1b[{style or '0'}m")
            self._style = style


def _pieces(update: ChopsUpdate | LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Row, column and cells of everything that an update paints, as Textual's own ``render_segments`` places it."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, left, right in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and x <= right and end > left:
                yield y, x, chop if end <= right else chop.crop(0, right - x)


def _cells(strip: Strip, colours: ColorSystem) -> Row:
    """The cells of ``strip``; a character without a width of its own stands in the cell of the one before."""
    cells: Row = []
    for text, style, control in strip:
        if control:
            continue
        told = _parameters(style, colours)
        if text.isascii():
            cells += [(sign, told) for sign in text]
            continue
        for sign in text:
            width = cell_len(sign)
            if width:
                cells += [(sign, told), ("", told)][:width]
            elif cells:
                at = -2 if cells[-1][0] == "" and len(cells) > 1 else -1
                cells[at] = (cells[at][0] + sign, cells[at][1])
    return cells


def _certain(row: Row) -> bool:
    """Whether every terminal takes each character of ``row`` for one cell."""
    return all((sign < FIRST_COMBINING and len(sign) == 1) or sign in _DRAWN for sign, _ in row)


def _parameters(style: Style | None, colours: ColorSystem) -> str:
    """The SGR parameters of ``style``; a hyperlink is left out: its text is shown as it is."""
    if style is None:
        return ""
    return style._ansi if style._ansi is not None else Strip.render_ansi(style, colours)


def _known(row: Row) -> Iterator[tuple[int, int]]:
    """First and behind the last column of each run of cells that can be sent: those that were painted."""
    at = 0
    for known, run in groupby(row, key=UNKNOWN.__ne__):
        length = len(list(run))
        if known:
            yield at, at + length
        at += length


def _runs(before: Row, after: Row) -> Iterator[tuple[int, int]]:
    """First and behind the last column of each run of cells that differs, with small gaps in it."""
    start = last = -1
    for x, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            if start >= 0 and (x - last > GAP or new == UNKNOWN):
                yield start, last + 1
                start = -1
            continue
        start, last = (x, x) if start < 0 else (start, x)
    if start >= 0:
        yield start, last + 1


def _moved(front: list[Row], changed: dict[int, Row]) -> tuple[int, int, int] | None:
    """First and last row of a band that moved, and by how many rows it moved up; ``None`` where none did."""
    if len(changed) < FEWEST:
        return None
    old = [hash(tuple(row[:-MARGIN])) for row in front]
    new = {y: hash(tuple(row[:-MARGIN])) for y, row in changed.items()}
    best: tuple[int, int, int] | None = None
    most = FEWEST - 1
    for by in (sign * rows for rows in range(1, FARTHEST + 1) for sign in (1, -1)):
        for first, last in _bands(y for y in new if 0 <= y + by < len(front) and new[y] == old[y + by]):
            spared = sum(new[y] != old[y] for y in range(first, last + 1))
            if spared > most:
                most = spared
                best = (min(first, first + by), max(last, last + by), by)
    if best is None or not all(y in changed for y in range(best[0], best[1] + 1)):
        return None
    return best


def _bands(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of neighbouring numbers."""
    start = last = -2
    for y in sorted(rows):
        if y != last + 1:
            if start >= 0:
                yield start, last
            start = y
        last = y
    if start >= 0:
        yield start, last


class PaintingApp(App[ReturnType]):
    """An app whose frames go through ``painter`` where there is one: ``App._display`` is what Textual shows them with.

    Where a later Textual has nothing of that name, frames are sent as they are.
    """

    painter: DiffPainter | None = None

    def paint_differences(self, wanted: bool, *, scrolls: bool = True) -> None:
        """From now on send only what differs from the frame before, or every frame as it is."""
        self.painter = DiffPainter(self._frames_lost, scrolls=scrolls) if wanted else None

    def _frames_lost(self) -> int:
        return getattr(self._driver, "epoch", 0)

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        if self.painter is not None and isinstance(renderable, CompositorUpdate):
            renderable = self.painter.over(renderable, (self.size.width, self.size.height))
        super()._display(screen, renderable)
