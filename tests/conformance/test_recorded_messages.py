"""Under ``classic`` the messages of a chat completion are SillyTavern's, and replies are stored as it stores them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.recorded import CASES, files, read
from tests.conformance.recorded_messages import PlayedMessages, sent
from tests.prompt.chat_completion.chats import chat_plan


def test_the_cases_are_there() -> None:
    assert len(files(CASES, "chat")) >= 18


@pytest.mark.recorded("chat")
def test_messages_and_replies_are_those_that_were_recorded(recorded_case: Path) -> None:
    recorded = read(recorded_case)
    played = PlayedMessages(recorded["case"])
    expected = iter(recorded["expected"]["requests"])
    for step, after in zip(recorded["case"]["steps"], recorded["expected"]["after"], strict=True):
        for given in played.prompts(step):
            request = next(expected)
            assert given.character.name == request["character"]
            made = chat_plan(given, played.preset)
            fired = [(one.book, one.uid) for one in made.fired]
            assert fired == [(one["world"], one["uid"]) for one in request["activated_world_info"]]
            assert [sent(message) for message in made.messages()] == request["messages"]
            assert (list(made.stop) or None) == request["stop"]
            assert made.response_tokens == request["max_tokens"]
            assert made.context_tokens == request["max_context_length"]
            played.answer(made)
        stored = played.after()
        assert {name: stored[name] for name in after if name != "step"} == {
            name: value for name, value in after.items() if name != "step"
        }
    assert next(expected, None) is None
