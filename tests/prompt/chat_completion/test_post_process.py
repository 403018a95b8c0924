"""Messages for servers that do not take every list of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.chat_completion import PostProcessing
from tavern_tui.domain.request import Message, Role
from tavern_tui.prompt.chat_completion.post_process import OPENING_TURN, Speakers, post_process
from tests.prompt.chat_completion.chats import chat_plan, preset, sent, shown, story, turns

S, U, A = Role.SYSTEM, Role.USER, Role.ASSISTANT
TWO = Speakers("Tom", "Mira", ("Ada",))
LIST = (
    Message(S, "MAIN"),
    Message(S, "q", "example_user"),
    Message(S, "r", "example_assistant"),
    Message(A, "g"),
    Message(S, "note"),
    Message(U, "u1", "Tom"),
    Message(U, "u2", "Tom"),
    Message(S, "PHI"),
)
CHANGING = [how for how in PostProcessing if how is not PostProcessing.NONE]


def made(how: PostProcessing, *messages: Message) -> list[str]:
    return shown(post_process(messages or LIST, how, TWO))


def test_none_leaves_everything_as_it_is() -> None:
    assert post_process(LIST, PostProcessing.NONE, TWO) == LIST


def test_merge_joins_neighbours_of_one_role_and_says_names_in_the_text() -> None:
    assert made(PostProcessing.MERGE) == [
        "s MAIN\n\nTom: q\n\nMira: r", "a g", "s note", "u Tom: u1\n\nTom: u2", "s PHI",
    ]  # fmt: skip


def test_semi_leaves_one_system_message_at_the_beginning() -> None:
    assert made(PostProcessing.SEMI) == [
        "s MAIN\n\nTom: q\n\nMira: r", "a g", "u note\n\nTom: u1\n\nTom: u2\n\nPHI",
    ]  # fmt: skip


def test_strict_lets_the_user_speak_first() -> None:
    assert made(PostProcessing.STRICT) == [
        "s MAIN\n\nTom: q\n\nMira: r", f"u {OPENING_TURN}", "a g", "u note\n\nTom: u1\n\nTom: u2\n\nPHI",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((Message(A, "g"),), [f"u {OPENING_TURN}", "a g"]),
        ((Message(S, "x"),), ["s x", f"u {OPENING_TURN}"]),
        ((Message(U, "x"),), ["u x"]),
        ((Message(S, "x"), Message(U, "y")), ["s x", "u y"]),
    ],
)
def test_strict_adds_a_placeholder_only_where_the_user_is_missing(
    messages: tuple[Message, ...], expected: list[str]
) -> None:
    assert made(PostProcessing.STRICT, *messages) == expected


def test_single_is_one_message_of_the_users_with_all_names() -> None:
    assert made(PostProcessing.SINGLE) == [
        "u MAIN\n\nTom: q\n\nMira: r\n\nMira: g\n\nnote\n\nTom: u1\n\nTom: u2\n\nPHI"
    ]


def test_claude_has_no_system_messages() -> None:
    assert made(PostProcessing.CLAUDE) == [
        "u MAIN\n\nTom: q\n\nMira: r", "a g", "u note\n\nTom: u1\n\nTom: u2\n\nPHI",
    ]  # fmt: skip


def test_a_name_that_the_text_begins_with_is_not_said_twice() -> None:
    said = (Message(S, "Mira: r", "example_assistant"), Message(A, "Mira: g"), Message(A, "Ada: x"))
    assert made(PostProcessing.SINGLE, *said) == ["u Mira: r\n\nMira: g\n\nAda: x"]


def test_a_name_of_the_systems_that_is_no_speakers_is_dropped() -> None:
    assert made(PostProcessing.MERGE, Message(S, "Rain.", "Narrator")) == ["s Rain."]


@pytest.mark.parametrize("how", CHANGING)
def test_there_is_always_a_message(how: PostProcessing) -> None:
    assert made(how, Message(U, "")) == [f"u {OPENING_TURN}"]


LISTS = st.lists(
    st.builds(
        Message, st.sampled_from(Role), st.text(alphabet="ab \n", max_size=4), st.sampled_from(["", "Tom", "Ada"])
    ),
    min_size=1,
    max_size=9,
)


@forall(LISTS, st.sampled_from(CHANGING))
def test_no_two_neighbours_have_one_role_and_nothing_is_lost(messages: list[Message], how: PostProcessing) -> None:
    found = post_process(messages, how, TWO)
    assert all(one.role is not other.role for one, other in pairwise(found))
    assert not any(one.name for one in found)
    whole = "\n\n".join(one.content for one in found)
    assert all(one.content in whole for one in messages)


@forall(LISTS)
def test_strict_lists_begin_with_the_user_after_one_system_message_and_take_turns(messages: list[Message]) -> None:
    roles = [one.role for one in post_process(messages, PostProcessing.STRICT, TWO)]
    spoken = roles[1:] if roles[0] is S else roles
    assert spoken[0] is U
    assert S not in spoken


@forall(LISTS, st.sampled_from(CHANGING))
def test_a_second_pass_changes_nothing(messages: list[Message], how: PostProcessing) -> None:
    once = post_process(messages, how, Speakers())
    assert post_process(once, how, Speakers()) == once


class TestInAPlan:
    """A preset's post-processing is in the messages of its plan."""

    CHAT = turns("g", "u1")

    def test_what_is_sent_is_processed(self) -> None:
        made = sent(story(self.CHAT), preset(custom_prompt_post_processing=PostProcessing.SEMI))
        assert [text[0] for text in made] == ["s", "a", "u"]

    def test_a_strict_server_gets_it_strict_whatever_the_preset_says(self) -> None:
        for how in (PostProcessing.NONE, PostProcessing.MERGE):
            plan = chat_plan(story(self.CHAT), preset(custom_prompt_post_processing=how))
            assert [one.role for one in plan.messages(strict=True)] == [S, U, A, U]
