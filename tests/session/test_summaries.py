"""Summaries: versions of which none is lost, written by the chat's model with as little reading as may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, NotFoundError
from tavern_tui.domain.request import joined
from tavern_tui.prompt.plan import PartKind, PromptPlan
from tavern_tui.session.asking import AskingInterruptedError
from tavern_tui.session.session import ChatSession
from tavern_tui.session.summaries import versions as kept
from tavern_tui.session.summaries.differences import Change, difference, lost
from tavern_tui.session.summaries.jobs import about_to_leave, all_of, untold
from tavern_tui.session.summaries.making import write_summary
from tests.session.conftest import Opener, collect, fake_of

SMALL = 700  # tokens: some twenty turns of one line fill it
SAID = "I row to the far bank and look for the lamp that hung there in the old days, under the third willow."
TOLD = "Alex came at night. Mira took two coins for the crossing. The lamp was gone."


@pytest.fixture
async def chat(begin: Opener) -> ChatSession:
    """A chat whose engine has a small context."""
    session = begin('"There is no lamp," she said.', context_tokens=SMALL)
    await session.open()
    return session


async def talk(session: ChatSession, exchanges: int = 1) -> None:
    for _ in range(exchanges):
        await collect(session.reply(SAID))


async def until_cut(session: ChatSession) -> None:
    """Talk until the first turns have left."""
    while not session.tree.cuts:
        await talk(session)


async def write(session: ChatSession, *found: kept.Version) -> None:
    await session.changes.write(*(one.as_property() for one in found))


def of_first(session: ChatSession, turns: int, text: str = TOLD, **fields: Any) -> kept.Version:
    return kept.made(text, until=session.tree.path()[turns - 1].id, **fields)


def read(plan: PromptPlan) -> list[str]:
    """The summaries that a prompt has."""
    return [part.source for part in plan.included if part.kind is PartKind.SUMMARY]


def texts(session: ChatSession) -> list[str]:
    return [one.text for one in kept.in_force(session.tree)]


# Versions.


async def test_an_edit_counts_and_leaves_what_it_was_made_of(chat: ChatSession) -> None:
    await talk(chat, 3)
    first = of_first(chat, 4)
    await write(chat, first)
    await write(chat, kept.edited(first, "Mira took three coins.", 2.0))
    assert texts(chat) == ["Mira took three coins."]
    assert [one.text for one in kept.versions(chat.tree)] == [TOLD, "Mira took three coins."]
    await write(chat, kept.restored(first, kept.in_force(chat.tree), 3.0))
    assert texts(chat) == [TOLD]


async def test_one_taken_away_is_read_no_more_and_can_be_brought_back(chat: ChatSession) -> None:
    await talk(chat, 3)
    first = of_first(chat, 4)
    await write(chat, first)
    await write(chat, kept.taken_away(first, 2.0))
    assert texts(chat) == []
    await write(chat, kept.restored(kept.version(chat.tree, first.id), [], 3.0))
    assert texts(chat) == [TOLD]


async def test_what_it_tells_of_is_not_changed(chat: ChatSession) -> None:
    await talk(chat, 3)
    before = [(turn.id, turn.text) for turn in chat.tree.path()]
    first = of_first(chat, 4)
    await write(chat, first, kept.edited(first, "Else.", 2.0), kept.taken_away(first, 3.0))
    assert [(turn.id, turn.text) for turn in chat.tree.path()] == before


async def test_it_counts_only_on_the_path_that_it_tells_of(chat: ChatSession) -> None:
    await talk(chat, 3)
    await write(chat, of_first(chat, 5))
    await chat.changes.go_to(chat.tree.path()[2].id)
    await talk(chat, 2)
    assert texts(chat) == []


async def test_those_of_two_devices_both_count(chat: ChatSession) -> None:
    await talk(chat, 4)
    await write(chat, of_first(chat, 4, "One."), of_first(chat, 6, "Two."))
    assert texts(chat) == ["One.", "Two."]


async def test_undo_takes_back_an_edit_but_not_what_a_model_wrote_by_itself(chat: ChatSession) -> None:
    await talk(chat, 3)
    first = of_first(chat, 4)
    await write(chat, first)
    await write(chat, kept.edited(first, "Else.", 2.0))
    assert await chat.changes.undo() == "a summary"
    assert texts(chat) == [TOLD]
    assert await chat.changes.undo() == "Mira's reply"


def test_a_version_reads_back_as_it_was_kept_and_nonsense_is_none() -> None:
    from tavern_tui.domain.chat import ChatTree

    one = kept.made("Text.", after="a", until="b", by=kept.YOU, at=5.0, frozen=True, waits=True, read=12)
    one = replace(one, over=("x",))
    tree = ChatTree(properties={one.key: one.as_property().value, "summary odd": 4, "summary none": {"text": "x"}})
    assert kept.versions(tree) == [one]
    with pytest.raises(NotFoundError, match="no version"):
        kept.version(tree, "zz")


# In prompts.


async def test_one_by_hand_is_read_at_once_and_one_that_waits_with_the_next_cut(chat: ChatSession) -> None:
    await until_cut(chat)
    first = of_first(chat, 4)
    await write(chat, first)
    assert read(await chat.plan()) == ["summary of turns 1–4"]
    await talk(chat)
    later = kept.edited(first, "Mira took three coins.", 2.0, later=True)
    await write(chat, later)
    assert TOLD in (await chat.plan()).text
    cuts = len(chat.tree.cuts)
    while len(chat.tree.cuts) == cuts:
        await talk(chat)
    plan = await chat.plan()
    assert "Mira took three coins." in plan.text
    assert TOLD not in plan.text


async def test_a_reply_keeps_what_it_was_read_with(chat: ChatSession) -> None:
    await until_cut(chat)
    await write(chat, of_first(chat, 4))
    await talk(chat)
    receipt = chat.tree.turns[chat.tree.tip].receipt
    assert receipt is not None
    assert receipt.summary == "summary of turns 1–4"


# Written by the model.


async def test_before_a_cut_the_question_stands_below_the_prompt_that_was_read(begin: Opener) -> None:
    session = begin("So it is.", context_tokens=2048, response_tokens=400)
    await session.open()
    job = None
    while job is None:
        await talk(session)
        plan = await session.plan()
        assert not session.tree.cuts
        job = about_to_leave(session.tree, plan)
    last = joined(fake_of(session).requests[-1].prompt)
    evaluated = job.reads
    fake_of(session)._replies = ("Summary: Alex rowed across. No lamp was there.",)
    version = await write_summary(session, job, waits=True)
    request = fake_of(session).requests[-1]
    asked = joined(request.prompt)
    assert asked.startswith(last)
    assert request.chat == session.log.key
    assert version.text == "Alex rowed across. No lamp was there."
    assert 0 < version.read < evaluated + 200  # the fake counts every blank
    assert version.until == job.until
    assert version.waits
    assert about_to_leave(session.tree, await session.plan()) is None  # one is ready for this cut
    fake_of(session)._replies = ("So it is.",)
    while not session.tree.cuts:
        await talk(session)
    plan = await session.plan()
    assert read(plan) == [f"summary of {job.told}"]
    oldest = next(part.turn_id for part in plan.included if part.turn_id)
    assert session.turn_number(oldest) <= job.last + 1  # nothing lies between the two that neither tells


async def test_turns_that_have_left_are_read_again_in_parts_that_fit(chat: ChatSession) -> None:
    await talk(chat, 30)
    job = untold(chat.tree, await chat.plan())
    assert job is not None
    assert (job.first, job.told) == (1, f"turns 1–{job.last}")
    fake_of(chat)._replies = ("First part.", "Both parts.", "All of it.")
    asked = len(fake_of(chat).requests)
    heard: list[str] = []
    version = await write_summary(chat, job, told=heard.append)
    requests = fake_of(chat).requests[asked:]
    assert len(requests) == len(heard) > 1
    assert all(request.chat != chat.log.key for request in requests)
    assert any(f"“{text}”" in joined(requests[1].prompt) for text in fake_of(chat)._replies)
    assert texts(chat) == [version.text]
    assert version.until == job.until
    assert untold(chat.tree, await chat.plan()) is None


async def test_the_next_one_goes_on_from_a_models_and_never_over_a_persons(chat: ChatSession) -> None:
    await until_cut(chat)
    first = of_first(chat, 3)
    await write(chat, first)
    job = untold(chat.tree, await chat.plan())
    assert job is not None
    assert job.over == (first,)
    assert job.first == 1
    mine = kept.edited(first, "My own words.", 2.0)
    await write(chat, mine)
    job = untold(chat.tree, await chat.plan())
    assert job is not None
    assert job.over == ()
    assert job.first == 4
    await write_summary(chat, job)
    assert texts(chat) == ["My own words.", '"There is no lamp," she said.']
    whole = all_of(chat.tree, 6)  # only who asks for just that gets it
    assert whole is not None
    assert (whole.first, whole.last) == (1, 6)


async def test_one_that_is_written_anew_stands_in_the_place_of_the_old_one_once_it_is_whole(chat: ChatSession) -> None:
    await talk(chat, 30)
    old = of_first(chat, 40, "My own words.", by=kept.YOU)
    await write(chat, old)
    job = all_of(chat.tree, 40)
    assert job is not None
    fake_of(chat)._replies = ("First part.", "Both parts.", "More.", "All of it.")
    version = await write_summary(chat, job)
    assert texts(chat) == [version.text]
    assert kept.versions(chat.tree) == [old, version]
    assert (version.until, version.over) == (old.until, (old.id,))


async def test_one_that_is_frozen_is_left_as_it_is(chat: ChatSession) -> None:
    await until_cut(chat)
    first = of_first(chat, 3)
    await write(chat, kept.frozen(first, on=True))
    job = untold(chat.tree, await chat.plan())
    assert job is not None
    assert job.after == first.until
    assert all_of(chat.tree, 3) is None


async def test_who_wants_a_reply_meanwhile_comes_first(chat: ChatSession) -> None:
    await until_cut(chat)
    job = untold(chat.tree, await chat.plan())
    assert job is not None
    with pytest.raises(AskingInterruptedError):
        await write_summary(chat, job, interrupted=lambda: True)
    assert kept.versions(chat.tree) == []
    assert fake_of(chat).aborted == 1


async def test_a_model_that_writes_nothing_changes_nothing(chat: ChatSession) -> None:
    await until_cut(chat)
    job = untold(chat.tree, await chat.plan())
    fake_of(chat)._replies = ("  ",)
    assert job is not None
    with pytest.raises(EngineError, match="no summary"):
        await write_summary(chat, job)
    assert kept.versions(chat.tree) == []


# What went.


def test_a_fact_that_goes_is_shown_and_other_words_are_not() -> None:
    after = "Mira had taken 2 coins from Alex for crossing. The lamp had gone by then. It rained."
    gone = lost("Mira took 2 coins for the crossing. The lamp was gone. Tom hid the silver key.", after)
    assert [one.text for one in gone] == ["Tom hid the silver key."]
    assert gone[0].missing == ("silver",)
    marks = [(one.change, one.text) for one in difference("It rained. Tom hid the silver key.", after)]
    assert marks[0] == (Change.GONE, "Tom hid the silver key.")
    assert (Change.SAME, "It rained.") in marks


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("She paid 20 marks.", "She paid 30 marks.", ["She paid 20 marks."]),
        ("They met Anna.", "They met somebody.", ["They met Anna."]),
        ("", "Anything.", []),
        ("Er sah Karl.", "", ["Er sah Karl."]),
    ],
    ids=["number", "name", "nothing before", "nothing after"],
)
def test_names_and_numbers_are_facts(before: str, after: str, gone: list[str]) -> None:
    assert [one.text for one in lost(before, after)] == gone
