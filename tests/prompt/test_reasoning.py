"""Thinking and reply told apart, wherever the stream is cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.prompt.reasoning import ReasoningSplitter, Split


def fed(*pieces: str, thinking: bool = False) -> ReasoningSplitter:
    splitter = ReasoningSplitter(thinking=thinking)
    for piece in pieces:
        splitter.feed(piece)
    splitter.finish()
    return splitter


def test_what_stands_between_the_tags_is_thinking() -> None:
    splitter = fed("<think>\nHm.\n</think>\n\nHello.")
    assert (splitter.reasoning, splitter.reply) == ("Hm.\n", "Hello.")


def test_a_prompt_that_opened_the_tag_starts_in_thinking() -> None:
    splitter = fed("Hm.</think>Hello.", thinking=True)
    assert (splitter.reasoning, splitter.reply) == ("Hm.", "Hello.")


def test_a_closing_tag_alone_makes_all_before_it_thinking() -> None:
    splitter = ReasoningSplitter()
    assert splitter.feed("Hm. ") == Split(reply="Hm. ")
    assert splitter.feed("So.</think>Hello.") == Split(reply="Hello.", reasoning="Hm. So.", reclaimed=True)
    assert (splitter.reasoning, splitter.reply) == ("Hm. So.", "Hello.")


def test_a_second_closing_tag_takes_nothing_back() -> None:
    splitter = fed("<think>Hm.</think>Hello. </think>Bye.")
    assert (splitter.reasoning, splitter.reply) == ("Hm.", "Hello. Bye.")


def test_a_possible_tag_is_held_back_until_it_is_known() -> None:
    splitter = ReasoningSplitter()
    assert splitter.feed("a <th") == Split(reply="a ")
    assert splitter.feed("ree") == Split(reply="<three")
    assert splitter.feed("<") == Split()
    assert splitter.finish() == Split(reply="<")


def test_an_unfinished_thought_is_no_reply() -> None:
    splitter = fed("<think>Hm, I")
    assert splitter.thinking
    assert (splitter.reasoning, splitter.reply) == ("Hm, I", "")


def test_without_tags_everything_is_the_reply() -> None:
    splitter = ReasoningSplitter("", "")
    assert splitter.feed("<think>x") == Split(reply="<think>x")


STREAM = st.lists(st.sampled_from(["<think>", "</think>", "<", "think", ">", "a", "\n", " "]), max_size=14).map("".join)


@given(STREAM, st.booleans(), st.lists(st.integers(0, 60), max_size=8))
def test_the_result_does_not_depend_on_where_the_stream_is_cut(text: str, thinking: bool, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    whole, cut = fed(text, thinking=thinking), fed(*pieces, thinking=thinking)
    assert (whole.reply, whole.reasoning) == (cut.reply, cut.reasoning)


@given(STREAM)
def test_what_was_given_out_adds_up_to_the_whole(text: str) -> None:
    splitter = ReasoningSplitter()
    reply = reasoning = ""
    for split in [*(splitter.feed(character) for character in text), splitter.finish()]:
        reply = split.reply if split.reclaimed else reply + split.reply
        reasoning += split.reasoning
    assert (reply, reasoning) == (splitter.reply, splitter.reasoning)
