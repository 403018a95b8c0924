"""The only place where the command line writes: everything passes ``display.safe`` on its way out.

Results go to stdout, everything about them to stderr. A terminal that cannot show a character gets a substitute; a
reader that went away (a closed pipe, a hung-up line) or a terminal that stands still never stops a reply: see
``written_aside`` and ``Printer``. A reader that went away has what it wanted; a result that cannot be written for
another reason (a full disk) is told, as ``StorageError``.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from tavern_tui.cli.writer import OutputWriter
from tavern_tui.domain.display import safe, safe_line

if TYPE_CHECKING:
    from tavern_tui.domain.errors import StorageError

_WORDS = re.compile(r"(\s*)(\S*)")
_GAP = "  "
_LEAST = 8  # columns that a cell keeps, however narrow the terminal is
_GONE = frozenset({errno.EPIPE, errno.EIO, errno.ECONNRESET})  # EIO: a terminal that hung up
_aside: list[OutputWriter] = []  # the one in use, while there is one


class ReaderGoneError(OSError):
    """Nobody reads what was to be written: no fault of anybody's."""


@contextmanager
def written_aside() -> Iterator[None]:
    """While inside, nothing that is written waits for the terminal: a thread writes it, in order.

    Leaving waits until all of it is out, but only briefly after ``wait_no_longer``. A stream that refuses is given up.
    Raises ``StorageError`` at the end where that was stdout, and not because its reader had gone.
    """
    streams = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.flush()
    writer = OutputWriter()
    _aside.append(writer)
    try:
        yield
    finally:
        written = False
        try:
            written = writer.finish()
        finally:
            _aside.remove(writer)
            for stream in streams:
                if not written or writer.refusal(stream.fileno()):
                    silence(stream)
    refused = writer.refusal(streams[0].fileno())
    if refused is not None and not is_gone(refused):
        raise unwritten(refused)


def is_gone(error: BaseException | None) -> bool:
    """Whether a write was refused because nobody reads any more."""
    return isinstance(error, OSError) and error.errno in _GONE


def unwritten(error: OSError) -> StorageError:
    """The message for a stdout that takes nothing, though somebody may read it."""
    from tavern_tui.domain.errors import StorageError

    reason = (error.strerror or "no reason given").lower()
    return StorageError(f"The result could not be written to stdout ({reason}).")


def wait_no_longer() -> None:
    """The line was hung up, or the program is to end: a terminal that stands still is not waited for."""
    for writer in _aside:
        writer.hurry()


def write(text: str, stream: TextIO | None = None) -> None:
    """Write untrusted ``text`` as it is but safe, without adding a newline; flushes.

    Raises ``ReaderGoneError`` where nobody reads ``stream`` any more, ``StorageError`` where stdout refuses otherwise.
    """
    _put(safe(text), sys.stdout if stream is None else stream)


def line(text: str = "") -> None:
    """One line of result to stdout."""
    write(text + "\n")


def note(text: str) -> None:
    """One line about the result to stderr; nothing where nobody reads that any more."""
    try:
        write(text + "\n", sys.stderr)
    except ReaderGoneError:
        pass


def progress_on_one_line(text: str) -> bool:
    """Show ``text`` in place of the last such text, on stderr; whether stderr is a terminal that can."""
    if not sys.stderr.isatty():
        return False
    try:
        if text:
            _put("\r" + safe(text), sys.stderr)
    except ReaderGoneError:
        return False
    return True


def data(value: Any) -> None:
    """``value`` as JSON to stdout: ASCII with every control character escaped (JSON itself lets DEL through)."""
    _put(_json(value, indent=2), sys.stdout)


def record(value: Any) -> None:
    """``value`` as JSON on one line of stdout, for a result that goes on."""
    _put(_json(value, indent=None), sys.stdout)


def _json(value: Any, *, indent: int | None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n"


def _put(shown: str, stream: TextIO) -> None:
    """Write what is safe to show, now or aside. Raises as ``write`` does, and only where it is written now."""
    encoding = stream.encoding or "utf-8"
    encoded = shown.encode(encoding, "replace")
    if _aside:
        _aside[-1].put(stream.fileno(), encoded)
        return
    try:
        stream.write(encoded.decode(encoding))
        stream.flush()
    except OSError as error:
        silence(stream)
        if stream is sys.stdout and not is_gone(error):
            raise unwritten(error) from error
        raise ReaderGoneError(error.errno, error.strerror) from error


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = (), right: Sequence[int] = ()) -> None:
    """Aligned columns to stdout; each cell is made one safe line first. The columns ``right`` end on one line.

    On a terminal the widest columns are cut so that a row stays on one line; elsewhere every cell is whole.
    """
    cells = [[safe_line(cell) for cell in row] for row in ([header, *rows] if header else rows)]
    if not cells:
        return
    widths = [max(_width(row[i]) for row in cells) for i in range(len(cells[0]))]
    if room := columns():
        widths = _fitted(widths, room)
    for row in cells:
        padded = [
            _padded(cell, width, right=place in right)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line(_GAP.join(padded).rstrip())


def _fitted(widths: list[int], columns: int) -> list[int]:
    """``widths`` taken from the widest until all fit ``columns`` with the gaps between them, down to a few each."""
    fitted = list(widths)
    room = columns - len(_GAP) * (len(widths) - 1)
    while sum(fitted) > room and max(fitted) > _LEAST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _padded(cell: str, width: int, *, right: bool = False) -> str:
    """``cell`` as wide as ``width``: with blanks behind it (before it: ``right``), or cut where it is wider."""
    if _width(cell) > width:
        while _width(cell) >= width:
            cell = cell[:-1]
        cell += "…"
    blanks = " " * (width - _width(cell))
    return blanks + cell if right else cell + blanks


def columns() -> int:
    """The width of the terminal that stdout is; 0 where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _width(text: str) -> int:
    """Columns that ``text`` takes in a terminal: none for marks that join the character before them."""
    from unicodedata import category, east_asian_width

    joining = ("Mn", "Me", "Cf")
    return sum(0 if category(c) in joining else 2 if east_asian_width(c) in "WF" else 1 for c in text)


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
        self._wrap = WordWrap(columns())

    def write(self, text: str) -> None:
        """Write ``text``, unless nobody reads any more."""
        if self.gone:
            return
        try:
            write(self._wrap.feed(safe(text)))
        except ReaderGoneError:
            self.gone = True


def silence(stream: TextIO) -> None:
    """Point ``stream`` at nothing: the interpreter flushes at exit and would complain about a closed pipe."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
