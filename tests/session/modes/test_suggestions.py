"""Suggested actions: what is asked, what is read of the answer, and that nothing of it is a turn."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import EngineError
from tavern_tui.domain.request import joined
from tavern_tui.session.modes.choosing import set_mode
from tavern_tui.session.modes.suggestions import read_suggestions, suggestions
from tests.session.conftest import Opener, fake_of


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (
            "1. Open the door.\n2. Look under the bed.\n3. Call out.",
            ("open the door", "look under the bed", "call out"),
        ),
        (" Open the door\nLook\nWait\nRun", ("open the door", "look", "wait")),
        ("- You open the door\n- You could run\n* **Wait**", ("open the door", "run", "wait")),
        ("1. Run 2. Hide 3. Shout", ("run", "hide", "shout")),
        ("Here are three actions:\n1) Run\n2) run\n3) Hide", ("run", "hide")),
        ("> look round", ("look round",)),
        (' "1. You could wave\n(2) - B) Sing."', ("wave", "sing")),
        ("1. Ask Mira\n\n2. “Leave”", ("ask Mira", "leave")),
        ("", ()),
        ("\n1.\n2.\n---", ()),
        ("a" * 10_000, ("a" * 90,)),
        ("1. " + "go on and " * 30, (("go on and " * 8 + "go on and").rstrip(),)),
        ("NASA calls", ("NASA calls",)),
    ],
    ids=range(13),
)
def test_what_is_read_of_an_answer(answer: str, found: tuple[str, ...]) -> None:
    assert read_suggestions(answer) == found


async def test_the_question_stands_below_the_prompt_and_the_answer_is_no_turn(begin: Opener) -> None:
    session = begin("1. Run\n2. Hide\n3. Shout")
    await session.open()
    await set_mode(session, "adventure")
    prompt, turns, events = (await session.plan()).text, len(session.tree.turns), len(session.log.events)
    assert await suggestions(session) == ("run", "hide", "shout")
    [request] = fake_of(session).requests
    assert joined(request.prompt).startswith(prompt.removesuffix("<|im_start|>assistant\n"))
    assert joined(request.prompt).endswith("<|im_start|>assistant\n1.")
    assert request.chat == session.log.key
    assert (request.sampling.temperature, request.sampling.dry_multiplier) == (0.6, 0.0)
    assert (len(session.tree.turns), len(session.log.events)) == (turns, events)


async def test_a_model_that_names_nothing_is_said_to(begin: Opener) -> None:
    session = begin("...")
    await session.open()
    with pytest.raises(EngineError, match="The model named nothing to do"):
        await suggestions(session)
