"""Segments become the ids of their joined text, and known ids are used where they fit."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.request import Segment, joined
from tavern_tui.engines.embedded.segments import encode, token_borders
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tests.engines.embedded.vocabularies import LoadedVocabulary

LETTERS = st.text(alphabet="the laxb.\n ö▁é😀", max_size=12)


@st.composite
def bordered(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Texts, each with the number of a special token (or -1 for a newline) that ends it."""
    return draw(st.lists(st.tuples(LETTERS, st.integers(-1, 1)), min_size=1, max_size=6))


def texts_of(parts: Sequence[tuple[str, int]], special: Sequence[str]) -> list[str]:
    return [text + (special[end] if end >= 0 else "\n") for text, end in parts]


def spelt(ids: Sequence[int], vocabulary: Vocabulary) -> bytes:
    return b"".join(vocabulary.piece(token) for token in ids)


@settings(max_examples=50, deadline=None)
@given(parts=bordered())
def test_segments_without_ids_give_the_tokens_of_the_whole(
    vocabulary: LoadedVocabulary, parts: list[tuple[str, int]]
) -> None:
    texts = texts_of(parts, vocabulary.special)
    encoded = encode([Segment(text) for text in texts], vocabulary.vocabulary)
    assert list(encoded.ids) == vocabulary.vocabulary.tokenize("".join(texts))


@settings(max_examples=50, deadline=None)
@given(parts=bordered(), known=st.integers(0, 63))
def test_ids_that_each_segment_would_have_alone_never_change_what_the_whole_spells(
    vocabulary: LoadedVocabulary, parts: list[tuple[str, int]], known: int
) -> None:
    vocab = vocabulary.vocabulary
    segments = [
        Segment(text, tuple(vocab.tokenize(text)) if known >> number & 1 else None)
        for number, text in enumerate(texts_of(parts, vocabulary.special))
    ]
    encoded = encode(segments, vocab)
    assert spelt(encoded.ids, vocab) == spelt(vocab.tokenize(joined(segments)), vocab)


@settings(max_examples=50, deadline=None)
@given(parts=bordered(), data=st.data())
def test_the_wholes_own_ids_given_back_for_any_segments_give_the_whole(
    vocabulary: LoadedVocabulary, parts: list[tuple[str, int]], data: st.DataObject
) -> None:
    vocab = vocabulary.vocabulary
    texts = texts_of(parts, vocabulary.special)
    whole = vocab.tokenize("".join(texts))
    borders = token_borders("".join(texts).encode(), whole, vocab)
    ends = list(itertools.accumulate(len(text.encode()) for text in texts))
    segments = []
    for start, end, text in zip([0, *ends], ends, texts, strict=False):
        ids = tuple(whole[borders[start] : borders[end]]) if start in borders and end in borders else None
        segments.append(Segment(text, ids if data.draw(st.booleans()) else None))
    assert list(encode(segments, vocab).ids) == whole


def test_tokenising_apart_is_wrong_for_these_vocabularies(vocabulary: LoadedVocabulary) -> None:
    vocab = vocabulary.vocabulary
    first, second = "a\n", "\n" + vocabulary.special[1]
    assert vocab.tokenize(first) + vocab.tokenize(second) != vocab.tokenize(first + second)
    assert list(encode([Segment(first), Segment(second)], vocab).ids) == vocab.tokenize(first + second)


def test_sampled_ids_between_special_tokens_are_used_as_they_are(vocabulary: LoadedVocabulary) -> None:
    vocab, (opening, closing) = vocabulary.vocabulary, vocabulary.special[:2]
    letters = tuple(token for letter in "the hell" for token in one_by_one(vocab, letter))
    assert list(letters) != vocab.tokenize("the hell")
    encoded = encode([Segment(opening), Segment("the hell", letters), Segment(closing)], vocab)
    assert encoded.ids == (*vocab.tokenize(opening), *letters, *vocab.tokenize(closing))
    assert encoded.plain != encoded.ids


def test_ids_of_another_text_are_not_used(vocabulary: LoadedVocabulary) -> None:
    vocab, (opening, closing) = vocabulary.vocabulary, vocabulary.special[:2]
    wrong = tuple(vocab.tokenize("a tale"))
    segments = [Segment(opening), Segment("the hell", wrong), Segment(closing)]
    assert list(encode(segments, vocab).ids) == vocab.tokenize(opening + "the hell" + closing)


def test_ids_that_the_vocabulary_does_not_have_are_not_used(vocabulary: LoadedVocabulary) -> None:
    vocab, (opening, closing) = vocabulary.vocabulary, vocabulary.special[:2]
    segments = [Segment(opening), Segment("the", (10**6, -4)), Segment(closing)]
    assert list(encode(segments, vocab).ids) == vocab.tokenize(opening + "the" + closing)


def test_ids_whose_stretch_ends_inside_a_token_are_not_used(vocabulary: LoadedVocabulary) -> None:
    vocab = vocabulary.vocabulary
    first = tuple(one_by_one(vocab, "\n"))
    segments = [Segment(vocabulary.special[0] + "a"), Segment("\n", first), Segment("\n\n" + vocabulary.special[1])]
    whole = vocab.tokenize(joined(segments))
    assert list(encode(segments, vocab).ids) == whole


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=60))
def test_borders_between_tokens_never_lie_outside_the_text_and_only_grow(
    vocabulary: LoadedVocabulary, text: str
) -> None:
    raw = text.encode("utf-8", "replace")
    borders = token_borders(raw, vocabulary.vocabulary.tokenize(text), vocabulary.vocabulary)
    assert all(0 <= at <= len(raw) for at in borders)
    assert list(borders.values()) == sorted(borders.values())


def one_by_one(vocab: Vocabulary, letter: str) -> list[int]:
    """The ids of a letter that stands alone, without the space that SentencePiece adds."""
    for token in range(vocab.size):
        if vocab.piece(token) == letter.encode() and not vocab.is_special(token):
            return [token]
    raise AssertionError(letter)
