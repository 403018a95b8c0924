"""What stands for what in the composer: long pastes as one line, and characters that may not reach a terminal. Pure.

A ``TextArea`` edits lines of characters, splits them at more than ``\\n``, and shows them as they are. So a text is
kept there in writing: a character that ``display.safe`` would not show is one private sign, and a folded paste is a run
of private signs as long as its label is wide. Wrapping, cursor and undo then work as they do on any text, and what was
pasted comes back from the writing to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tavern_tui.domain.display import safe

_FIRST: Final = 0x100000
_FILL: Final = "\U0010fffd"
_SIGNS: Final = ord(_FILL) - _FIRST
"""How many signs one message may need; after that, a character without one is written as ``_UNKNOWN``."""

_UNKNOWN: Final = "\ufffd"
_SIGN: Final = re.compile(f"[\U00100000-\U0010fffc]{_FILL}*")

FOLD_MARK: Final = "⧉"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What one sign stands for. ``width``: the cells of a fold's label, 0 for a single character."""

    text: str
    shown: str
    width: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a written text, from ``start`` to ``end`` in it, and what it stands for."""

    start: int
    end: int
    text: str
    shown: str
    folded: bool = False


def fold_label(characters: int, tokens: int | None = None, mark: str = FOLD_MARK) -> str:
    """The line that stands for a paste. Source: ``docs/ux.md`` §2."""
    counted = "" if tokens is None else f" ({tokens:,} tokens)"
    return f"{mark} pasted {characters:,} characters{counted}"


class Folds:
    """The signs of one message. ``mark`` is one cell wide and begins each label."""

    def __init__(self, mark: str = FOLD_MARK) -> None:
        self._mark = mark
        self._meanings: list[_Meaning] = []
        self._of_character: dict[str, str] = {}

    def clear(self) -> None:
        """Forget all signs; nothing written with them may be left."""
        self._meanings.clear()
        self._of_character.clear()

    def written(self, text: str) -> str:
        """``text`` with a sign for every character that cannot stand in a ``TextArea`` or on a terminal."""
        odd = {c for c in set(text) if ord(c) >= _FIRST or (c != "\n" and safe(c) != c)}
        return text.translate({ord(c): self._sign_of(c) for c in odd}) if odd else text

    def folded(self, text: str, *, counted: bool = False) -> str:
        """A fold that stands for ``text``; with ``counted`` its label has room for the number of tokens."""
        # A text has at most as many tokens as characters, so the label never outgrows its room.
        width = len(fold_label(len(text), len(text) if counted else None))
        sign = self._new(_Meaning(text, fold_label(len(text), mark=self._mark), width))
        return sign + _FILL * (width - 1) if sign != _UNKNOWN else self.written(text)

    def set_tokens(self, fold: str, tokens: int) -> None:
        """Show the number of tokens of a ``fold`` that was made with room for it, if it is still there."""
        number = ord(fold[0]) - _FIRST
        if 0 <= number < len(self._meanings) and (meaning := self._meanings[number]).width:
            label = fold_label(len(meaning.text), tokens, self._mark)
            if len(label) <= meaning.width:
                self._meanings[number] = replace(meaning, shown=label)

    def full(self, written: str) -> str:
        """The text that ``written`` stands for, folds and all."""
        return _SIGN.sub(lambda match: self._meaning(match).text, written)

    def pieces(self, written: str) -> Iterator[Piece]:
        """The signs in ``written``, in order; what lies between them stands for itself."""
        for match in _SIGN.finditer(written):
            meaning = self._meaning(match)
            shown = meaning.shown.ljust(meaning.width)
            yield Piece(match.start(), match.end(), meaning.text, shown, folded=meaning.width > 0)

    def around(self, line: str, column: int) -> Piece | None:
        """The fold that ``column`` lies inside of, not at an edge."""
        return next((fold for fold in self._folds(line) if fold.start < column < fold.end), None)

    def starting(self, line: str, column: int) -> Piece | None:
        """The fold that begins at ``column``."""
        return next((fold for fold in self._folds(line) if fold.start == column), None)

    def ending(self, line: str, column: int) -> Piece | None:
        """The fold that ends at ``column``."""
        return next((fold for fold in self._folds(line) if fold.end == column), None)

    def _folds(self, line: str) -> Iterator[Piece]:
        # Looking for the filler first spares the search in the lines, nearly all, that have no fold.
        return (piece for piece in self.pieces(line) if piece.folded) if _FILL in line else iter(())

    def _sign_of(self, character: str) -> str:
        if (sign := self._of_character.get(character)) is None:
            sign = self._new(_Meaning(character, _picture(character)))
            self._of_character[character] = sign
        return sign

    def _new(self, meaning: _Meaning) -> str:
        if len(self._meanings) >= _SIGNS:
            return _UNKNOWN
        self._meanings.append(meaning)
        return chr(_FIRST + len(self._meanings) - 1)

    def _meaning(self, match: re.Match[str]) -> _Meaning:
        return self._meanings[ord(match.group()[0]) - _FIRST]


def _picture(character: str) -> str:
    """One cell that shows that ``character`` is there; where ``safe`` would drop it, something stands for it."""
    return "␍" if character == "\r" else safe(character) or _UNKNOWN
