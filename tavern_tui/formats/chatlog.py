"""The chat log's lines, to ``ChatEvent`` and back.

A log is JSON Lines in UTF-8: one event, one line, compact, with short keys, so that ten thousand turns stay near the
size of their text and a look with ``less`` or ``grep`` still tells what was said. Files, locks and the order of writing
belong to ``storage.chats``; what the events mean to ``domain.chat``. The keys of each kind are the table in
``chatlog_fields``.

Header keys: ``i`` id, ``w`` writer, ``l`` Lamport number, ``t`` time (whole Unix seconds), ``k`` kind, ``h`` parents
(left out where a turn follows its parent turn directly), ``f`` format and ``v`` program version (left out in format 1,
but always there in a chat's first event). Defaults are left out. Unknown keys and kinds are kept and written back.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain import messages
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import ChatEvent, ChatStarted, TurnAdded, Unknown
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.formats.chatlog_fields import KIND_OF, KINDS, Unreadable, read_body, write_body

FORMAT = 1
"""The version of the log's format that this program writes, and the newest that it may append to."""

_HEADER = frozenset({"i", "w", "l", "t", "k", "h", "f", "v"})
_RECORD_START = '{"i":"'  # cannot stand inside a JSON string, where its quotes would be escaped
_MOST_TRIES = 64  # starts of records tried in one damaged line before its rest is given up
_MAX_DEPTH = 64
_MAX_LAMPORT = 2**53
_MAX_ID = 64
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class LogProblem:
    """Bytes of a log that tell no event. ``line`` counts from 1; ``offset`` and ``length`` are in bytes of the file."""

    line: int
    offset: int
    length: int
    what: str

    def __str__(self) -> str:
        """The problem as a person reads it."""
        return f"line {self.line} (byte {self.offset}): {self.what}"


def encode(event: ChatEvent) -> bytes:
    """The line of ``event``, without a newline.

    Time and milliseconds are rounded to whole numbers. Raises ``FormatError`` where the line could not be read back.
    """
    if isinstance(event.body, Unknown) and event.body.data:
        return to_line(dict(event.body.data))
    record = _header(event)
    if isinstance(event.body, Unknown):
        record["k"] = event.body.kind
    else:
        write_body(event.body, record)
    record.update(event.extra)
    if not 0 <= event.lamport < _MAX_LAMPORT or not 0 < len(event.id) <= _MAX_ID or _depth_over(record, _MAX_DEPTH):
        raise FormatError("This event cannot be written to the chat log: it is numbered or nested beyond any reading.")
    return to_line(record)


def to_line(record: dict[str, Any]) -> bytes:
    """``record`` as one line of UTF-8 JSON without a newline; lone surrogates are escaped.

    Raises ``FormatError`` for values that JSON does not have.
    """
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError("The chat log can hold texts, numbers, lists and tables only.", hint=str(error)) from error
    if _SURROGATE.search(text):
        text = _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    return text.encode("utf-8")


def decode_log(data: bytes, *, first_line: int = 1, first_offset: int = 0) -> tuple[list[ChatEvent], list[LogProblem]]:
    """Every event that ``data`` tells, in its order, and what could not be read.

    Torn lines, NUL bytes, bytes that are no UTF-8, foreign or hostile JSON cost only themselves: records before and
    after survive, also a whole record glued to the end of a torn one. ``first_line`` and ``first_offset`` say where in
    the file ``data`` begins.
    """
    events: list[ChatEvent] = []
    problems: list[LogProblem] = []
    offset = first_offset
    for number, line in enumerate(data.split(b"\n"), start=first_line):
        try:
            if line.strip():
                events.append(_decode_line(line))
        except Unreadable as reason:
            problems.append(LogProblem(number, offset, len(line), str(reason)))
            if isinstance(reason, _Torn):
                events.extend(_salvage(line))
        offset += len(line) + 1
    return events, problems


def newer_format(found: ChatEvent, ours: str) -> FormatError:
    """Why a log with ``found``, an event of a later format, is not written to; ``ours`` is this program's version."""
    wording = messages.newer_format("chat", found.program or "a later version", found.format, ours, FORMAT)
    return FormatError(wording.title, hint=wording.hint)


class _Torn(Unreadable):
    """A line is not one JSON value; whole records may still stand in it."""


