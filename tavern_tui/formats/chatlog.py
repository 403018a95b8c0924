"""The chat log's lines, to ``ChatEvent`` and back.

A log is JSON Lines in UTF-8: one event, one line, compact, with short keys, so that ten thousand turns stay near the
size of their text and a look with ``less`` or ``grep`` still tells what was said. Files, locks and the order of writing
belong to ``storage.chats``; what the events mean to ``domain.chat``. The keys of each kind are the table in
``chatlog_fields``.

Header: ``e`` is the event (id, writer, Lamport number, time in whole Unix seconds) and stands first, ``k`` is its kind,
``h`` its parents (left out where a turn follows its parent turn directly), ``f`` format and ``v`` program version (left
out in format 1, but always there in a chat's first event). Defaults are left out. Unknown keys and kinds are kept and
written back.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain import messages
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Body, ChatEvent, ChatStarted, TurnAdded, Unknown
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.formats.chatlog_fields import KIND_OF, KINDS, Unreadable, read_body, unknown_fields, write_body
from tavern_tui.formats.json_text import encoded_json

FORMAT = 1
"""The version of the log's format that this program writes, and the newest that it may append to."""

_RECORD_START = '{"e":["'  # cannot stand inside a JSON string, where its quotes would be escaped
_MOST_TRIES = 64  # starts of records tried in one damaged line before its rest is given up
_MAX_DEPTH = 64
_MAX_LAMPORT = 2**53
_MAX_ID = 64
_Head = tuple[str, str, int, float]  # id, writer, Lamport number, time
_JSON_BLANKS = " \t\r\n"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class LogProblem:
    """Bytes of a log that tell no event. ``line`` counts from 1; ``offset`` and ``length`` are in bytes of the file.

    ``what`` is a sentence.
    """

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
    return encoded_json(text)


def decode_log(data: bytes, *, first_line: int = 1, first_offset: int = 0) -> tuple[list[ChatEvent], list[LogProblem]]:
    """Every event that ``data`` tells, in its order, and what could not be read.

    Torn lines, NUL bytes, bytes that are no UTF-8, foreign or hostile JSON cost only themselves: records before and
    after survive, also a whole record glued to the end of a torn one. ``first_line`` and ``first_offset`` say where in
    the file ``data`` begins.
    """
    events: list[ChatEvent] = []
    problems: list[LogProblem] = []
    offset = first_offset
    for number, line in enumerate(_lines(data), start=first_line):
        try:
            if line.strip():
                events.append(_decode_line(line))
        except Unreadable as reason:
            problems.append(LogProblem(number, offset, len(line), f"{reason}."))
            if isinstance(reason, _Torn):
                events.extend(_salvage(line))
        offset += len(line) + 1
    return events, problems


def _lines(data: bytes) -> Iterator[bytes]:
    """The lines of ``data``, one at a time: all of them at once would leave holes of their size between the texts."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start:end]
        start = end + 1
    yield data[start:]


def newer_format(found: ChatEvent, ours: str) -> FormatError:
    """Why a log with ``found``, an event of a later format, is not written to; ``ours`` is this program's version."""
    wording = messages.newer_format("chat", found.program or "a later version", found.format, ours, FORMAT)
    return FormatError(wording.title, hint=wording.hint)


class _Torn(Unreadable):
    """A line is not one JSON value; whole records may still stand in it."""


def _header(event: ChatEvent) -> dict[str, Any]:
    record: dict[str, Any] = {"e": [event.id, event.writer, event.lamport, round(event.at)]}
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
        text = line.decode("utf-8").strip(_JSON_BLANKS)
    except UnicodeDecodeError as error:
        raise _Torn(_why_torn(line, "Bytes that are no UTF-8")) from error
    try:
        record, end = _JSON.raw_decode(text)
        if end < len(text):
            raise ValueError(text[end])
    except RecursionError as error:
        raise Unreadable("Nested too deep") from error
    except ValueError as error:
        raise _Torn(_why_torn(line, "A torn record" if line.startswith(b"{") else "Not a record")) from error
    if text.count("[") + text.count("{") > _MAX_DEPTH and _depth_over(record, _MAX_DEPTH):
        raise Unreadable("Nested too deep")
    return _decode_record(record)


def _why_torn(line: bytes, otherwise: str) -> str:
    nul = line.count(b"\0")
    return f"{nul} NUL bytes, as a power cut or a full disk leaves them" if nul else otherwise


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


_JSON = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _decode_record(record: Any) -> ChatEvent:
    if not isinstance(record, dict):
        raise Unreadable("Not a record")
    head = record.get("e")
    if type(head) is not list or len(head) != 4:
        raise Unreadable("It does not say which event it is (e)")
    identity, writer, lamport, at = head
    if type(identity) is not str or type(writer) is not str or not 0 < len(identity) <= _MAX_ID:
        raise Unreadable("It does not say which event it is (e)")
    if type(lamport) is not int or not 0 <= lamport < _MAX_LAMPORT:
        raise Unreadable("Its Lamport number is of no use (e)")
    if type(at) not in (int, float) or not abs(at) < _MAX_LAMPORT:
        raise Unreadable("Its time is of no use (e)")
    kind = record.get("k")
    if not isinstance(kind, str):
        raise Unreadable("It does not say its kind (k)")
    known = (identity, writer, lamport, float(at))
    written_in = record.get("f", 1)
    newer = type(written_in) is int and written_in > FORMAT
    try:
        return _decode_known(record, kind, known)
    except Unreadable:
        if not newer:
            raise
    # A later version may have given a known key another meaning; the record is kept for it.
    program = record.get("v")
    program = program if isinstance(program, str) else ""
    return _event(known, Unknown(kind, record), (), written_in, program)


def _decode_known(record: dict[str, Any], kind: str, head: _Head) -> ChatEvent:
    written_in, program, parents = record.get("f", 1), record.get("v", ""), record.get("h")
    if type(written_in) is not int or not isinstance(program, str):
        raise Unreadable("Its format (f) or version (v) is of another type")
    known = KINDS.get(kind)
    body = Unknown(kind, record) if known is None else read_body(known, record)
    extra = {} if known is None else unknown_fields(known, record)
    if parents is None:
        parents = _implied_parents(body)
    elif type(parents) is str:
        parents = (parents,)
    elif type(parents) is list and all(type(name) is str for name in parents):
        parents = tuple(parents)
    else:
        raise Unreadable("Its parents (h) are of another type")
    return _event(head, body, parents, written_in, program, extra or EMPTY)


def _event(
    head: _Head,
    body: Body,
    parents: tuple[str, ...],
    written_in: int,
    program: str,
    extra: Mapping[str, Any] = EMPTY,
) -> ChatEvent:
    identity, writer, lamport, at = head
    return ChatEvent(identity, writer, lamport, body, parents, at, written_in, program, extra)


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
    events = []
    start, tries = text.find(_RECORD_START), 0
    while start >= 0 and tries < _MOST_TRIES:
        try:
            record, end = _JSON.raw_decode(text, start)
            if _SURROGATE.search(text, start, end):  # bad bytes, smuggled through as surrogates
                raise Unreadable("Bytes that are no UTF-8")
            if _depth_over(record, _MAX_DEPTH):
                raise Unreadable("Nested too deep")
            events.append(_decode_record(record))
        except (ValueError, RecursionError, Unreadable):
            tries += 1
            end = start + 1
        start = text.find(_RECORD_START, end)
    return events
