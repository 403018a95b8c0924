"""The rows of a list and the lines that they take, at a width in cells. Pure; ``row_list`` shows them.

A row has a title, something short at its right, and a detail below. A row that ``wraps`` shows all of its words on as
many lines as they need; the others are cut, so that their height does not depend on the width.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from rich.cells import cell_len, set_cell_size

from tavern_tui.domain.display import safe
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, Glyphs

MARGIN = 2
"""Cells before a title, where the selected row has its mark."""

BEFORE_BAR = 1
"""Cells between a row and the scroll bar."""

INDENT = 2
"""Cells by which a detail stands further in than its title."""

GAP = 2
"""Cells at least between a title and what stands at its right."""

_PLAIN = str.maketrans(
    {"…": "...", "·": "-", "–": "-", "—": "-", "−": "-", "↑": "Up", "↓": "Down", "←": "Left", "→": "Right", "×": "x"}
    | {"“": '"', "”": '"', "‘": "'", "’": "'"}
)


class Tone(Enum):
    """What a stretch of a line is; the values name the widget's component classes."""

    TITLE = "row-list--title"
    MUTED = "row-list--muted"
    MARK = "row-list--mark"


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row. Its texts may be anybody's: they are made safe where they are shown, each on one line.

    ``id`` tells it from the others. ``muted``: not usable now.

    ``head`` stands on a line above it and is no part of what is selected: the heading of the rows that begin here.
    A ``heading`` names the rows that follow, and is no row to choose.
    ``found`` are stretches of the detail (characters) that stand out in it; not in a row that wraps.
    """

    id: str
    title: str
    right: str = ""
    detail: str = ""
    wraps: bool = False
    muted: bool = False
    head: str = ""
    heading: bool = False
    found: tuple[tuple[int, int], ...] = ()


Run = tuple[str, Tone]
Line = tuple[Run, ...]


def plain(text: str, glyphs: Glyphs) -> str:
    """``text`` as the terminal can show it: with ASCII for our own signs where it has no others."""
    return text.replace("↑↓", "↑/↓").replace("←→", "←/→").translate(_PLAIN) if glyphs is ASCII_GLYPHS else text


def cut(text: str, width: int, dots: str) -> str:
    """``text`` in at most ``width`` cells, ending in ``dots`` where something is left out."""
    if cell_len(text) <= width:
        return text
    room = width - len(dots)
    return set_cell_size(text, room).rstrip() + dots if room > 0 else dots[: max(0, width)]


def filled(text: str, width: int, glyphs: Glyphs) -> list[str]:
    """``text`` on lines of ``width`` cells that end, where they can, between two of the things that a dot divides."""
    dot = f" {glyphs.dot} "
    lines: list[str] = []
    for piece in text.split(" · "):
        shown = plain(piece, glyphs)
        if lines and cell_len(lines[-1] + dot + shown) <= width:
            lines[-1] += dot + shown
        else:
            lines += [shown[start:end] for start, end in wrap.lines(shown, width)]
    return lines


def row_height(row: ListRow, width: int) -> int:
    """The lines that ``row`` takes at ``width`` cells."""
    head = 1 if row.head else 0
    if not row.wraps:
        return head + (2 if row.detail else 1)
    row, room = _harmless(row), _room(width)
    return (
        head
        + wrap.height(row.title, room)
        + (0 if not row.right or _beside(row, room) else wrap.height(row.right, _inner(room)))
        + (wrap.height(row.detail, _inner(room)) if row.detail else 0)
    )


def row_lines(row: ListRow, width: int, dots: str) -> list[Line]:
    """The lines of ``row`` at ``width`` cells, the margin left out; ``row_height`` of them."""
    row = _harmless(row)
    if row.head:
        return [((cut(row.head, _room(width), dots), Tone.MARK),), *row_lines(replace(row, head=""), width, dots)]
    room = _room(width)
    tone = Tone.MARK if row.heading else Tone.MUTED if row.muted else Tone.TITLE
    if not row.wraps:
        right = cut(row.right, room // 2, dots)
        title = cut(row.title, room - cell_len(right) - (GAP if right else 0), dots)
        first = _spread(title, right, room, tone)
        return [first, _inset(cut(row.detail, _inner(room), dots), row.found)] if row.detail else [first]
    titles = _wrapped(row.title, room)
    lines: list[Line] = [((title, tone),) for title in titles]
    if row.right and _beside(row, room):
        lines[0] = _spread(titles[0], row.right, room, tone)
    elif row.right:
        lines += [_inset(text) for text in _wrapped(row.right, _inner(room))]
    if row.detail:
        lines += [_inset(text) for text in _wrapped(row.detail, _inner(room))]
    return lines


def _harmless(row: ListRow) -> ListRow:
    """``row`` with nothing in it that drives a terminal or ends a line."""
    texts = (row.title, row.right, row.detail, row.head)
    if all(map(str.isprintable, texts)):
        return row
    title, right, detail, head = (safe(text).replace("\n", " ").replace("\t", " ") for text in texts)
    return replace(row, title=title, right=right, detail=detail, head=head)


def _room(width: int) -> int:
    return max(wrap.NARROWEST + INDENT, width - MARGIN - BEFORE_BAR)


def _inner(room: int) -> int:
    return room - INDENT


def _beside(row: ListRow, room: int) -> bool:
    """Whether title and right stand on one line."""
    return cell_len(row.title) + GAP + cell_len(row.right) <= room


def _wrapped(text: str, width: int) -> list[str]:
    """``text`` on lines; a dot between two things is left out where a line ends."""
    lines = [text[start:end] for start, end in wrap.lines(text, width)]
    return [line.removesuffix(" ·").removesuffix(" -") for line in lines[:-1]] + lines[-1:]


def _spread(title: str, right: str, room: int, tone: Tone) -> Line:
    if not right:
        return ((title, tone),)
    return ((title, tone), (" " * (room - cell_len(title) - cell_len(right)), tone), (right, Tone.MUTED))


def _inset(text: str, found: tuple[tuple[int, int], ...] = ()) -> Line:
    runs: list[Run] = [(" " * INDENT, Tone.MUTED)]
    done = 0
    for start, end in found:
        runs += [(text[done:start], Tone.MUTED), (text[start:end], Tone.MARK)]
        done = end
    return tuple(run for run in (*runs, (text[done:], Tone.MUTED)) if run[0])
