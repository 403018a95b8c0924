"""A picture of what a terminal in memory shows: an SVG, as Textual makes of an app."""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import groupby

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text


def picture(screen: pyte.Screen, title: str) -> str:
    """What ``screen`` shows now, with its colours."""
    console = Console(width=screen.columns, record=True, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    for y in range(screen.lines):
        line = Text(no_wrap=True, overflow="crop")
        cells = [screen.buffer[y][x] for x in range(screen.columns)]
        for style, alike in groupby(cells, _style):
            line.append("".join(cell.data for cell in alike), style)  # the second half of a wide sign is an empty cell
        console.print(line, crop=True)
    return console.export_svg(title=title)


def _style(cell: pyte.screens.Char) -> Style:
    front, back = (cell.bg, cell.fg) if cell.reverse else (cell.fg, cell.bg)
    return _made(front, back, cell.bold, cell.italics, cell.underscore)


@lru_cache
def _made(front: str, back: str, bold: bool, italic: bool, underline: bool) -> Style:
    return Style(color=_colour(front), bgcolor=_colour(back), bold=bold, italic=italic, underline=underline)


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    return f"#{name}" if len(name) == 6 and all(sign in "0123456789abcdef" for sign in name) else name
