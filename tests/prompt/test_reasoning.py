"""Thinking and reply told apart, wherever the stream is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.prompt.inputs import Policy
from tavern_tui.prompt.reasoning import ReasoningSplitter, Split, without_thoughts
from tavern_tui.prompt.templates import BUILT_IN
from tests.prompt.builders import chat, plan
from tests.prompt.builders import given as prompt_input


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


# What models of each family have been seen to write, and how it is told apart.
WRITTEN = {
    "Qwen 3": ("<think>\nHm.\n</think>\n\nHello.", "Hm.\n", "Hello."),
    "Magistral": ("[THINK]Hm.[/THINK]Hello.", "Hm.", "Hello."),
    "Seed-OSS": ("<seed:think>Hm.</seed:think>Hello.", "Hm.", "Hello."),
    "Gemma 4": ("<|channel>thought\nHm.\n<channel|>Hello.", "Hm.\n", "Hello."),
    "gpt-oss": (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello.<|return|>",
        "Hm.",
        "Hello.",
    ),
    "Command A": (
        "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Hello.<|END_RESPONSE|>",
        "Hm.",
        "Hello.",
    ),
    "Solar Open": ("<|think|>Hm.<|end|><|begin|>assistant<|content|>Hello.", "Hm.", "Hello."),
    "GLM-4.5": ("\n<think>Hm.</think>\nHello.", "Hm.", "\nHello."),
}


def family(name: str) -> ReasoningSplitter:
    return ReasoningSplitter(BUILT_IN[name].reasoning_open, BUILT_IN[name].reasoning_close)


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_the_thinking_of_every_family_is_told_apart_letter_by_letter(name: str) -> None:
    text, reasoning, reply = WRITTEN[name]
    splitter = family(name)
    for letter in text:
        splitter.feed(letter)
    splitter.finish()
    assert (splitter.reasoning, splitter.reply) == (reasoning, reply)


def test_harmony_may_think_in_several_channels_or_in_none() -> None:
    splitter = family("gpt-oss")
    splitter.feed("<|channel|>analysis<|message|>A.<|end|><|start|>assistant<|channel|>commentary<|message|>B.<|end|>")
    splitter.feed("<|start|>assistant<|channel|>final<|message|>Hello.")
    assert (splitter.reasoning, splitter.reply) == ("A.B.", "Hello.")
    straight = family("gpt-oss")
    straight.feed("<|channel|>final<|message|>Hello.")
    assert (straight.reasoning, straight.reply) == ("", "Hello.")


HARMONY = st.lists(
    st.sampled_from(
        [
            "<|channel|>analysis<|message|>",
            "<|channel|>final<|message|>",
            "<|end|>",
            "<|start|>assistant",
            "<|",
            "a",
            "\n",
        ]
    ),
    max_size=10,
).map("".join)


@given(HARMONY)
def test_markup_between_channels_is_dropped_wherever_the_stream_is_cut(text: str) -> None:
    whole, cut = family("gpt-oss"), family("gpt-oss")
    whole.feed(text)
    whole.finish()
    for letter in text:
        cut.feed(letter)
    cut.finish()
    assert (whole.reply, whole.reasoning) == (cut.reply, cut.reasoning)
    assert "<|end|>" not in whole.reply + whole.reasoning


@pytest.mark.parametrize(
    ("stored", "left"),
    [
        ("<think>\nHm.\n</think>\n\nHello.", "Hello."),
        ("Hm.</think>Hello.", "Hello."),
        ("Hello.", "Hello."),
        ("She wrote <think> and </think> on the wall.", "She wrote <think> and </think> on the wall."),
        ("<think>Hm, I", "<think>Hm, I"),
        ("<think>Hm.</think>", ""),
    ],
)
def test_thinking_at_the_beginning_of_a_stored_reply_is_no_part_of_it(stored: str, left: str) -> None:
    assert without_thoughts(stored) == left


def test_a_familys_own_tags_are_taken_off_too() -> None:
    assert without_thoughts("[THINK]Hm.[/THINK]Hello.", "[THINK]", "[/THINK]") == "Hello."
    assert without_thoughts("[THINK]Hm.[/THINK]Hello.") == "[THINK]Hm.[/THINK]Hello."


def test_thoughts_of_the_past_are_not_in_a_prompt() -> None:
    turns = chat("<think>A secret plan.</think>Come in.", "<think>Mine.</think>Thanks.")
    for template in (BUILT_IN["Qwen 3"], BUILT_IN["Alpaca"], None):
        text = plan(prompt_input(turns, template)).text
        assert "secret" not in text
        assert "Come in." in text
        assert "<think>Mine.</think>Thanks." in text
        assert "secret" in plan(prompt_input(turns, template, policy=Policy.CLASSIC)).text
