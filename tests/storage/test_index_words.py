"""Words as the index knows them: the same that SQLite cuts a text into, and where they stand in it."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.storage.index import has_full_text
from tavern_tui.storage.index_words import folded_text, parted, tokens_of, word_query

LETTERS = "aZ09_-'*\" \n.éÉÖßñçẞœøлЙщαΩά日本がカ中e\u0301語—“”"


@pytest.fixture(scope="module")
def cut() -> sqlite3.Connection:
    """A table whose words can be asked for."""
    assert has_full_text()
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='unicode61 remove_diacritics 2')")
    db.execute("CREATE VIRTUAL TABLE places USING fts5vocab(words, instance)")
    return db


@settings(max_examples=60)
@given(text=st.text(LETTERS, max_size=30))
def test_a_text_is_cut_into_the_words_that_sqlite_finds(cut: sqlite3.Connection, text: str) -> None:
    cut.execute("DELETE FROM words")
    cut.execute("INSERT INTO words VALUES(?)", (parted(text),))
    found = [term for (term,) in cut.execute("SELECT term FROM places ORDER BY offset")]
    assert tokens_of(text) == found


@settings(max_examples=60)
@given(text=st.text(LETTERS, max_size=30), typed=st.text(LETTERS, max_size=8))
def test_what_sqlite_finds_is_what_is_marked(cut: sqlite3.Connection, text: str, typed: str) -> None:
    query = word_query(typed)
    if query is None:
        return
    cut.execute("DELETE FROM words")
    cut.execute("INSERT INTO words VALUES(?)", (parted(text),))
    found = cut.execute("SELECT 1 FROM words WHERE words MATCH ?", (query.match,)).fetchone() is not None
    assert query.is_in(text) == found
    assert bool(query.marks(text)) >= found


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("lamp", "A Lamp, two lamps.", ["Lamp", "lamps"]),
        ("lamp ", "A Lamp, two lamps.", ["Lamp"]),
        ("lamp*  road", "two lamps on a road", ["lamps", "road"]),
        ("la", "la lamp", ["la"]),
        ('"red door"', "a red, red *door*", ["red *door"]),
        ("cafe", "Le Café!", ["Café"]),
        ("don't", "I don't; I do.", ["don't"]),
        ("日本", "昔の日本の本", ["日本"]),
        ('"unfinished phr', "an unfinished phr here", ["unfinished phr"]),
    ],
    ids=["beginning", "whole", "star", "short", "phrase", "accent", "apostrophe", "han", "open"],
)
def test_words_are_marked_where_they_stand(typed: str, text: str, marked: list[str]) -> None:
    query = word_query(typed)
    assert query is not None
    assert [text[a:b] for a, b in query.marks(text)] == [mark if mark != "lamps" else "lamp" for mark in marked]


@pytest.mark.parametrize("typed", ["", "   ", "—", '"', '""', "*", "' -"])
def test_where_there_is_no_word_there_is_no_query(typed: str) -> None:
    assert word_query(typed) is None


def test_a_query_of_any_length_has_few_words() -> None:
    query = word_query("wo " * 100_000)
    assert query is not None
    assert len(query.terms) == 32


def test_letters_know_the_place_that_they_come_from() -> None:
    folded, places = folded_text("İe\u0301x")
    assert [(letter, places[place]) for place, letter in enumerate(folded)] == [("i", 0), ("e", 1), ("x", 3)]
