"""Thinking and reply told apart, wherever the stream is cut."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Message, Role
from tavern_tui.domain.thinking import Thinking
from tavern_tui.prompt.inputs import Policy
from tavern_tui.prompt.reasoning import (
    ReasoningSplitter,
    Split,
    at_level,
    softly_switched,
    splitter_for,
    tags_of,
    thoughts_written,
    without_thoughts,
)
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


# Streams that models have been seen to write, and what is told of them whole.
ODD = {
    "opened-twice": ("<think>\n<think>\nHm.</think>Hello.", "Hm.", "Hello."),
    "nested": ("<think>A<think>b</think>c</think>Hello.", "A<think>b</think>c", "Hello."),
    "nested-unclosed": ("<think>A<think>b</think>Hello.", "A<think>b", "Hello."),
    "in-the-middle": ("Well. <think>Hm.</think>Hello.", "Hm.", "Well. Hello."),
    "twice": ("<think>A.</think>One. <think>B.</think>Two.", "A.B.", "One. Two."),
    "never-closed": ("<think>Hm, I", "Hm, I", ""),
    "only-closed": ("Hm.</think>Hello.", "Hm.", "Hello."),
    "empty": ("<think>\n\n</think>\n\nHello.", "", "Hello."),
    "cut-in-the-tag": ("<think>Hm.</thi", "Hm.</thi", ""),
    "other-case": ("<THINK>Hm.</THINK>Hello.", "", "<THINK>Hm.</THINK>Hello."),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_streams_are_told_apart_wherever_they_are_cut(case: str) -> None:
    text, reasoning, reply = ODD[case]
    for at in range(len(text) + 1):
        splitter = fed(text[:at], text[at:])
        assert (splitter.reasoning, splitter.reply) == (reasoning, reply), at


# The same by a model of which nothing says that it thinks.
UNKNOWN = {
    "usual": ("<think>Hm.</think>Hello.", "Hm.", "Hello."),
    "blank-before": ("\n<think>Hm.</think>Hello.", "Hm.", "Hello."),
    "thinking": ("<thinking>Hm.</thinking>Hello.", "Hm.", "Hello."),
    "harmony": (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello.",
        "Hm.",
        "Hello.",
    ),
    "magistral": ("[THINK]Hm.[/THINK]Hello.", "Hm.", "Hello."),
    "only-closed": ("Hm. So.</think>Hello.", "Hm. So.", "Hello."),
    "in-the-middle": ("She writes <think> on the wall.", "", "She writes <think> on the wall."),
    "both-in-the-middle": ("Tags: <think> and </think>.", "", "Tags: <think> and </think>."),
    "closed-twice": ("Hm.</think>A </think> tag.", "Hm.", "A </think> tag."),
    "begins-like-one": ("<think", "", "<think"),
    "nothing": ("", "", ""),
    "blank": ("  ", "", "  "),
    "action": ("*[Thinks]* Hello.", "", "*[Thinks]* Hello."),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_model_of_no_known_family_is_listened_to_at_its_beginning(case: str) -> None:
    text, reasoning, reply = UNKNOWN[case]
    for at in range(len(text) + 1):
        splitter = splitter_for("", "")
        given_out = ["", ""]
        for split in (splitter.feed(text[:at]), splitter.feed(text[at:]), splitter.finish()):
            given_out = ["" if split.reclaimed else given_out[0], given_out[1]]
            given_out = [given_out[0] + split.reply, given_out[1] + split.reasoning]
        assert (splitter.reasoning, splitter.reply) == (reasoning, reply), at
        assert given_out == [reply, reasoning]


def test_a_model_of_no_known_family_thinks_from_the_end_of_its_tag_on() -> None:
    splitter = splitter_for("", "")
    thinking = []
    for piece in ("<thin", "k>"):
        splitter.feed(piece)
        thinking.append(splitter.thinking)
    splitter.finish()
    assert thinking == [False, True]
    assert (splitter.reply, splitter.reasoning) == ("", "")


def test_two_analyses_of_harmony_are_one_thinking_without_its_markup() -> None:
    analysis = "<|channel|>analysis<|message|>"
    text = (
        f"{analysis}A.<|end|><|start|>assistant{analysis}B.<|end|><|start|>assistant<|channel|>final<|message|>Hello."
    )
    splitter = family("gpt-oss")
    splitter.feed(text)
    assert (splitter.reasoning, splitter.reply) == ("A.B.", "Hello.")


THINKERS = sorted(name for name, template in BUILT_IN.items() if template.reasoning_open)


@pytest.mark.parametrize("name", THINKERS)
def test_what_is_written_of_old_thoughts_is_what_the_family_itself_would_have_written(name: str) -> None:
    template = BUILT_IN[name]
    splitter = ReasoningSplitter(template.reasoning_open, template.reasoning_close)
    splitter.feed(thoughts_written(template, "A plan.") + "Hello.")
    splitter.finish()
    assert (splitter.reasoning.strip(), splitter.reply.strip()) == ("A plan.", "Hello.")


def test_old_thoughts_read_as_published() -> None:
    written = {name: thoughts_written(BUILT_IN[name], "T.") for name in THINKERS}
    assert written["Qwen 3"] == "<think>\nT.\n</think>\n\n"
    assert written["DeepSeek V3.1"] == "<think>T.</think>"
    assert written["GLM-4.5"] == "\n<think>T.</think>\n"
    assert written["Magistral"] == "[THINK]T.[/THINK]"
    assert written["gpt-oss"] == (
        "<|channel|>analysis<|message|>T.<|end|><|start|>assistant<|channel|>final<|message|>"
    )


def thought(*texts: str) -> list[Turn]:
    """A chat whose replies were thought of before."""
    return [
        replace(turn, reasoning=f"Plan {at}.") if turn.speaker is Speaker.CHARACTER else turn
        for at, turn in enumerate(chat(*texts))
    ]


@pytest.mark.parametrize(("kept", "there"), [(0, []), (1, ["Plan 2."]), (9, ["Plan 0.", "Plan 2."])])
@pytest.mark.parametrize("name", ["Qwen 3", "GLM-4.5", "gpt-oss", "DeepSeek V3.1"])
def test_as_many_of_the_newest_replies_as_wanted_keep_their_thoughts(name: str, kept: int, there: list[str]) -> None:
    found = plan(prompt_input(thought("Come.", "Hm?", "In.", "Why?"), BUILT_IN[name], kept_thoughts=kept))
    assert [text for text in ("Plan 0.", "Plan 2.") if text in found.text] == there
    assert found.text.count("Come.") == 1
    if kept == 9:
        old = thoughts_written(BUILT_IN[name], "Plan 0.")
        assert f"{old}Come." in found.text
        assert found.tokens == sum(part.tokens for part in found.included)


def test_a_turn_that_was_all_thinking_is_not_in_a_prompt() -> None:
    turns = thought("Come.", "Hm?", "", "Why?")
    assert "assistant\n<|im_end|>" not in plan(prompt_input(turns, BUILT_IN["Qwen 3"])).text
    assert "Come." in plan(prompt_input(turns, BUILT_IN["Qwen 3"])).text


def test_plain_text_and_servers_messages_keep_no_thoughts() -> None:
    assert "Plan" not in plan(prompt_input(thought("Come.", "Hm?"), None, kept_thoughts=9)).text


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("name", ["Qwen 3", "DeepSeek R1", "gpt-oss"])
def test_thoughts_that_are_to_go_on_end_the_prompt(name: str, policy: Policy) -> None:
    template = BUILT_IN[name]
    found = plan(prompt_input(chat("Come.", "Hm?"), template, thoughts="He wants to", policy=policy))
    assert found.text.endswith((template.reasoning_prefill or template.reasoning_open) + "He wants to")
    assert found.thoughts == "He wants to"
    assert plan(prompt_input(chat("Come.", "Hm?"), template, policy=policy)).thoughts == ""


def test_a_family_that_is_told_how_much_to_think_is_told_less() -> None:
    low = at_level(BUILT_IN["gpt-oss"], Thinking.LOW)
    assert "Reasoning: low" in low.story_string_prefix
    assert at_level(BUILT_IN["gpt-oss"], Thinking.ON) == BUILT_IN["gpt-oss"]
    assert at_level(BUILT_IN["Qwen 3"], Thinking.LOW) == BUILT_IN["Qwen 3"]


def test_a_familys_own_words_against_thinking_stand_behind_the_newest_message_of_the_user() -> None:
    said = (Message(Role.SYSTEM, "s"), Message(Role.USER, "a"), Message(Role.ASSISTANT, "b"), Message(Role.USER, "c"))
    told = softly_switched(said, BUILT_IN["Qwen 3"])
    assert [one.content for one in told] == ["s", "a", "b", "c /no_think"]
    assert softly_switched(said, BUILT_IN["gpt-oss"]) == said
    assert softly_switched(said[:1], BUILT_IN["Qwen 3"]) == said[:1]


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("Qwen 3", ("<think>", "</think>")),
        ("Magistral", ("[THINK]", "[/THINK]")),
        ("gpt-oss", ("<|channel|>", "<|message|>", "<|end|>", "<|start|>", "<|return|>")),
    ],
)
def test_the_tags_of_a_family_are_single_ones(name: str, tags: tuple[str, ...]) -> None:
    assert tags_of(BUILT_IN[name].reasoning_open, BUILT_IN[name].reasoning_close) == tags
