"""What stands for what in the composer: long pastes as one line, and characters that may not reach a terminal. Pure.

A ``TextArea`` edits lines of characters, splits them at more than ``\\n``, and shows them as they are. So a text is
kept there in writing: a character that ``display.safe`` would not show is one private sign, and a folded paste is a run
of private signs as long as its label is wide. Wrapping, cursor and undo then work as they do on any text, and what was
pasted comes back from the writing to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tavern_tui.domain.display import safe

_FIRST: Final = 0x100000
_FILL: Final = "\U0010fffd"
_SIGNS: Final = ord(_FILL) - _FIRST
"""How many signs one message may need; after that, a character without one is written as ``_UNKNOWN``."""

_UNKNOWN: Final = "\ufffd"
_SIGN_RANGE: Final = "[\U00100000-\U0010fffc]"
_FOLD: Final = re.compile(f"{_SIGN_RANGE}{_FILL}+")
_ODD_RUN: Final = re.compile(f"(?:{_SIGN_RANGE}(?!{_FILL}))+")
_ANY_SIGN: Final = re.compile(_SIGN_RANGE)

FOLD_MARK: Final = "⧉"


@dataclass(frozen=True, slots=True)
class Fold:
    """A folded text, and from where to where it stands in what was written. ``label`` is as long as that."""

    start: int
    end: int
    text: str
    label: str


def fold_label(characters: int, tokens: int | None = None, mark: str = FOLD_MARK) -> str:
    """The line that stands for a paste. Source: ``docs/ux.md`` §2."""
    counted = "" if tokens is None else f" ({tokens:,} tokens)"
    return f"{mark} pasted {characters:,} characters{counted}"


class Folds:
    """The signs of one message. ``mark`` is one cell wide and begins each label."""

    def __init__(self, mark: str = FOLD_MARK) -> None:
        self._mark = mark
        self._next = _FIRST
        self._sign_of: dict[str, str] = {}
        self._characters: dict[int, str] = {}
        self._pictures: dict[int, str] = {}
        self._texts: dict[str, str] = {}
        self._labels: dict[str, str] = {}

    def clear(self) -> None:
        """Forget all signs; nothing written with them may be left."""
        self._next = _FIRST
        for table in (self._sign_of, self._characters, self._pictures, self._texts, self._labels):
            table.clear()

    def written(self, text: str) -> str:
        """``text`` with a sign for every character that cannot stand in a ``TextArea`` or on a terminal."""
        odd = {c for c in set(text) if ord(c) >= _FIRST or (c != "\n" and safe(c) != c)}
        return text.translate({ord(c): self._sign(c) for c in odd}) if odd else text

    def folded(self, text: str, *, counted: bool = False) -> str:
        """A fold that stands for ``text``; with ``counted`` its label has room for the number of tokens."""
        if (sign := self._new_sign()) is None:
            return self.written(text)
        self._texts[sign] = text
        self._labels[sign] = fold_label(len(text), mark=self._mark)
        # A text has seldom more tokens than characters; where the number then needs more room, it is left out.
        return sign + _FILL * (len(fold_label(len(text), len(text) if counted else None)) - 1)

    def set_tokens(self, fold: str, tokens: int) -> None:
        """Show the number of tokens of ``fold``, as it was given by ``folded``, if there is room for it."""
        if (text := self._texts.get(fold[0])) is not None:
            label = fold_label(len(text), tokens, self._mark)
            if len(label) <= len(fold):
                self._labels[fold[0]] = label

    def full(self, written: str) -> str:
        """The text that ``written`` stands for, folds and all."""
        return self._spelt(written, self._characters, lambda fold: fold.text)

    def shown(self, written: str) -> str:
        """What is shown for ``written``: as long as that, and free of anything that could drive a terminal."""
        return self._spelt(written, self._pictures, lambda fold: fold.label)

    def folds(self, written: str) -> Iterator[Fold]:
        """The folds in ``written``, in order."""
        for match in _FOLD.finditer(written):
            sign = match.group()[0]
            label = self._labels[sign].ljust(match.end() - match.start())
            yield Fold(match.start(), match.end(), self._texts[sign], label)

    def odd(self, written: str) -> Iterator[tuple[int, int]]:
        """From where to where characters stand in ``written`` that are shown as something else."""
        return (match.span() for match in _ODD_RUN.finditer(written))

    def around(self, line: str, column: int) -> Fold | None:
        """The fold that ``column`` lies inside of, not at an edge."""
        return next((fold for fold in self.folds(line) if fold.start < column < fold.end), None)

    def starting(self, line: str, column: int) -> Fold | None:
        """The fold that begins at ``column``."""
        return next((fold for fold in self.folds(line) if fold.start == column), None)

    def _spelt(self, written: str, characters: dict[int, str], of_fold: Callable[[Fold], str]) -> str:
        if _ANY_SIGN.search(written) is None:
            return written
        parts, begin = [], 0
        for fold in self.folds(written):
            parts += [written[begin : fold.start].translate(characters), of_fold(fold)]
            begin = fold.end
        return "".join([*parts, written[begin:].translate(characters)])

    def _sign(self, character: str) -> str:
        if (sign := self._sign_of.get(character)) is None:
            if (sign := self._new_sign()) is None:
                return _UNKNOWN
            self._sign_of[character] = sign
            self._characters[ord(sign)] = character
            self._pictures[ord(sign)] = _picture(character)
        return sign

    def _new_sign(self) -> str | None:
        if self._next >= _FIRST + _SIGNS:
            return None
        self._next += 1
        return chr(self._next - 1)


def _picture(character: str) -> str:
    """One cell that shows that ``character`` is there; where ``safe`` would drop it, something stands for it."""
    return "␍" if character == "\r" else safe(character) or _UNKNOWN
