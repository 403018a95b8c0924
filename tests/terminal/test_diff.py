"""The painter that sends differences shows what the plain one shows, in fewer bytes."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tavern_tui.ui.terminal.diff import DiffPainter
from tests.terminal.scrolling_screen import ScrollingScreen, ScrollingStream, looks

COLUMNS, ROWS = 24, 9
CONSOLE = Console(color_system="truecolor", force_terminal=True)
STYLES = [
    None,
    Style(),
    Style(color="#ff8800"),
    Style(bgcolor="#203040"),
    Style(bold=True, color="red"),
    Style(italic=True),
]
SIGNS = [*"abc xyz.…‹é漢字🙂", "e\u0301"]

Update = LayoutUpdate | ChopsUpdate


class Pair:
    """Two terminals: one is sent everything, the other what differs."""

    def __init__(self) -> None:
        self.epoch = 0
        self.painter = DiffPainter(lambda: self.epoch)
        self.whole, self.less = (ScrollingScreen(COLUMNS, ROWS) for _ in range(2))
        self._streams = [ScrollingStream(self.whole), ScrollingStream(self.less)]
        self.sent = 0

    def paint(self, update: Update) -> int:
        """Paint on both; how many bytes the second was sent."""
        # Textual's newline between two rows does nothing: the cursor is placed directly after it.
        self._streams[0].feed(update.render_segments(CONSOLE).replace("\n", "").encode())
        less = self.painter.over(update, (COLUMNS, ROWS)).render_segments(CONSOLE).encode()
        self._streams[1].feed(less)
        return len(less)

    def same(self) -> bool:
        """Whether both show the same."""
        return looks(self.whole) == looks(self.less)


def strip(text: str, style: Style | None = None) -> Strip:
    """A row of the screen's width that begins with ``text``; pyte would wrap a row that ends on a combined sign."""
    return Strip([Segment(text, style)]).crop(0, COLUMNS - 1).adjust_cell_length(COLUMNS, style)


def page(rows: list[Strip]) -> LayoutUpdate:
    """The whole screen."""
    return LayoutUpdate([[row] for row in rows], Region(0, 0, COLUMNS, ROWS))


def chops(rows: dict[int, tuple[int, Strip]]) -> ChopsUpdate:
    """A strip in each of some rows, from a column on, as the compositor gives them."""
    spans, mapping, ends = [], [], []
    for y in range(ROWS):
        x, piece = rows.get(y, (0, strip("")))
        mapping.append({x: piece})
        ends.append([x + piece.cell_length])
        if y in rows:
            spans.append((y, x, x + piece.cell_length))
    return ChopsUpdate(mapping, spans, ends)


texts = st.lists(st.sampled_from(SIGNS), max_size=COLUMNS).map("".join)
styled = st.builds(strip, texts, st.sampled_from(STYLES))
pieces = st.builds(
    lambda text, style, x: (x, Strip([Segment(text or "-", style)]).crop(0, COLUMNS - x)),
    texts,
    st.sampled_from(STYLES),
    st.integers(0, COLUMNS - 4),
)


def has_wide(row: Strip) -> bool:
    """Whether a sign of ``row`` takes two cells."""
    return any(cell_len(sign) > 1 for sign in row.text)


