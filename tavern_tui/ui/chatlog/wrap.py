"""Wrapping at words: where the lines of a text begin, at a width in cells.

The breaks are those of Textual's own wrapping (greedy; a word longer than a line is cut; the blanks after a word stay
with it), so that a text looks the same in the log and in any other widget. Prose in one-cell characters takes a path
by ``str.rfind``; wide characters, combining marks and joined emoji are measured with Rich's cell tables. Widths are at
least ``NARROWEST``: a wide character must fit. Knows nothing of markup or styles.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells

NARROWEST = 2
# Characters that are one cell wide everywhere and of which only the space is a blank: Latin, Greek and Cyrillic
# letters, dashes, quotation marks, the ellipsis. Anything else goes the measured way.
_MEASURED = re.compile("[^ -~¡-¬®-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u203a]")
_WORD = re.compile(r"\s*\S+\s*")


def height(text: str, width: int) -> int:
    """Lines that ``text`` (with newlines) takes at ``width`` cells. An empty text takes one."""
    return sum(len(breaks(line, width)) + 1 if line else 1 for line in text.split("\n"))


def lines(text: str, width: int) -> list[tuple[int, int]]:
    """The lines of ``text`` at ``width`` cells, as (start, end) offsets in characters; blanks at their ends are out."""
    found: list[tuple[int, int]] = []
    start = 0
    for paragraph in text.split("\n"):
        begin = 0
        for stop in (*breaks(paragraph, width), len(paragraph)):
            found.append((start + begin, start + begin + len(paragraph[begin:stop].rstrip())))
            begin = stop
        start += len(paragraph) + 1
    return found


def breaks(line: str, width: int) -> list[int]:
    """Offsets (characters) in ``line``, which holds no newline, at which its second and later lines begin."""
    if not _plain(line):
        return _breaks(line, width)
    return _breaks_plain(line, width) if len(line) > width else []


def _plain(text: str) -> bool:
    """Whether every character is one cell wide and every blank a space."""
    return (text.isascii() and text.isprintable()) or _MEASURED.search(text) is None


def _breaks_plain(line: str, width: int) -> list[int]:
    """As ``_breaks``, where a character is a cell; hands lines over that hold a word longer than the width."""
    found: list[int] = []
    bare = len(line.rstrip())
    start = 0
    first_word = len(line) - len(line.lstrip())
    while bare - start > width:
        blank = line.rfind(" ", max(start, first_word), start + width + 1)
        if blank < 0:
            return _breaks(line, width)
        start = blank + 1
        while line[start] == " ":
            start += 1
        found.append(start)
    return found


def _breaks(line: str, width: int) -> list[int]:
    found: list[int] = []
    used = 0
    for match in _WORD.finditer(line):
        start, word = match.start(), match.group()
        needed = cell_len(word.rstrip())
        if needed <= width - used:
            used += cell_len(word)
            continue
        if needed <= width:
            found.append(start)
            used = cell_len(word)
            continue
        for piece in chop_cells(word, width):
            if start:
                found.append(start)
            start += len(piece)
            used = cell_len(piece)
    return found
