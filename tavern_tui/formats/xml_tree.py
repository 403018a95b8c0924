"""Small XML files that others wrote, read within limits: size, number of elements, depth; no entities of their own.

A document type is passed over; one that declares entities is refused, so that none can be blown up. Names are those
without their namespace: what is read here has no two that differ by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from tavern_tui.domain.errors import FormatError

MAX_BYTES = 64 * 1024 * 1024
MAX_ELEMENTS = 1_500_000
"""Of a novel of 500,000 words as Word saves it about 400,000."""
MAX_DEPTH = 200


@dataclass(slots=True)
class Element:
    """One element: its name and attributes without namespaces, what is in it in order, texts and elements."""

    name: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    def children(self, name: str = "") -> Iterator[Element]:
        """The elements directly inside, those of that name where one is given."""
        return (one for one in self.parts if isinstance(one, Element) and (not name or one.name == name))

    def child(self, name: str) -> Element | None:
        """The first element of that name directly inside."""
        return next(self.children(name), None)

    def all(self, name: str) -> Iterator[Element]:
        """Every element of that name inside, in the order of the file."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            if one.name == name and one is not self:
                yield one
            waiting += reversed(list(one.children()))

    @property
    def text(self) -> str:
        """The text directly inside."""
        return "".join(one for one in self.parts if isinstance(one, str))


def read_xml(data: bytes, what: str) -> Element:
    """The outermost element of ``data``; ``what`` names the file. Raises ``FormatError``."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"{what} has {len(data):,} bytes; {MAX_BYTES:,} are read at most.")
    reader = _Reader(what)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise FormatError(f"{what} is damaged: line {error.lineno} is no XML.", hint="Save it again.") from error
    except (UnicodeDecodeError, LookupError, ValueError) as error:
        raise FormatError(f"{what} is damaged: its text cannot be read.", hint="Save it again.") from error
    assert reader.top is not None  # expat refuses a file without an element
    return reader.top


class _Reader:
    """Builds the elements of one file."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.top: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise FormatError(f"{self._what} is nested too deep, or has too many parts.")
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].parts.append(element)
        elif self.top is None:
            self.top = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].parts.append(text)

    def _entity(self, name: str, *_: object) -> None:
        raise FormatError(f"{self._what} declares abbreviations of its own ({name}), which are not followed.")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
