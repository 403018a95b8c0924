"""The story string: the head of a prompt, written in a subset of Handlebars.

Variables, ``#if`` / ``else`` / ``#unless``, comments, ``~`` and a backslash before a tag that is not meant; names that
are no field of the story are handed on untouched to the macro pass. The result is a list of pieces that remember which
field they come from. A template that is broken is rendered as far as it makes sense.
Source: SillyTavern 1.12.6, ``public/scripts/power-user.js`` (``renderStoryString``); Handlebars 4 for standalone lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_DEEPEST = 50
_TAG = re.compile(r"\\?\{\{\{?~?\s*(?:!.*?|[^{}]*?)\s*~?\}?\}\}", re.DOTALL)
_BLOCK = re.compile(r"#(if|unless)\s+(\S+)|/(if|unless)|(else|\^)|(!).*", re.DOTALL)
# Handlebars takes a line that holds nothing but one block tag or comment out of the text altogether.
_STANDALONE = re.compile(
    r"^[ \t]*(\{\{~?\s*(?:#(?:if|unless)\s+[^{}]*|/(?:if|unless)|else|\^|![^{}]*)\s*~?\}\})[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the rendered head. ``field`` is the story's variable it is the value of, empty for the template.

    ``source`` and ``reason`` are said of it in a plan, where the field's name is not enough.
    """

    field: str
    text: str
    source: str = ""
    reason: str = ""


@dataclass(slots=True)
class _Block:
    """A block that is open: what it is closed by, whether its first branch counts, and both branches."""

    closes: str
    truth: bool
    first: list[Piece] = field(default_factory=list)
    second: list[Piece] | None = None

    @property
    def here(self) -> list[Piece]:
        """The branch that is being read."""
        return self.first if self.second is None else self.second

    def chosen(self) -> list[Piece]:
        """The branch that counts."""
        return self.first if self.truth else self.second or []


def render(template: str, values: Mapping[str, str]) -> tuple[list[Piece], tuple[str, ...]]:
    """The pieces of ``template`` with ``values`` filled in, and what is wrong with it.

    A field that is not blank counts as true. Blocks that do not match never end a prompt: one that is not closed ends
    with the text, what closes nothing is passed over, and what nests too deep is left out.
    """
    reading = _Reading(values)
    for text, tag in _tokens(_STANDALONE.sub(r"\1", template)):
        reading.text(text)
        reading.tag(tag)
    return reading.end()


class _Reading:
    """A template being read, its open blocks on a stack."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._blocks = [_Block("", truth=True)]
        self._too_deep = 0
        self._problems: dict[str, None] = {}

    def text(self, text: str) -> None:
        """A stretch between tags."""
        self._add(Piece("", text))

    def tag(self, tag: str) -> None:
        """A tag, a variable or the beginning or the end of a block; empty for none."""
        if tag.startswith("\\"):
            self._add(Piece("", tag[1:]))
            return
        name = tag.strip("{}").strip("~").strip()
        block = _BLOCK.fullmatch(name)
        if block is None:
            self._add(Piece(name, self._values[name]) if name in self._values else Piece("", tag))
        elif opened := block[1]:
            self._open(opened, bool(self._values.get(block[2])) == (opened == "if"))
        elif block[3]:
            self._close(block[3])
        elif block[4]:
            self._otherwise()

    def end(self) -> tuple[list[Piece], tuple[str, ...]]:
        """All pieces that are not empty, and the problems."""
        while len(self._blocks) > 1:
            self._problems[f"does not close #{self._blocks[-1].closes}"] = None
            self._leave()
        return [piece for piece in self._blocks[0].first if piece.text], tuple(self._problems)

    def _add(self, piece: Piece) -> None:
        if not self._too_deep:
            self._blocks[-1].here.append(piece)

    def _open(self, name: str, truth: bool) -> None:
        if self._too_deep or len(self._blocks) > _DEEPEST:
            self._too_deep += 1
            self._problems[f"nests more than {_DEEPEST} blocks"] = None
        else:
            self._blocks.append(_Block(name, truth))

    def _close(self, name: str) -> None:
        if self._too_deep:
            self._too_deep -= 1
            return
        if name != self._blocks[-1].closes:
            self._problems[f"closes /{name} where it is not open"] = None
        if len(self._blocks) > 1:
            self._leave()

    def _otherwise(self) -> None:
        if self._too_deep:
            return
        if len(self._blocks) == 1:
            self._problems["has an else outside of a block"] = None
        elif self._blocks[-1].second is None:
            self._blocks[-1].second = []

    def _leave(self) -> None:
        block = self._blocks.pop()
        self._blocks[-1].here.extend(block.chosen())


def flat(
    pieces: list[Piece],
    expand: Callable[[str], str],
    *,
    final_newline: bool,
    over_fields: bool,
    look: Callable[[str], str] | None = None,
) -> list[Piece]:
    """The pieces after the macro pass, without carriage returns and leading newlines.

    ``final_newline`` ensures one at the end of a text that is not empty. ``over_fields``: the pass goes over the whole
    text, as in SillyTavern; where it moved borders, a field keeps what can be found of it and the rest becomes the
    template's. Else it goes over the template's own text only, and fields stay as they are. ``look`` is ``expand``
    without any effect, for finding the borders.
    """
    if over_fields:
        text = expand("".join(piece.text for piece in pieces))
    else:
        pieces = [piece if piece.field else Piece("", expand(piece.text)) for piece in _joined_markup(iter(pieces))]
        text = "".join(piece.text for piece in pieces)
    text = text.replace("\r", "").lstrip("\n")
    if final_newline and text and not text.endswith("\n"):
        text += "\n"
    return list(_joined_markup(_aligned(text, pieces, (look or expand) if over_fields else str)))


def _aligned(text: str, pieces: list[Piece], look: Callable[[str], str]) -> Iterator[Piece]:
    at = 0
    for piece in pieces:
        wanted = piece.text if piece.text in text else look(piece.text).replace("\r", "")
        if not piece.field:
            wanted = wanted.lstrip("\n") if at == 0 else wanted
            if wanted and text.startswith(wanted, at):
                yield Piece("", wanted)
                at += len(wanted)
            continue
        found = text.find(wanted, at) if wanted else -1
        if found >= 0:
            yield Piece("", text[at:found])
            yield Piece(piece.field, wanted)
            at = found + len(wanted)
    yield Piece("", text[at:])


def _joined_markup(pieces: Iterator[Piece]) -> Iterator[Piece]:
    markup = ""
    for piece in pieces:
        if not piece.field:
            markup += piece.text
            continue
        if markup:
            yield Piece("", markup)
            markup = ""
        yield piece
    if markup:
        yield Piece("", markup)


def _tokens(template: str) -> Iterator[tuple[str, str]]:
    """Pairs of a stretch of text and the tag that follows it (empty at the end); ``~`` eats the blanks beside it."""
    done, eat = 0, False
    for match in _TAG.finditer(template):
        text = template[done : match.start()]
        text = text.lstrip() if eat else text
        tag = match.group()
        yield (text.rstrip() if tag.lstrip("{").startswith("~") else text), tag
        done, eat = match.end(), tag.rstrip("}").endswith("~")
    rest = template[done:]
    yield (rest.lstrip() if eat else rest), ""
