"""Messages in the order of roles that a chat API takes: no text is lost, and the order is as asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.request import Message, Role
from tavern_tui.engines.dialects import Roles
from tavern_tui.engines.roles import arranged

talk = st.lists(
    st.builds(Message, st.sampled_from(Role), st.text("ab", min_size=1, max_size=3), st.sampled_from(["", "Mira"])),
    min_size=1,
    max_size=8,
).map(tuple)


@settings(max_examples=25)
@given(talk, st.sampled_from(Roles))
def test_every_text_is_there_in_its_place(messages: tuple[Message, ...], roles: Roles) -> None:
    found = "".join(one.content for one in arranged(messages, roles))
    assert found.replace("[Start]", "").replace("\n\n", "") == "".join(one.content for one in messages)


@settings(max_examples=25)
@given(talk)
def test_turns_are_taken_and_the_user_begins(messages: tuple[Message, ...]) -> None:
    found = [one.role for one in arranged(messages, Roles.ALTERNATING)]
    turns = found[1:] if found[0] is Role.SYSTEM else found
    assert turns == [(Role.USER, Role.ASSISTANT)[place % 2] for place in range(len(turns))]
    assert turns


@settings(max_examples=25)
@given(talk)
def test_system_messages_stand_at_the_beginning_where_only_there_they_may(messages: tuple[Message, ...]) -> None:
    found = [one.role for one in arranged(messages, Roles.SYSTEM_FIRST)]
    assert len(found) == len(messages)
    assert Role.SYSTEM not in found[found.count(Role.SYSTEM) :]


def test_a_message_of_two_speakers_has_no_name() -> None:
    messages = (Message(Role.USER, "a", "Alex"), Message(Role.USER, "b", "Mira"))
    assert arranged(messages, Roles.ALTERNATING) == (Message(Role.USER, "a\n\nb"),)


@pytest.mark.parametrize("roles", Roles, ids=lambda roles: roles.value)
def test_names_go_where_a_server_takes_none(roles: Roles) -> None:
    assert arranged((Message(Role.USER, "a", "Alex"),), roles, names=False) == (Message(Role.USER, "a"),)
