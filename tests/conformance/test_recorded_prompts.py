"""Under ``classic`` the prompts are SillyTavern's, byte for byte, and the replies are stored as it stores them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.played import Played
from tests.conformance.recorded import CASES, files, read
from tests.prompt.builders import plan


def test_the_cases_are_there() -> None:
    assert len(files(CASES, "text")) >= 212


@pytest.mark.recorded("text")
def test_prompts_and_replies_are_those_that_were_recorded(recorded_case: Path) -> None:
    recorded = read(recorded_case)
    played = Played(recorded["case"], recorded["expected"].get("chat_at_start") or ())
    expected = iter(recorded["expected"]["requests"])
    for step, after in zip(recorded["case"]["steps"], recorded["expected"]["after"], strict=True):
        for given in played.prompts(step):
            request = next(expected)
            assert given.character.name == request["character"]
            made = plan(given)
            fired = [(one.book, one.uid) for one in made.fired]
            assert fired == [(one["world"], one["uid"]) for one in request["activated_world_info"]]
            assert made.text == request["prompt"]
            assert made.stop == tuple(request["stop"])
            assert made.context_tokens == request["max_context_length"]
            assert made.response_tokens == request["max_length"]
            assert made.tokens == request["prompt_tokens"]
            played.answer(made)
        stored = played.after()
        assert {name: stored[name] for name in after if name != "step"} == {
            name: value for name, value in after.items() if name != "step"
        }
    assert next(expected, None) is None
