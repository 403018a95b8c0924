"""Finding words in turns: which count as found, in which order, and that the fast way agrees with the exact one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.session.finding import Query, look_through, query_for


def query(text: str) -> Query:
    found = query_for(text)
    assert found is not None
    return found


def turn(identity: str, text: str) -> Turn:
    return Turn(identity, "", Speaker.CHARACTER, "Bess", text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("lantern", "The Crooked Lantern."),
        ("LANTERN", "a lantern"),
        ("crooked lantern", "The Crooked\nLantern."),
        ("crooked lantern", "the crooked *lantern*"),
        ('up. "pie', '*She looks up.* "Pie, then?"'),
        ("  lantern  ", "lantern"),
        ("tern", "lantern"),
        ("(2+2)", "so (2+2) is"),
        ("éclair", "ÉCLAIR"),
        ("ÉCLAIR", "éclair"),
        ("мост", "Мост упал."),
        ("橋はもう", "“橋はもうない,”"),
        ("ça va ?", "Ça va\u202f? »"),
        ("ſo", "ſo"),
    ],
)
def test_words_are_found_as_they_stand_whatever_their_capitals(words: str, text: str) -> None:
    assert query(words).is_in(text)
    assert query(words).pattern.search(text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("lantern crooked", "crooked lantern"),
        ("crooked lantern", "crooked old lantern"),
        ("crooked lantern", "crookedlantern"),
        ("l.ntern", "lantern"),
        ("lantern", ""),
    ],
)
def test_other_words_are_not_found(words: str, text: str) -> None:
    assert not query(words).is_in(text)
    assert not query(words).pattern.search(text)


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_without_a_word_there_is_nothing_to_search_for(text: str) -> None:
    assert query_for(text) is None


def test_what_was_typed_is_kept_with_one_blank_between_words() -> None:
    assert query(" the   bridge ").text == "the bridge"


letters = st.text(st.sampled_from("aAbB ßẞéÉiİıIKkKſsSͅΣσςǅ*`\n\u00a0.,“”é"), max_size=12)


@given(letters, letters)
@example("i", "İ")
@example("ß", "ẞ")
@example("s", "ſ")
def test_the_fast_way_finds_what_the_pattern_finds(words: str, text: str) -> None:
    found = query_for(words)
    if found is not None:
        assert found.is_in(text) == (found.pattern.search(text) is not None)


@given(st.text(min_size=1), st.text(), st.text())
def test_a_text_is_found_in_every_text_that_holds_it(words: str, before: str, after: str) -> None:
    found = query_for(words)
    if found is not None:
        held = before + found.text + after
        assert found.is_in(held)
        assert any(match.start() <= len(before) for match in found.pattern.finditer(held))


@given(st.text())
def test_any_text_can_be_searched_for(words: str) -> None:
    found = query_for(words)
    assert found is None or isinstance(found.pattern, re.Pattern)


def test_turns_are_looked_at_in_the_order_given_and_only_when_asked_for() -> None:
    looked: list[str] = []

    def turns() -> Iterator[Turn]:
        for identity, text in (("3", "a lantern"), ("2", "nothing"), ("1", "Lantern again")):
            looked.append(identity)
            yield turn(identity, text)

    answers = look_through(turns(), query("lantern"))
    assert next(answers) == "3"
    assert looked == ["3"]
    assert list(answers) == [None, "1"]
