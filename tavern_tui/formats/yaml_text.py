"""The one YAML loader: settings, keys, themes and YAML cards are all read here.

Scalars are those of YAML 1.2's core schema: ``yes``, ``on`` and ``12:30`` are texts, only true and false are
booleans. The value is built from the parser's events, so nothing in a file can name a class, and everything is
bounded while it is read: bytes, nesting, aliases and what they expand to. Every value keeps its line, for messages.
Schema source: YAML 1.2.2 §10.3.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tavern_tui.domain.errors import FormatError, UnsoundError
from tavern_tui.formats.json_text import clean_text, decode_text, read_json

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_ALIASES = 100
MAX_VALUES = 100_000
_MAX_DIGITS = 64
_BEFORE = b"\xef\xbb\xbf\x00 \t\r\n"

Path = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_RESOLVERS: tuple[tuple[str, re.Pattern[str], Callable[[str], Any]], ...] = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)\Z"), lambda _: None),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), lambda text: text.lower() == "true"),
    ("int", re.compile(rf"[-+]?[0-9]{{1,{_MAX_DIGITS}}}\Z"), int),
    ("int", re.compile(rf"0o[0-7]{{1,{_MAX_DIGITS}}}\Z"), lambda text: int(text[2:], 8)),
    ("int", re.compile(rf"0x[0-9a-fA-F]{{1,{_MAX_DIGITS}}}\Z"), lambda text: int(text[2:], 16)),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"), float),
    ("float", re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z"), lambda text: -math.inf if text[0] == "-" else math.inf),
    ("float", re.compile(r"\.(?:nan|NaN|NAN)\Z"), lambda _: math.nan),
)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A document's ``value`` (``None`` where it is empty) and the line of every part of it.

    ``lines`` maps a path of keys and positions to a line, counted from 1; for a key's value the line is the key's.
    """

    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """The line of the part at ``path``, or of the nearest part round it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Mark(Protocol):
    """A position as both of PyYAML's parsers give it; lines count from 0."""

    @property
    def line(self) -> int: ...


@dataclass(slots=True)
class _Open:
    """A collection that is being read. ``size`` counts the values in it, expanded aliases included."""

    value: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    size: int = 1
    key: str | None = None


def read_yaml(data: bytes | str, *, where: str = "", max_bytes: int = MAX_BYTES) -> YamlDocument:
    """Read one document; ``where`` is the file's name for messages. Keys are always strings.

    Raises ``FormatError`` with the line for what is not YAML, a second document, a tag, a key given twice or one that
    is no scalar, and for anything beyond the bounds of this module.
    """
    text = data if isinstance(data, str) else _text(data, where, max_bytes)
    return _Builder(where).build(_events(text, where))


def read_json_or_yaml(data: bytes, *, where: str = "", max_bytes: int = MAX_BYTES) -> Any:
    """The value of a file that may be either: JSON by how it begins, for YAML knows no character in two escapes.

    Raises ``FormatError``, of what begins as JSON and is neither with what is wrong with the JSON.
    """
    if data.lstrip(_BEFORE)[:1] not in (b"{", b"["):
        return read_yaml(data, where=where, max_bytes=max_bytes).value
    try:
        return read_json(data, where=where, max_bytes=max_bytes)
    except UnsoundError:
        raise
    except FormatError as fault:
        try:
            return read_yaml(data, where=where, max_bytes=max_bytes).value
        except FormatError:
            raise fault from None


def reads_as_text(plain: str) -> bool:
    """Whether ``plain``, written without quotes, means a text: no number, no truth value, not nothing."""
    return not any(pattern.match(plain) for _, pattern, _ in _RESOLVERS)


def _text(data: bytes, where: str, max_bytes: int) -> str:
    if not data.strip(b"\x00 \t\r\n"):
        return ""
    text = decode_text(data, where=where, max_bytes=max_bytes)
    # The last line's end belongs to a block that ends there.
    return f"{text}\n" if data.rstrip(b"\x00 \t").endswith(b"\n") else text


