"""Tokens by what they spell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.engines.embedded.pieces import PieceIndex

LETTERS = st.text(alphabet="abÄ", max_size=3)
PIECES = st.lists((LETTERS.map(str.encode)) | st.binary(max_size=2), max_size=12)


@given(pieces=PIECES, text=st.text(alphabet="abä", min_size=1, max_size=3).map(str.encode))
def test_tokens_are_found_by_their_beginning_and_by_what_they_hold(pieces: list[bytes], text: bytes) -> None:
    index = PieceIndex(pieces)
    assert index.beginning_with(text) == {n for n, piece in enumerate(pieces) if piece.lower().startswith(text)}
    assert index.holding(text) == {n for n, piece in enumerate(pieces) if text in piece.lower()}


def test_capitals_of_ascii_do_not_matter_and_no_text_runs_over_two_tokens() -> None:
    index = PieceIndex([b"He", b"LLO", b"", b"say hello", b"\xff"])
    assert index.beginning_with(b"h") == {0}
    assert index.holding(b"ll") == {1, 3}
    assert index.holding(b"hello") == {3}
