"""The story string: the head of a prompt, written in a subset of Handlebars.

Variables, ``#if`` / ``else`` / ``#unless``, comments, ``~`` and a backslash before a tag that is not meant; names that
are no field of the story are handed on untouched to the macro pass. The result is a list of pieces that remember which
field they come from.
Source: SillyTavern 1.12.6, ``public/scripts/power-user.js`` (``renderStoryString``); Handlebars 4 for standalone lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tavern_tui.domain.errors import PromptError

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


_ELSE = Piece("", "")


def render(template: str, values: Mapping[str, str], *, where: str = "") -> list[Piece]:
    """The pieces of ``template`` with ``values`` filled in; a field that is not blank counts as true.

    Raises ``PromptError`` where a block is not closed or closed without having been opened; ``where`` names the
    template in it.
    """
    tokens = iter(_tokens(_STANDALONE.sub(r"\1", template)))
    return [piece for piece in _block(tokens, values, "", 0, where) if piece.text]


def flat(pieces: list[Piece], expand: Callable[[str], str], *, final_newline: bool, over_fields: bool) -> list[Piece]:
    """The pieces after the macro pass, without carriage returns and leading newlines.

    ``final_newline`` ensures one at the end of a text that is not empty. ``over_fields``: the pass goes over the whole
    text, as in SillyTavern; where it moved borders, a field keeps what can be found of it and the rest becomes the
    template's. Else it goes over the template's own text only, and fields stay as they are.
    """
    if over_fields:
        text = expand("".join(piece.text for piece in pieces))
    else:
        pieces = [piece if piece.field else Piece("", expand(piece.text)) for piece in _joined_markup(iter(pieces))]
        text = "".join(piece.text for piece in pieces)
    text = text.replace("\r", "").lstrip("\n")
    if final_newline and text and not text.endswith("\n"):
        text += "\n"
    return list(_joined_markup(_aligned(text, pieces, expand if over_fields else str)))


def _aligned(text: str, pieces: list[Piece], expand: Callable[[str], str]) -> Iterator[Piece]:
    at = 0
    for piece in pieces:
        wanted = piece.text if piece.text in text else expand(piece.text).replace("\r", "")
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


def _block(
    tokens: Iterator[tuple[str, str]], values: Mapping[str, str], closes: str, depth: int, where: str
) -> list[Piece]:
    """Pieces up to the tag that closes the block ``closes`` (to the end for the outermost), ``_ELSE`` among them."""
    if depth > _DEEPEST:
        raise _broken(f"nests more than {_DEEPEST} blocks", where)
    pieces: list[Piece] = []
    for text, tag in tokens:
        pieces.append(Piece("", text))
        if tag.startswith("\\"):
            pieces.append(Piece("", tag[1:]))
            continue
        name = tag.strip("{}").strip("~").strip()
        block = _BLOCK.fullmatch(name)
        if block is None:
            pieces.append(Piece(name, values[name]) if name in values else Piece("", tag))
        elif opened := block[1]:
            inner = _block(tokens, values, opened, depth + 1, where)
            pieces += _branch(inner, bool(values.get(block[2])) == (opened == "if"))
        elif block[3]:
            if block[3] != closes:
                raise _broken(f"closes /{block[3]} where it is not open", where)
            return pieces
        elif block[4]:
            if not closes:
                raise _broken("has an else outside of a block", where)
            pieces.append(_ELSE)
    if closes:
        raise _broken(f"does not close #{closes}", where)
    return pieces


def _branch(pieces: list[Piece], truth: bool) -> list[Piece]:
    cut = next((at for at, piece in enumerate(pieces) if piece is _ELSE), len(pieces))
    return pieces[:cut] if truth else [piece for piece in pieces[cut:] if piece is not _ELSE]


def _broken(what: str, where: str) -> PromptError:
    return PromptError(
        f"The story string {what}.", hint="Correct the context template, or choose another.", where=where
    )
