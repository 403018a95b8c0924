"""``Pieces``: the texts of a story's turns in their order, found by character or by line at the cost of a few.

Blocks of pieces know how many characters and line breaks they hold, so that neither a look nor a change goes through
the whole story. What may be changed how is ``document``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_BLOCK = 64  # pieces: of 5,000, about 80 blocks and then 64 pieces are looked at


@dataclass(slots=True, eq=False)
class Piece:
    """The text of one turn. ``turn`` is its id, "" for one that is not stored yet.

    ``stored`` is what the chat's log has, ``first`` what the model wrote at first (of ``generated`` ones).
    """

    turn: str
    text: str
    generated: bool = False
    stored: str | None = None
    first: str = ""
    breaks: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.breaks = self.text.count("\n")


@dataclass(slots=True, eq=False)
class _Block:
    pieces: list[Piece]
    characters: int
    breaks: int


@dataclass(frozen=True, slots=True)
class Place:
    """A piece, the character that it starts at, and how many line breaks stand before it. Good until a change."""

    piece: Piece
    start: int
    breaks: int
    block: int
    index: int

    @property
    def end(self) -> int:
        """The character after its last one."""
        return self.start + len(self.piece.text)


class Pieces:
    """Pieces in their order, none of them empty. ``characters`` and ``breaks`` are the sums over all."""

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        every = list(pieces)
        self._blocks = [_block(every[at : at + _BLOCK]) for at in range(0, len(every), _BLOCK)]
        self.characters = sum(block.characters for block in self._blocks)
        self.breaks = sum(block.breaks for block in self._blocks)

    def __iter__(self) -> Iterator[Piece]:
        for block in self._blocks:
            yield from block.pieces

    def at(self, character: int, *, earlier: bool = False) -> Place | None:
        """The piece with that character; at a border the later one, or the ``earlier``. ``None`` beyond the end."""
        start = breaks = 0
        reach = character - 1 if earlier else character
        for number, block in enumerate(self._blocks):
            if start + block.characters > reach:
                for index, piece in enumerate(block.pieces):
                    if start + len(piece.text) > reach:
                        return Place(piece, start, breaks, number, index)
                    start, breaks = start + len(piece.text), breaks + piece.breaks
            start, breaks = start + block.characters, breaks + block.breaks
        return None

    def at_break(self, count: int) -> Place | None:
        """The piece that holds the line break of that number, counted from 1."""
        start = breaks = 0
        for number, block in enumerate(self._blocks):
            if breaks + block.breaks >= count:
                for index, piece in enumerate(block.pieces):
                    if breaks + piece.breaks >= count:
                        return Place(piece, start, breaks, number, index)
                    start, breaks = start + len(piece.text), breaks + piece.breaks
            start, breaks = start + block.characters, breaks + block.breaks
        return None

    def place_of(self, turn: str) -> Place | None:
        """Where the turn of that id stands."""
        start = breaks = 0
        for number, block in enumerate(self._blocks):
            for index, piece in enumerate(block.pieces):
                if piece.turn == turn:
                    return Place(piece, start, breaks, number, index)
                start, breaks = start + len(piece.text), breaks + piece.breaks
        return None

    def last(self) -> Place | None:
        """The last piece."""
        return self.at(self.characters, earlier=True)

    def walk(self, character: int) -> Iterator[Place]:
        """The pieces from the one with that character on."""
        first = self.at(character)
        if first is None:
            return
        start, breaks, index = first.start, first.breaks, first.index
        for number in range(first.block, len(self._blocks)):
            pieces = self._blocks[number].pieces
            for at in range(index, len(pieces)):
                piece = pieces[at]
                yield Place(piece, start, breaks, number, at)
                start, breaks = start + len(piece.text), breaks + piece.breaks
            index = 0

    def change(self, place: Place, text: str) -> None:
        """Give the piece at ``place`` another text, or take it out where there is none left."""
        piece, block = place.piece, self._blocks[place.block]
        characters, breaks = len(text) - len(piece.text), text.count("\n") - piece.breaks
        piece.text, piece.breaks = text, piece.breaks + breaks
        self._count(block, characters, breaks)
        if not text:
            del block.pieces[place.index]
            if not block.pieces:
                del self._blocks[place.block]

    def append(self, piece: Piece) -> None:
        """Put ``piece`` behind all others."""
        if not self._blocks:
            self._blocks.append(_block([]))
        self._put(len(self._blocks) - 1, len(self._blocks[-1].pieces), piece)

    def _put(self, number: int, index: int, piece: Piece) -> None:
        block = self._blocks[number]
        block.pieces.insert(index, piece)
        self._count(block, len(piece.text), piece.breaks)
        if len(block.pieces) > 2 * _BLOCK:
            self._blocks[number : number + 1] = [_block(block.pieces[:_BLOCK]), _block(block.pieces[_BLOCK:])]

    def _count(self, block: _Block, characters: int, breaks: int) -> None:
        block.characters += characters
        block.breaks += breaks
        self.characters += characters
        self.breaks += breaks


def _block(pieces: list[Piece]) -> _Block:
    return _Block(pieces, sum(len(piece.text) for piece in pieces), sum(piece.breaks for piece in pieces))
