"""The one reader of untrusted JSON, and the writer that answers it.

Cards, lorebooks and saves come from anywhere. What is bounded here: bytes, nesting, digits of a number. What is
always forgiven: a byte order mark, UTF-16, NULs round the text. What is not JSON is a ``FormatError`` with line and
column. What is JSON and cannot be kept as it is written is an ``UnsoundError`` that names the field (``json_doubts``),
or, where the reader is not ``strict``, taken otherwise: of keys given twice the last, null for numbers that other JSON
programs cannot read (NaN, infinities, endless digits). Half an emoji (a lone surrogate), which JavaScript writes where
it cuts a text in the middle of a character, is kept and written back; ``clean_text`` gives what a text with one reads
as. What the values mean is the codecs' business.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from tavern_tui.domain.errors import FormatError, UnsoundError
from tavern_tui.formats.json_doubts import json_doubts

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100
_MAX_DIGITS = 64
_HUGE = 10 ** (_MAX_DIGITS - 1)  # a sign is a digit

_SURROGATE = re.compile("[\ud800-\udfff]")
_PADDING = "\x00 \t\r\n"

# The decoder's own complaints in the words of someone who edits a card by hand.
_COMPLAINTS = (
    ("Expecting property name", "a field's name in double quotes is expected"),
    ("Illegal trailing comma", "there is a comma too many"),
    ("Expecting ',' delimiter", "a comma is missing, or a quote inside a text lacks its backslash"),
    ("Expecting ':' delimiter", "a colon is missing after a field's name"),
    ("Expecting value", "a value is missing"),
    ("Unterminated string", "a text is opened here and never closed"),
    ("Invalid control character", "a text holds a raw line break or control character"),
    ("Invalid \\", "a backslash here starts nothing that JSON knows"),
    ("Extra data", "something follows after the end"),
)


def decode_text(data: bytes, *, where: str = "", max_bytes: int = MAX_BYTES) -> str:
    """The text of a file: UTF-8, or UTF-16 where a byte order mark says so; NULs and white space round it cut off.

    Raises ``FormatError`` for more than ``max_bytes``, for nothing at all, and for bytes that are no text, with line
    and column.
    """
    if len(data) > max_bytes:
        raise FormatError(f"The file has {len(data):,} bytes; {max_bytes:,} are read at most.", where=where)
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise FormatError(
            f"Byte {data[error.start]:#04x} in column {column} is no text.",
            hint="Save the file as UTF-8.",
            where=_place(where, line),
        ) from None
    text = text.strip(_PADDING)
    if not text:
        raise FormatError("The file is empty.", where=where)
    return text


def read_json(
    data: bytes | str,
    *,
    where: str = "",
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_values: int | None = None,
    strict: bool = True,
) -> Any:
    """The value that ``data`` holds; ``where`` is the file's name for messages.

    Numbers are finite; strings may hold lone surrogates, which nothing but ``write_json`` and the chat log can encode.
    ``max_values`` bounds the memory that many small values take: of brackets, braces and commas, those in texts
    included. Raises ``FormatError``; where ``strict``, of the kind ``UnsoundError`` for what cannot be kept as it is
    written.
    """
    text = data.strip(_PADDING) if isinstance(data, str) else decode_text(data, where=where, max_bytes=max_bytes)
    if max_values is not None and sum(map(text.count, ",[{")) > max_values:
        raise FormatError(f"The data holds more than {max_values:,} values.", where=where)
    try:
        value, odd = _noticing(text) if strict else (bounded_json(text), False)
    except json.JSONDecodeError as error:
        raise FormatError(
            f"This is not JSON: {_complaint(error.msg)} (column {error.colno}).", where=_place(where, error.lineno)
        ) from None
    except RecursionError:
        raise _too_deep(max_depth, where) from None
    _check_depth(value, max_depth, where)
    if strict and (odd or "\\u0000" in text):
        for doubt in json_doubts(text):
            raise UnsoundError(doubt.fault, where=where)
    return value


def write_json(value: Any, *, indent: int | None = 4) -> bytes:
    """``value`` as UTF-8 JSON, readable by any other program; ``indent`` in spaces, ``None`` for one line.

    What would not be read back strictly is left out: numbers that JSON has no words for or of endless digits become
    null, NULs nothing. Raises ``FormatError`` for a value of another type or nested deeper than is read back.
    """
    try:
        text = json.dumps(_bounded(value), ensure_ascii=False, indent=indent, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FormatError(f"This cannot be written as JSON ({error}).") from None
    return encoded_json(text)


def encoded_json(text: str) -> bytes:
    """JSON ``text`` as UTF-8: its lone surrogates, which only strings hold, are spelled out."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def clean_text(text: str) -> str:
    """``text`` without NULs and with lone surrogates as U+FFFD: what a prompt, a log and a screen can carry."""
    if text.isascii() and "\x00" not in text:
        return text
    return _SURROGATE.sub("\ufffd", text.replace("\x00", ""))