def _header(event: ChatEvent) -> dict[str, Any]:
    record: dict[str, Any] = {"i": event.id, "w": event.writer, "l": event.lamport, "t": round(event.at)}
    if event.format != 1 or isinstance(event.body, ChatStarted):
        record["f"] = event.format
    if event.program:
        record["v"] = event.program
    if event.parents != _implied_parents(event.body):
        record["h"] = event.parents[0] if len(event.parents) == 1 else list(event.parents)
    if not isinstance(event.body, Unknown):
        record["k"] = KIND_OF[type(event.body)]
    return record


def _implied_parents(body: object) -> tuple[str, ...]:
    return (body.parent,) if isinstance(body, TurnAdded) and body.parent else ()


def _decode_line(line: bytes) -> ChatEvent:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Torn(f"bytes that are no UTF-8 from byte {error.start} of the line on") from error
    try:
        record = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise Unreadable("nested too deep") from error
    except ValueError as error:
        raise _Torn(_why_not_json(line)) from error
    return _decode_record(record)


def _why_not_json(line: bytes) -> str:
    nul = line.count(b"\0")
    if nul:
        return f"{nul} NUL bytes, as a power cut or a full disk leaves them"
    return "torn, or not a record" if line.startswith(b"{") else "not a record"


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


def _decode_record(record: Any) -> ChatEvent:
    if not isinstance(record, dict):
        raise Unreadable("not a record")
    identity, writer, lamport, kind = record.get("i"), record.get("w"), record.get("l"), record.get("k")
    if not isinstance(identity, str) or not 0 < len(identity) <= _MAX_ID:
        raise Unreadable("no event id (i)")
    if not isinstance(writer, str) or not isinstance(kind, str):
        raise Unreadable("no writer (w) or kind (k)")
    if type(lamport) is not int or not 0 <= lamport < _MAX_LAMPORT:
        raise Unreadable("no usable Lamport number (l)")
    written_in = record.get("f", 1)
    newer = type(written_in) is int and written_in > FORMAT
    if _depth_over(record, _MAX_DEPTH):
        raise Unreadable("nested too deep")
    try:
        return _decode_known(record, kind)
    except Unreadable:
        if not newer:
            raise
    # A later version may have given a known key another meaning; the record is kept for it.
    program = record.get("v")
    return ChatEvent(
        identity,
        writer,
        lamport,
        Unknown(kind, record),
        format=written_in,
        program=program if isinstance(program, str) else "",
    )


def _decode_known(record: dict[str, Any], kind: str) -> ChatEvent:
    at, written_in, program = record.get("t", 0), record.get("f", 1), record.get("v", "")
    if (
        type(at) not in (int, float)
        or not abs(at) < _MAX_LAMPORT
        or type(written_in) is not int
        or not isinstance(program, str)
    ):
        raise Unreadable("time (t), format (f) or version (v) of another type")
    known = KINDS.get(kind)
    body = Unknown(kind, record) if known is None else read_body(known, record)
    extra = {} if known is None else {key: record[key] for key in record.keys() - _HEADER - known.keys}
    if known is not None and (longer := known.longer(record)):
        extra |= longer
    heads = record.get("h")
    if heads is None:
        parents = _implied_parents(body)
    elif isinstance(heads, str):
        parents = (heads,)
    elif isinstance(heads, list) and all(isinstance(head, str) for head in heads):
        parents = tuple(heads)
    else:
        raise Unreadable("parents (h) of another type")
    return ChatEvent(
        record["i"], record["w"], record["l"], body, parents, float(at), written_in, program, extra or EMPTY
    )


def _depth_over(value: Any, limit: int) -> bool:
    """Whether lists and tables are nested in ``value`` more than ``limit`` deep."""
    level = [value]
    for _ in range(limit + 1):
        level = list(_inner(level))
        if not level:
            return False
    return True


def _inner(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, dict):
            yield from (item for item in value.values() if isinstance(item, dict | list | tuple))
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, dict | list | tuple))


def _salvage(line: bytes) -> list[ChatEvent]:
    """Whole records inside a damaged line: behind a torn one, before NUL bytes, or two without a newline between."""
    text = line.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
    events = []
    start, tries = text.find(_RECORD_START), 0
    while start >= 0 and tries < _MOST_TRIES:
        try:
            record, end = decoder.raw_decode(text, start)
            if _SURROGATE.search(text, start, end):  # bad bytes, smuggled through as surrogates
                raise Unreadable("bytes that are no UTF-8")
            events.append(_decode_record(record))
        except (ValueError, RecursionError, Unreadable):
            tries += 1
            end = start + 1
        start = text.find(_RECORD_START, end)
    return events
