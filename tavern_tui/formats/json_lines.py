"""JSON of other programs' chats: lines, each a value, a damaged one costing itself alone; and whole files of it.

What is bounded here beyond ``json_text``: the number of lines and of values, before any is made. Our own log's lines
are ``chatlog``'s business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.json_text import MAX_BYTES, bounded_json, encoded_json, read_json

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line: a picture inside a message fits."""

MAX_DEPTH = 40
"""Levels of a line's value: a fact of a turn has to fit into the chat log, whose records have 64."""

MAX_LINES = 250_000
MAX_VALUES = 1_500_000
"""Values of one line or whole file, by its commas and brackets: a value takes some hundred bytes of memory."""

_LONG = 1024 * 1024  # bytes from which on values are counted
_LINE = re.compile(rb"[^\n]+")
_BLANKS = b" \t\r\x00\xef\xbb\xbf"


def read_lines(data: bytes, name: str) -> tuple[list[tuple[int, Any]], list[Remark]]:
    """Every line's number (from 1) and value, and what is to be told of lines that could not be read.

    Raises ``FormatError`` for a file that is larger or has more lines than is read.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"The file has {len(data):,} bytes; {MAX_BYTES:,} are read at most.", where=name)
    if (count := data.count(b"\n")) > MAX_LINES:
        raise FormatError(f"The file has {count:,} lines; {MAX_LINES:,} are read at most.", where=name)
    values: list[tuple[int, Any]] = []
    remarks: list[Remark] = []
    for number, line in _lines(data):
        try:
            values.append((number, read_line(line)))
        except FormatError as fault:
            remarks.append(Remark(f"line {number}", f"left out: {fault.title}"))
    return values, remarks


def first_value(data: bytes, tries: int = 8) -> Any:
    """The value of the first line that can be read, among the first ``tries``; ``None`` where there is none."""
    for place, (_, line) in enumerate(_lines(data)):
        try:
            return read_line(line)
        except FormatError:
            if place + 1 >= tries:
                return None
    return None


def read_line(line: bytes) -> Any:
    """The value of one line, bounded as ``json_text`` does it. Raises ``FormatError``."""
    if len(line) > MAX_LINE:
        raise FormatError(f"The line has {len(line):,} bytes; {MAX_LINE:,} are read at most.")
    _check_count(line)
    if line.count(b"[") + line.count(b"{") > MAX_DEPTH:
        return read_json(line, max_depth=MAX_DEPTH, strict=False)
    try:
        return bounded_json(line.decode())
    except (ValueError, RecursionError):
        return read_json(line, max_depth=MAX_DEPTH, strict=False)  # says in which column, and why


def read_whole(data: bytes, name: str) -> Any:
    """The value of a whole file, bounded in bytes, depth and number of values. Raises ``FormatError``."""
    _check_count(data, name)
    return read_json(data, where=name, max_depth=MAX_DEPTH, strict=False)


def write_line(value: Any) -> bytes:
    """``value`` as a line of UTF-8 without its newline. Raises ``FormatError`` where JSON has no words for it."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"This cannot be written as JSON ({error}).") from None
    return encoded_json(text)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines with something in them, one at a time: a long file is not held twice."""
    number, before = 1, 0
    for found in _LINE.finditer(data):
        number += data.count(b"\n", before, found.start())
        before = found.start()
        line = found[0].strip(_BLANKS)
        if line:
            yield number, line


def _check_count(data: bytes, name: str = "") -> None:
    if len(data) > _LONG and sum(data.count(sign) for sign in (b",", b"[", b"{")) > MAX_VALUES:
        raise FormatError(f"It holds more than the {MAX_VALUES:,} values that are read.", where=name)
