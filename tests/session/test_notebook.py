"""A chat's notebook: kept with the chat, and never read by a model."""

from __future__ import annotations

import pytest

from tavern_tui.domain.request import joined
from tavern_tui.session.notebook import MOST_CHARACTERS, NOTEBOOK, notebook_of, notebook_set, with_line
from tests.session.conftest import Opener, collect, fake_of

SECRET = "Xanthippe is the murderer"


@pytest.mark.parametrize("policy", ["economy", "classic"])
async def test_nothing_in_it_is_ever_part_of_a_prompt(begin: Opener, policy: str) -> None:
    session = begin("One.", "Two.", policy=policy)
    await session.open()
    event = notebook_set(session.tree, f"{SECRET} {{{{user}}}}")
    assert event is not None
    await session.changes.write(event)
    await collect(session.reply("Hello"))
    await collect(session.swipe())
    await collect(session.continue_reply())
    plan = await session.plan()
    said = [joined(request.prompt) + repr(request.messages) for request in fake_of(session).requests]
    assert len(said) == 3
    assert not any("Xanthippe" in text for text in (*said, plan.text, repr(plan.as_dict())))


async def test_it_is_kept_changed_and_taken_back(begin: Opener) -> None:
    session = begin()
    await session.open()
    for text in ("First.", "Second."):
        event = notebook_set(session.tree, text)
        assert event is not None
        await session.changes.write(event)
    assert notebook_set(session.tree, "Second.\n") is None
    assert await session.changes.undo() == "the notebook"
    assert notebook_of(session.tree) == "First."
    event = notebook_set(session.tree, " ")
    assert event is not None
    await session.changes.write(event)
    assert NOTEBOOK not in session.tree.properties


def test_a_line_is_added_below_and_what_is_too_long_is_left_out(begin: Opener) -> None:
    assert with_line("", " One. ") == "One."
    assert with_line("One.\n\n", "Two.") == "One.\nTwo."
    event = notebook_set(begin().tree, "x" * (MOST_CHARACTERS + 9))
    assert event is not None
    assert len(event.value) == MOST_CHARACTERS
