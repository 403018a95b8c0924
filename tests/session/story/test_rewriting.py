"""A stretch of a story is rewritten by proposal: looked at word by word, taken whole or in part, or dropped."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import EngineError, SettingsError
from tavern_tui.session.story.difference import Change
from tavern_tui.session.story.rewriting import MOST_CHARACTERS, Proposal, accept, propose
from tavern_tui.session.story.story import StorySession
from tests.session.conftest import fake_of
from tests.session.story.conftest import Teller
from tests.session.story.test_story import FOG, prompt_of, stored


async def proposed(story: StorySession, start: int, end: int, asked: str) -> Proposal:
    """The last proposal, which is the whole one."""
    return [one async for one in propose(story, start, end, asked)][-1]


async def test_a_proposal_changes_nothing_until_it_is_taken(tell: Teller) -> None:
    story = await tell(FOG, "The mist came in. Nobody noticed it.")
    turns = dict(story.tree.turns)
    proposal = await proposed(story, 0, 33, "rewrite")
    assert (story.document.text(), story.tree.turns) == (FOG, turns)
    assert proposal.new == "The mist came in. Nobody noticed it.\n\n"[: len(proposal.new)]
    await accept(story, proposal)
    assert story.document.text() == stored(story) == "The mist came in. Nobody noticed it.\n\nThen a bell rang."
    assert await story.undo() == "an edit"
    assert story.document.text() == FOG


async def test_some_of_the_differences_are_taken(tell: Teller) -> None:
    story = await tell(FOG, "The mist came in. Nobody noticed it.")
    proposal = await proposed(story, 0, 31, "rewrite")
    assert [change for change in proposal.changes if not change.same] == [
        Change("fog", "mist"),
        Change("saw", "noticed"),
    ]
    await accept(story, proposal, {1})
    assert story.document.text().startswith("The fog came in. Nobody noticed it.\n\nThen")


async def test_the_model_is_told_what_stands_round_the_passage_and_what_is_wanted(tell: Teller) -> None:
    story = await tell(FOG, "It was quiet.")
    await proposed(story, 17, 31, "make it colder")
    prompt = prompt_of(story)
    for told in ("<passage>\nNobody saw it.\n</passage>", "The fog came in.", "Then a bell rang.", "make it colder."):
        assert told in prompt


async def test_blanks_round_the_selection_stay(tell: Teller) -> None:
    story = await tell(FOG, "  <passage>Fog.</passage>\n")
    proposal = await proposed(story, 16, 32, "shorter")
    assert proposal.text() == " Fog.\n"


async def test_comments_are_not_sent_and_stay(tell: Teller) -> None:
    story = await tell("[[a]] One. Two [[b]] three. Four. [[c]]", "Both.")
    proposal = await proposed(story, 6, 28, "fix")
    prompt = prompt_of(story)
    assert "[[" not in prompt
    assert "<passage>\nOne. Two  three.\n</passage>" in prompt
    await accept(story, proposal)
    assert story.document.text() == "[[a]] Both. [[b]] Four. [[c]]"


async def test_nothing_is_asked_for_nothing_or_too_much(tell: Teller) -> None:
    story = await tell(FOG + "x" * MOST_CHARACTERS)
    for start, end, asked in ((31, 33, "fix"), (0, 10, "  "), (0, MOST_CHARACTERS + 1, "fix")):
        with pytest.raises(SettingsError):
            await proposed(story, start, end, asked)
    assert not fake_of(story.chat).requests


async def test_a_model_that_writes_nothing_proposes_nothing(tell: Teller) -> None:
    story = await tell(FOG, "")
    with pytest.raises(EngineError, match="wrote nothing"):
        await proposed(story, 0, 16, "longer")


async def test_a_proposal_for_text_that_has_changed_is_not_taken(tell: Teller) -> None:
    story = await tell(FOG, "Mist.")
    proposal = await proposed(story, 0, 16, "shorter")
    story.edit(0, 3, "A")
    with pytest.raises(SettingsError, match="has changed"):
        await accept(story, proposal)