def _events(text: str, where: str) -> Iterator[yaml.Event]:
    """The parser's events; whatever the parser trips over becomes a ``FormatError``."""
    import yaml

    # libyaml is forty times faster; Termux may only have the pure parser.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _fault(f"This is not YAML: {error.problem or error.context}.", where, mark) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # odd characters, escapes beyond Unicode
        reason = str(getattr(error, "reason", "") or "a character that YAML does not allow")
        raise FormatError(f"This is not YAML: {reason}.", where=where) from None


def _fault(title: str, where: str, mark: _Mark | None, hint: str = "") -> FormatError:
    line = mark.line + 1 if mark else 1
    return FormatError(title, hint=hint, where=f"{where}:{line}" if where else f"line {line}")


class _Builder:
    """Builds one value out of events, with an explicit stack and a budget."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.lines: dict[Path, int] = {}
        self.root: Any = None
        self.aliases = self.documents = 0

    def build(self, events: Iterator[yaml.Event]) -> YamlDocument:
        """Take in all events."""
        import yaml

        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self.documents += 1
                    if self.documents > 1:
                        raise _fault("A second document starts here.", self.where, event.start_mark)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close()
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.AliasEvent():
                    self._alias(event)
        return YamlDocument(self.root, self.lines)

    def _open(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        if event.tag not in (None, "!", f"{_TAG}map", f"{_TAG}seq"):
            raise self._tagged(event)
        path = self._path(event)
        if len(self.stack) >= MAX_DEPTH:
            raise _fault(f"Nested more than {MAX_DEPTH} levels deep.", self.where, event.start_mark)
        self.stack.append(_Open(value, path, event.anchor))

    def _close(self) -> None:
        done = self.stack.pop()
        if done.anchor:
            self.anchors[done.anchor] = (done.value, done.size)
        self._place(done.value, done.size, None)

    def _scalar(self, event: Any) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event)
            return
        self._path(event)
        value = self._resolve(event)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._place(value, 1, event.start_mark)

    def _key(self, top: _Open, event: Any) -> None:
        key = clean_text(event.value)
        if key in top.value:
            first = self.lines[(*top.path, key)]
            raise _fault(f"“{key}” is given twice (first in line {first}).", self.where, event.start_mark)
        top.key = key
        self.lines[(*top.path, key)] = event.start_mark.line + 1

    def _alias(self, event: Any) -> None:
        self._path(event)
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise _fault(f"More than {MAX_ALIASES} aliases.", self.where, event.start_mark)
        if event.anchor not in self.anchors:
            raise _fault(f"*{event.anchor} names nothing above it.", self.where, event.start_mark)
        value, size = self.anchors[event.anchor]
        self._place(value, size, event.start_mark)

    def _path(self, event: Any) -> Path:
        """Where the value that starts now will stand; notes its line. A collection as a key is refused here."""
        if not self.stack:
            return self._note((), event)
        top = self.stack[-1]
        if isinstance(top.value, list):
            return self._note((*top.path, len(top.value)), event)
        if top.key is None:
            raise _fault("A key must be plain text.", self.where, event.start_mark)
        return (*top.path, top.key)

    def _note(self, path: Path, event: Any) -> Path:
        self.lines[path] = event.start_mark.line + 1
        return path

    def _place(self, value: Any, size: int, mark: _Mark | None) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.size += size
        if top.size > MAX_VALUES:
            raise _fault(f"More than {MAX_VALUES:,} values.", self.where, mark)
        if isinstance(top.value, list):
            top.value.append(value)
        else:
            assert top.key is not None  # _path refused everything else
            top.value[top.key] = value
            top.key = None

    def _resolve(self, event: Any) -> Any:
        tag = event.tag
        if tag is None and event.implicit[0]:
            for _, pattern, make in _RESOLVERS:
                if pattern.match(event.value):
                    return make(event.value)
            return clean_text(event.value)
        if tag in (None, "!", f"{_TAG}str"):
            return clean_text(event.value)
        for name, pattern, make in _RESOLVERS:
            if tag == f"{_TAG}{name}" and pattern.match(event.value):
                return make(event.value)
        raise self._tagged(event)

    def _tagged(self, event: Any) -> FormatError:
        name = str(event.tag).removeprefix(_TAG)
        return _fault(f"The tag “{name}” is not read here.", self.where, event.start_mark, "Leave it out.")
