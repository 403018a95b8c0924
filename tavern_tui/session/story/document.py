"""``Document``: a story as one text: the turns of the current path that are not hidden, one after the other.

The law of edits:

- what lies within one turn changes that turn; what reaches over several changes the first and the last of them;
- text that is put at a border joins the earlier turn, at the very beginning the first;
- at the end of the story it joins the last turn if a person wrote that; else, and where that turn is long and its
  paragraph ended, it is a turn of its own;
- a turn of which nothing is left is hidden.

So a turn that an edit does not touch keeps its id, its origin and its tokens. Characters are counted as Python does,
lines by line feeds; both from 0. Changes are made in memory; ``unsaved`` says what the chat's log does not have yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import Speaker
from tavern_tui.session.story.difference import Edit, edits
from tavern_tui.session.story.origins import Origin, runs_of
from tavern_tui.session.story.pieces import Piece, Pieces, Place

TURN_CHARACTERS = 1_500
"""How long a written turn grows before the next paragraph begins another: what one save of it writes."""

_PARAGRAPH_END = re.compile(r"\n+")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from ``start`` to ``end``: of which turn ("" for one not stored yet), and where from."""

    turn: str
    start: int
    end: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What the chat's log does not have yet: ``edited`` turns with their texts, ``hidden`` ones, ``added`` at the end.

    Hand it back to ``Document.saved`` once it is written.
    """

    edited: tuple[tuple[Piece, str], ...] = ()
    hidden: tuple[str, ...] = ()
    added: tuple[tuple[Piece, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.edited or self.hidden or self.added)


class Document:
    """The text of a story and which turn each part of it is. ``from_tree`` makes one of a chat."""

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._pieces = Pieces(pieces)
        self._touched: dict[Piece, None] = {}
        self._hidden: list[str] = []
        self.revision = 0
        """Grows with every change of the text."""

    @classmethod
    def from_tree(cls, tree: ChatTree, first_texts: Mapping[str, str] | None = None) -> Document:
        """The story that ``tree`` tells; ``first_texts`` is what ``origins.first_texts`` found."""
        firsts = first_texts or {}
        return cls(
            Piece(
                turn.id,
                turn.text,
                generated=turn.speaker is not Speaker.USER,
                stored=turn.text,
                first=firsts.get(turn.id, turn.text),
            )
            for turn in tree.path()
            if turn.text and not turn.hidden
        )

    @property
    def length(self) -> int:
        """Characters in all."""
        return self._pieces.characters

    @property
    def line_count(self) -> int:
        """Lines in all, one more than line feeds."""
        return self._pieces.breaks + 1

    def text(self, start: int = 0, end: int | None = None) -> str:
        """The characters from ``start`` to ``end``, the story's own by default."""
        end = self.length if end is None else min(end, self.length)
        parts = []
        for place in self._pieces.walk(start):
            if place.start >= end:
                break
            parts.append(place.piece.text[max(0, start - place.start) : end - place.start])
        return "".join(parts)

    def spans(self, start: int = 0, end: int | None = None) -> Iterator[Span]:
        """The spans that have characters from ``start`` to ``end``, whole, in their order."""
        end = self.length if end is None else end
        for place in self._pieces.walk(start):
            if place.start >= end:
                return
            piece, at = place.piece, place.start
            for length, origin in runs_of(piece.text, generated=piece.generated, first=piece.first):
                if at + length > start and at < end:
                    yield Span(piece.turn, at, at + length, origin)
                at += length

    def turns(self, start: int = 0, end: int | None = None) -> Iterator[tuple[str, int, int]]:
        """The turns that have characters from ``start`` to ``end``, each with where it starts and ends."""
        end = self.length if end is None else end
        for place in self._pieces.walk(start):
            if place.start >= end:
                return
            yield place.piece.turn, place.start, place.end

    def turn_at(self, offset: int, *, earlier: bool = False) -> tuple[str, int, int] | None:
        """The turn with that character and where it starts and ends; at a border the later one, or the ``earlier``."""
        place = self._pieces.at(offset, earlier=earlier)
        return None if place is None else (place.piece.turn, place.start, place.end)

    def place_of(self, turn: str) -> tuple[int, int] | None:
        """Where the turn of that id starts and ends; ``None`` where it is not in the text."""
        place = self._pieces.place_of(turn)
        return None if place is None else (place.start, place.end)

    def line_start(self, number: int) -> int:
        """The first character of the line of that number; the story's length beyond the last."""
        if number <= 0:
            return 0
        place = self._pieces.at_break(number)
        if place is None:
            return self.length
        at = -1
        for _ in range(number - place.breaks):
            at = place.piece.text.index("\n", at + 1)
        return place.start + at + 1

    def line(self, number: int) -> str:
        """The line of that number, without its line feed."""
        return next(iter(self.lines(number, number + 1)), "")

    def lines(self, first: int, end: int) -> list[str]:
        """The lines from number ``first`` up to, not including, ``end``, without their line feeds."""
        first, end = max(0, first), min(end, self.line_count)
        if first >= end:
            return []
        return self.text(self.line_start(first), self.line_start(end)).split("\n")[: end - first]

    def line_of(self, offset: int) -> tuple[int, int]:
        """The number of the line with the character ``offset``, and how many characters of the line stand before."""
        offset = max(0, min(offset, self.length))
        place = self._pieces.at(offset, earlier=True)
        if place is None:
            return 0, 0
        number = place.breaks + place.piece.text.count("\n", 0, offset - place.start)
        return number, offset - self.line_start(number)

    def words(self) -> int:
        """How many words there are, told apart by blanks. Costs a look at the whole text."""
        return len(self.text().split())

    def edit(self, start: int, end: int, text: str) -> str:
        """Put ``text`` in the place of the characters from ``start`` to ``end``; what stood there."""
        start = max(0, min(start, self.length))
        end = max(start, min(end, self.length))
        removed = self.text(start, end)
        if removed == text:
            return removed
        self.revision += 1
        if removed:
            self._replace(start, end - start, text)
        else:
            self._insert(start, text)
        return removed

    def rewrite(self, new: str) -> list[Edit]:
        """Make the whole text ``new`` by as few edits as are found; they are told as they were made: the last first."""
        made = edits(self.text(), new)[::-1]
        for edit in made:
            self.edit(edit.start, edit.end, edit.text)
        return made

    def unsaved(self) -> Unsaved:
        """What is to be written to the log, as it stands now."""
        touched = [piece for piece in self._touched if piece.text]
        return Unsaved(
            tuple((piece, piece.text) for piece in touched if piece.turn and piece.text != piece.stored),
            tuple(self._hidden),
            tuple((piece, piece.text) for piece in touched if not piece.turn),
        )

    def saved(self, unsaved: Unsaved, ids: Iterable[str]) -> None:
        """``unsaved`` is in the log now; ``ids`` are those of the turns added. Text may have changed since."""
        for (piece, text), turn in zip(unsaved.added, ids, strict=True):
            piece.turn, piece.stored, piece.first = turn, text, text
            if not piece.text:
                self._hidden.append(turn)
        for piece, text in unsaved.edited:
            piece.stored = text
        for turn in unsaved.hidden:
            self._hidden.remove(turn)
        self._touched = {piece: None for piece in self._touched if piece.text and piece.text != piece.stored}

    def _replace(self, start: int, count: int, text: str) -> None:
        at = start
        while count:
            place = self._pieces.at(at)
            assert place is not None  # a range within the text has pieces
            was = place.piece.text
            kept = was[: at - place.start] + text
            cut = min(count, place.end - at)
            self._set(place, kept + was[at - place.start + cut :])
            at, count, text = at + len(text), count - cut, ""

    def _insert(self, offset: int, text: str) -> None:
        if offset == self.length:
            self._append(text)
            return
        place = self._pieces.at(offset, earlier=offset > 0)
        assert place is not None
        at = offset - place.start
        self._set(place, place.piece.text[:at] + text + place.piece.text[at:])

    def _append(self, text: str) -> None:
        parts = in_turns(text)
        last = self._pieces.last()
        if last is not None and not last.piece.generated and not _is_full(last.piece.text):
            self._set(last, last.piece.text + parts.pop(0))
        for part in parts:
            piece = Piece("", part)
            self._pieces.append(piece)
            self._touched[piece] = None

    def _set(self, place: Place, text: str) -> None:
        piece = place.piece
        self._pieces.change(place, text)
        if text:
            self._touched[piece] = None
        elif piece.turn:
            self._hidden.append(piece.turn)


def in_turns(text: str) -> list[str]:
    """``text`` cut where a paragraph ends into turns that are as long as they shall be, the last may be shorter."""
    parts, start = [], 0
    while len(text) - start > TURN_CHARACTERS:
        end = _PARAGRAPH_END.search(text, start + TURN_CHARACTERS - 1)
        if end is None:
            break
        parts.append(text[start : end.end()])
        start = end.end()
    return [*parts, text[start:]] if start < len(text) or not parts else parts


def _is_full(text: str) -> bool:
    return len(text) >= TURN_CHARACTERS and text.endswith("\n")