@st.composite
def frames(draw: st.DrawFn) -> list[Update | int]:
    """Whole screens, screens that moved up or down, pieces of rows, and moments at which a frame was lost."""
    rows = draw(st.lists(styled, min_size=ROWS, max_size=ROWS))
    told: list[Update | int] = [page(rows)]
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["moved", "pieces", "lost", "page"]))
        if kind == "moved":
            by = draw(st.integers(-4, 4))
            new = draw(st.lists(styled, min_size=abs(by), max_size=abs(by)))
            rows = [*rows[by:], *new] if by > 0 else [*new, *rows[: ROWS + by]]
            told.append(page(rows))
        elif kind == "page":
            rows = draw(st.lists(styled, min_size=ROWS, max_size=ROWS))
            told.append(page(rows))
        elif kind == "lost":
            told += [0, page(rows)]
        else:
            some = draw(st.dictionaries(st.integers(0, ROWS - 1), pieces, min_size=1, max_size=3))
            # Textual never paints half of a wide sign: a row that has one is painted from its beginning.
            some = {y: (0, draw(styled)) if has_wide(rows[y]) else piece for y, piece in some.items()}
            told.append(chops(some))
            rows = list(rows)
            for y, (x, piece) in some.items():
                rows[y] = Strip.join([rows[y].crop(0, x), piece, rows[y].crop(x + piece.cell_length)])
    return told


@settings(max_examples=60, deadline=None)
@given(frames())
def test_both_painters_show_the_same_whatever_is_painted(told: list[Update | int]) -> None:
    pair = Pair()
    for update in told:
        if isinstance(update, int):
            pair.epoch += 1
            pair.less.reset()
            pair.whole.reset()
        else:
            pair.paint(update)
    assert pair.same()


def test_a_word_costs_its_letters() -> None:
    pair = Pair()
    pair.paint(page([strip(f"This is row {y}") for y in range(ROWS)]))
    assert pair.paint(chops({4: (0, strip("This is row 4 and more"))})) <= len("\x1b[5;14H") + len(" and more")
    assert pair.same()


def test_a_screen_that_is_painted_again_costs_nothing() -> None:
    pair = Pair()
    rows = [strip(f"This is row {y}", Style(color="red")) for y in range(ROWS)]
    assert pair.paint(page(rows)) > 0
    assert pair.paint(page(rows)) == 0


def test_a_chat_that_scrolls_by_a_line_costs_that_line() -> None:
    pair = Pair()
    rows = [strip(f"This is row {y}") for y in range(ROWS + 1)]
    pair.paint(page(rows[:ROWS]))
    assert pair.paint(page(rows[1:])) < 2 * COLUMNS
    assert pair.same()


def test_where_rows_may_not_be_moved_each_is_sent() -> None:
    pair = Pair()
    pair.painter = DiffPainter(lambda: 0, scrolls=False)
    rows = [strip(f"{y} is this row") for y in range(ROWS + 1)]
    pair.paint(page(rows[:ROWS]))
    assert pair.paint(page(rows[1:])) < 15 * ROWS
    assert pair.same()


def test_a_row_with_wide_signs_is_sent_whole_as_long_as_they_stand_and_once_more_when_they_go() -> None:
    pair = Pair()
    pair.paint(page([strip("漢字 and 🙂 here"), *[strip("row") for _ in range(ROWS - 1)]]))
    assert pair.paint(chops({0: (0, strip("漢字 and 🙂 there"))})) >= COLUMNS
    assert pair.paint(chops({0: (0, strip("only letters now"))})) >= COLUMNS
    assert pair.paint(chops({0: (0, strip("only letters here"))})) < COLUMNS
    assert pair.same()


def test_after_a_lost_frame_nothing_is_taken_for_known() -> None:
    pair = Pair()
    rows = [strip(f"This is row {y}") for y in range(ROWS)]
    whole = pair.paint(page(rows))
    pair.epoch += 1
    assert pair.paint(page(rows)) == whole


def test_the_screen_in_memory_moves_its_rows_as_a_terminal_does() -> None:
    screen = ScrollingScreen(4, 4)
    ScrollingStream(screen).feed(b"a\r\nb\r\nc\r\nd\x1b[2;4r\x1b[1S\x1b[r")
    assert [line.strip() for line in screen.display] == ["a", "c", "d", ""]
    ScrollingStream(screen).feed(b"\x1b[1;3r\x1b[1T\x1b[r")
    assert [line.strip() for line in screen.display] == ["", "a", "c", ""]
    assert isinstance(screen, pyte.Screen)
