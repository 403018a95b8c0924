"""The writing: any text goes in and comes out to the letter, and nothing of it can drive a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tavern_tui.domain.display import safe
from tavern_tui.ui.composer.folds import Folds, fold_label
from tests.hostile import HOSTILE, driving_characters

ODD = "\x00\x1b\r\x0b\x0c\x1c\x85\u2028\u2029\u202e\u2066\ufeff\ud800\U000e0041\U00100000\U0010fffc\U0010fffd\U0010ffff"
TEXTS = st.text(st.one_of(st.sampled_from("ab \t\n⧉橋"), st.sampled_from(ODD), st.characters()))


@given(TEXTS)
def test_a_text_comes_back_from_the_writing_to_the_letter(text: str) -> None:
    folds = Folds()
    assert folds.full(folds.written(text)) == text


@given(TEXTS)
def test_what_is_written_has_a_sign_for_each_character_and_lines_end_only_at_newlines(text: str) -> None:
    written = Folds().written(text)
    assert len(written) == len(text)
    assert written.splitlines() == written.removesuffix("\n").split("\n") if written else True
    assert safe(written) == written


@given(TEXTS)
def test_what_is_shown_is_as_long_as_what_is_written_and_safe(text: str) -> None:
    folds = Folds()
    written = folds.written(text)
    shown = folds.shown(written)
    assert len(shown) == len(written)
    assert safe(shown) == shown


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_shown_harmless_with_one_cell_for_each_of_its_characters(text: str) -> None:
    folds = Folds()
    shown = folds.shown(folds.written(text))
    assert driving_characters(shown.encode()) == []
    assert cell_len(shown) == len(text)


def test_controls_are_shown_by_their_pictures() -> None:
    folds = Folds()
    assert folds.shown(folds.written("a\x1b[31m\r\x7f\u202eb")) == "a␛[31m␍␡�b"


@given(st.lists(st.tuples(TEXTS, st.booleans())))
def test_folds_and_text_between_them_come_back_together(parts: list[tuple[str, bool]]) -> None:
    folds = Folds()
    written = "".join(folds.folded(text) if folded else folds.written(text) for text, folded in parts)
    assert folds.full(written) == "".join(text for text, _ in parts)
    assert [fold.text for fold in folds.folds(written)] == [text for text, folded in parts if folded]
    assert len(folds.shown(written)) == len(written)


def test_a_fold_is_shown_by_its_label() -> None:
    folds = Folds()
    written = "see " + folds.folded("x" * 14_212) + " there"
    assert folds.shown(written) == "see ⧉ pasted 14,212 characters there"


def test_a_label_may_have_another_mark_where_the_terminal_has_few_signs() -> None:
    folds = Folds("+")
    assert folds.shown(folds.folded("x" * 3_000)) == "+ pasted 3,000 characters"


def test_a_counted_fold_keeps_room_for_its_tokens_and_shows_them_when_they_come() -> None:
    folds = Folds()
    fold = folds.folded("x" * 14_212, counted=True)
    before = folds.shown(fold)
    folds.set_tokens(fold, 2_980)
    assert before.rstrip() == "⧉ pasted 14,212 characters"
    assert folds.shown(fold).rstrip() == "⧉ pasted 14,212 characters (2,980 tokens)"
    assert len(folds.shown(fold)) == len(before) == len(fold)


def test_a_number_of_tokens_that_finds_no_room_is_left_out() -> None:
    folds = Folds()
    fold = folds.folded("語" * 2_001)
    folds.set_tokens(fold, 4_000)
    assert folds.shown(fold) == fold_label(2_001)


def test_a_number_of_tokens_that_comes_after_the_text_was_sent_is_forgotten() -> None:
    folds = Folds()
    fold = folds.folded("x" * 3_000, counted=True)
    folds.clear()
    folds.set_tokens(fold, 700)
    assert folds.shown("plain") == "plain"


def test_a_column_is_inside_of_a_fold_or_at_its_beginning() -> None:
    folds = Folds()
    fold = folds.folded("x" * 3_000)
    line = f"ab{fold}c"
    start, end = 2, 2 + len(fold)
    assert [column for column in range(len(line) + 1) if folds.around(line, column)] == list(range(start + 1, end))
    assert [column for column in range(len(line) + 1) if folds.starting(line, column)] == [start]


def test_characters_shown_as_others_are_told_apart_from_folds() -> None:
    folds = Folds()
    written = folds.written("a\x1b\x1bb") + folds.folded("x" * 3_000) + folds.written("\x07")
    assert list(folds.odd(written)) == [(1, 3), (len(written) - 1, len(written))]
