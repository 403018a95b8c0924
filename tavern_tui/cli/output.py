"""The only place where the command line writes: everything passes ``display.safe`` on its way out.

Results go to stdout, everything about them to stderr. A terminal that cannot show a character gets a substitute; a
reader that went away (a closed pipe, a hung-up line) never stops a reply: see ``Printer``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from tavern_tui.domain.display import safe, safe_line

_WORDS = re.compile(r"(\s*)(\S*)")


def write(text: str, stream: TextIO | None = None) -> None:
    """Write untrusted ``text`` as it is but safe, without adding a newline; flushes."""
    out: TextIO = sys.stdout if stream is None else stream
    shown = safe(text)
    encoding = out.encoding or "utf-8"
    out.write(shown.encode(encoding, "replace").decode(encoding))
    out.flush()


def line(text: str = "") -> None:
    """One line of result to stdout."""
    write(text + "\n")


def note(text: str) -> None:
    """One line about the result to stderr."""
    write(text + "\n", sys.stderr)


def progress_on_one_line(text: str) -> bool:
    """Show ``text`` in place of the last such text, on stderr; whether stderr is a terminal that can."""
    if not sys.stderr.isatty():
        return False
    if text:
        sys.stderr.write("\r")
        write(text, sys.stderr)
    return True


def data(value: Any) -> None:
    """``value`` as JSON to stdout: ASCII with every control character escaped (JSON itself lets DEL through)."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n")
    sys.stdout.flush()


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Aligned columns to stdout; each cell is made one safe line first."""
    cells = [[safe_line(cell) for cell in row] for row in ([header, *rows] if header else rows)]
    if not cells:
        return
    widths = [max(_width(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        line("  ".join(padded).rstrip())


def _width(text: str) -> int:
    """Columns that ``text`` takes in a terminal."""
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


class WordWrap:
    """Breaks a text that comes in pieces before words that would cross ``width`` columns; 0 breaks nothing.

    Pieces end at the ends of words.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._column = 0

    def feed(self, text: str) -> str:
        """``text`` with line breaks in place of the blanks where it would not fit."""
        if not self._width:
            return text
        out: list[str] = []
        for blanks, word in _WORDS.findall(text):
            before, wide = blanks, _width(word)
            if "\n" in blanks:
                self._column = _width(blanks.rpartition("\n")[2])
            elif word and self._column and self._column + len(blanks) + wide > self._width:
                before, self._column = "\n", 0
            else:
                self._column += len(blanks)
            self._column += wide
            out += (before, word)
        return "".join(out)


class Printer:
    """Writes a growing text to stdout piece by piece, and survives a stdout that has gone away.

    On a terminal, lines are broken between words. ``gone`` is true once writing failed; later writes do nothing, so
    that the reply is still finished and saved.
    """

    def __init__(self) -> None:
        self.gone = False
        self._wrap = WordWrap(shutil.get_terminal_size().columns if sys.stdout.isatty() else 0)

    def write(self, text: str) -> None:
        """Write ``text``, unless nobody reads any more."""
        if self.gone:
            return
        try:
            write(self._wrap.feed(safe(text)))
        except OSError:
            self.gone = True
            silence_stdout()


def silence_stdout() -> None:
    """Point stdout at nothing: the interpreter flushes at exit and would complain about a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
