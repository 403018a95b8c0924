"""Finishing the sentence: where sentences end, and a reply that reaches its length."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.prompt.sentences import SentenceFinisher, finish_sentence, sentence_ends

CUT = [
    ("Hello there. And then", "Hello there."),
    ("Really?! She", "Really?!"),
    ("I met Mr. Smith and Dr. Jones. He", "I met Mr. Smith and Dr. Jones."),
    ("J. R. Tolkien wrote 3.5 books. He", "J. R. Tolkien wrote 3.5 books."),
    ("So did I. He", "So did I."),
    ("Well... you know. I", "Well... you know."),
    ("She waits... Then", "She waits..."),
    ("“Wait…” she whispers, “do", "“Wait…”"),
    ('She said "Hello." and left. The', 'She said "Hello." and left.'),
    ('"Who are you?" he asks, and', '"Who are you?"'),
    ("*waves* and", "*waves*"),
    ("I *really* want to go. Or", "I *really* want to go."),
    ("**Stop!** The", "**Stop!**"),
    ("(He was gone.) The", "(He was gone.)"),
    ("1. First.\n2. Second", "1. First."),
    ("A verse without a mark\nand then", "A verse without a mark"),
    ("She listed:\nred,\nblue", "She listed:\nred,\nblue"),
    ("彼は笑った。「行こう。」そして", "彼は笑った。「行こう。」"),
    ("क्या हुआ। फिर", "क्या हुआ।"),
    ("ماذا؟ ثم", "ماذا؟"),
    ("No end here", "No end here"),
    ("www.example.com is", "www.example.com is"),
]


@pytest.mark.parametrize(("text", "finished"), CUT)
def test_a_text_is_cut_after_its_last_sentence(text: str, finished: str) -> None:
    assert finish_sentence(text) == finished


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("*She walks to the door. Then she", "*She walks to the door.*"),
        ('"I know you. You', '"I know you."'),
        ("“I know you. You", "“I know you.”"),
        ('*She nods.* "Come in. It', '*She nods.* "Come in."'),
        ("* a list item. With", "* a list item."),
    ],
)
def test_marks_that_the_cut_leaves_open_are_closed(text: str, finished: str) -> None:
    assert finish_sentence(text) == finished


@given(st.text(alphabet='ab .!?*"\n。', max_size=80))
def test_a_finished_text_is_the_beginning_of_the_text_with_at_most_closing_marks(text: str) -> None:
    finished = finish_sentence(text)
    assert text.startswith(finished.rstrip('*"'))


@given(st.text(alphabet='ab .!?*"\n。', max_size=80), st.integers(0, 80))
def test_ends_are_the_same_wherever_the_search_starts(text: str, start: int) -> None:
    assert list(sentence_ends(text, start)) == [end for end in sentence_ends(text) if end >= start]


def streamed(text: str, limit: int) -> SentenceFinisher:
    """The finisher after a stream that was stopped when it said so or at its greatest length."""
    finisher = SentenceFinisher(limit)
    for token in re.findall(r"\s?[^\s]+|\s", text)[: finisher.most_tokens]:
        if finisher.feed(token):
            break
    return finisher


def test_a_reply_may_run_a_quarter_longer_to_end_its_sentence() -> None:
    finisher = streamed("One two three four five six seven eight nine. Ten eleven twelve", limit=8)
    assert finisher.most_tokens == 10
    assert finisher.text(ended=False) == "One two three four five six seven eight nine."


def test_a_reply_that_finds_no_end_is_cut_back() -> None:
    finisher = streamed("One. Two three four five six seven eight nine ten eleven.", limit=8)
    assert finisher.text(ended=False) == "One."
    assert finisher.raw == "One. Two three four five six seven eight nine ten"


def test_a_reply_whose_length_ends_with_a_sentence_stops_there() -> None:
    finisher = streamed("One two three four. Five six", limit=4)
    assert finisher.text(ended=False) == "One two three four."


def test_a_shorter_reply_is_left_alone() -> None:
    finisher = streamed("Well, maybe", limit=8)
    assert finisher.text(ended=True) == "Well, maybe"


def test_an_end_is_taken_only_when_the_text_goes_on_behind_it() -> None:
    finisher = SentenceFinisher(1)
    assert not finisher.feed("It is 3")
    assert not finisher.feed(".")
    assert not finisher.feed("5 miles")
    assert not finisher.feed(".")
    assert not finisher.feed('"')
    assert finisher.feed(" He")
    assert finisher.text(ended=False).startswith("It is 3.5 miles.")


@given(st.lists(st.sampled_from(["a", " b", ".", "!", " ", "\n", '"', "*", "..."]), max_size=40), st.integers(1, 20))
def test_the_raw_text_is_always_kept(tokens: list[str], limit: int) -> None:
    finisher = SentenceFinisher(limit)
    fed = ""
    for token in tokens:
        fed += token
        if finisher.feed(token):
            break
    assert finisher.raw == fed


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        ('*She nods.* "It is next year."* And then', '*She nods.* "It is next year."'),
        ('*He waits.* "Well?" "', '*He waits.* "Well?"'),
        ("*She nods and waits.", "*She nods and waits.*"),
    ],
)
def test_a_mark_that_opens_nothing_is_dropped_and_one_that_opens_something_is_closed(cut: str, whole: str) -> None:
    assert finish_sentence(cut) == whole