def cleaned(value: Any) -> Any:
    """A copy of a value that was read here, its texts as ``clean_text`` has them: one that is not written back."""
    match value:
        case str():
            return clean_text(value)
        case dict():
            return {clean_text(key): cleaned(part) for key, part in value.items()}
        case list():
            return [cleaned(part) for part in value]
        case _:
            return value


def _place(where: str, line: int) -> str:
    return f"{where}:{line}" if where else f"line {line}"


def _complaint(message: str) -> str:
    for start, words in _COMPLAINTS:
        if message.startswith(start):
            return words
    return message.lower()


def _too_deep(max_depth: int, where: str) -> FormatError:
    return FormatError(f"The data is nested more than {max_depth} levels deep.", where=where)


def bounded_json(text: str) -> Any:
    """The value that ``text`` is. What is no number JSON can say, or an integer of very many digits, is ``None``.

    Raises ``ValueError`` and ``RecursionError`` as ``json.loads``: the callers know what place to name.
    """
    return json.loads(text, parse_constant=_no_number, parse_int=_integer, parse_float=_finite)


def _noticing(text: str) -> tuple[Any, bool]:
    """As ``bounded_json``, and whether a key was given twice or a number could not be kept."""
    odd = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal odd
        found = dict(items)
        odd = odd or len(found) < len(items)
        return found

    def kept(read: Callable[[str], Any], digits: str) -> Any:
        nonlocal odd
        value = read(digits)
        odd = odd or value is None
        return value

    value = json.loads(
        text,
        object_pairs_hook=pairs,
        parse_constant=partial(kept, _no_number),
        parse_int=partial(kept, _integer),
        parse_float=partial(kept, _finite),
    )
    return value, odd


def _no_number(_: str) -> None:
    return None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _check_depth(value: Any, max_depth: int, where: str) -> None:
    """Raise ``FormatError`` where objects and lists are nested deeper; made without recursion."""
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if isinstance(item, (dict, list)):
            if depth >= max_depth:
                raise _too_deep(max_depth, where)
            inner = item.values() if isinstance(item, dict) else item
            pending += [(part, depth + 1) for part in inner if isinstance(part, (dict, list))]


def _bounded(value: Any) -> Any:
    """A copy of ``value`` without NULs and with finite numbers, made without recursion. Raises ``FormatError``."""
    root: list[Any] = [value]
    pending: list[tuple[list[Any] | dict[str, Any], Any, Any, int]] = [(root, 0, value, 0)]
    while pending:
        holder, key, item, depth = pending.pop()
        if isinstance(item, str):
            holder[key] = item.replace("\0", "")
        elif (isinstance(item, float) and not math.isfinite(item)) or (isinstance(item, int) and abs(item) >= _HUGE):
            holder[key] = None
        elif isinstance(item, (dict, list, tuple)):
            if depth >= MAX_DEPTH:
                raise _too_deep(MAX_DEPTH, "")
            copy = holder[key] = dict.fromkeys(_sound(item)) if isinstance(item, dict) else [None] * len(item)
            inner = zip(_sound(item), item.values(), strict=True) if isinstance(item, dict) else enumerate(item)
            pending.extend((copy, name, part, depth + 1) for name, part in inner)
        else:
            holder[key] = item
    return root[0]


def _sound(item: dict[Any, Any]) -> list[Any]:
    return [key.replace("\0", "") if isinstance(key, str) else key for key in item]
