"""From segments to token ids, so that ids that are already known are used and the rest is exact.

The whole prompt is tokenised at once, which is right by definition: BPE merges across borders and SentencePiece puts a
space in front of a text's beginning, so texts tokenised apart and joined are often not what the whole gives. Then each
stretch whose ids are known replaces the tokens of that stretch, provided that it begins and ends at a border between
tokens and that its ids spell its text; where it does not, the whole's own tokens stay. Pure: the vocabulary comes in
as a ``Tokenizer``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tavern_tui.domain.request import Segment, joined


class Tokenizer(Protocol):
    """What this module needs of a vocabulary."""

    @property
    def space_prefix(self) -> bool:
        """Whether a space is put before a text's beginning and after each special token (SentencePiece)."""
        ...

    def tokenize(self, text: str) -> list[int]:
        """Ids of ``text``, special tokens parsed, nothing added."""
        ...

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for, special tokens by their name; empty for an id out of range."""
        ...

    def is_special(self, token: int) -> bool:
        """Whether the text on both sides of this token is tokenised on its own."""
        ...


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt as ids; ``text`` is the whole of it, ``plain`` the ids that the text alone would have."""

    text: str
    ids: tuple[int, ...]
    plain: tuple[int, ...]


def encode(segments: Sequence[Segment], vocabulary: Tokenizer) -> Encoded:
    """The ids of the joined segments, with the known ids of a segment wherever they fit (see the module)."""
    text = joined(segments)
    plain = vocabulary.tokenize(text)
    if not any(segment.token_ids for segment in segments):
        return Encoded(text, tuple(plain), tuple(plain))
    borders = token_borders(text.encode("utf-8", "replace"), plain, vocabulary)
    ids: list[int] = []
    taken, offset = 0, 0
    for segment in segments:
        raw = segment.text.encode("utf-8", "replace")
        start, end = borders.get(offset), borders.get(offset + len(raw))
        offset += len(raw)
        if not segment.token_ids or start is None or end is None:
            continue
        prefixed = vocabulary.space_prefix and (start == 0 or vocabulary.is_special(plain[start - 1]))
        if _spells(segment.token_ids, raw, vocabulary, prefixed):
            ids += [*plain[taken:start], *segment.token_ids]
            taken = end
    return Encoded(text, (*ids, *plain[taken:]), tuple(plain))


def token_borders(raw: bytes, tokens: Sequence[int], vocabulary: Tokenizer) -> dict[int, int]:
    """For each byte offset of ``raw`` that is a border between tokens, how many tokens stand before it.

    A token's bytes may differ from the text in two ways, which are followed here: SentencePiece vocabularies add a
    space after a special token, and some special tokens swallow the white space beside them. Where the tokens cannot
    be followed further the borders end.
    """
    borders = {0: 0}
    at, after_special = 0, True
    for index, token in enumerate(tokens):
        piece = vocabulary.piece(token)
        special = vocabulary.is_special(token)
        if after_special and vocabulary.space_prefix and not special:
            piece = piece.removeprefix(b" ")
        while not raw.startswith(piece, at) and raw[at : at + 1].isspace():
            at += 1
        if not raw.startswith(piece, at):
            return borders
        at += len(piece)
        after_special = special
        borders.setdefault(at, index + 1)
    return borders


def _spells(ids: Sequence[int], raw: bytes, vocabulary: Tokenizer, prefixed: bool) -> bool:
    spelt = b"".join(vocabulary.piece(token) for token in ids)
    return spelt == raw or (prefixed and spelt == b" " + raw)
