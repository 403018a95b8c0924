"""The only place where the command line writes: everything passes ``display.safe`` on its way out.

Results go to stdout, everything about them to stderr. A terminal that cannot show a character gets a substitute; a
reader that went away (a closed pipe, a hung-up line) never stops a reply: see ``Printer``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from tavern_tui.domain.display import safe, safe_line


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


class Printer:
    """Writes a growing text to stdout piece by piece, and survives a stdout that has gone away.

    ``gone`` is true once writing failed; later writes do nothing, so that the reply is still finished and saved.
    """

    def __init__(self) -> None:
        self.gone = False

    def write(self, text: str) -> None:
        """Write ``text``, unless nobody reads any more."""
        if self.gone:
            return
        try:
            write(text)
        except OSError:
            self.gone = True
            silence_stdout()


def silence_stdout() -> None:
    """Point stdout at nothing: the interpreter flushes at exit and would complain about a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
