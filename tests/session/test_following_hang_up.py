"""The link drops in mid-reply and the user is back while or after the old program finishes: nothing is there twice."""

from __future__ import annotations

import asyncio
import signal
from contextlib import aclosing
from datetime import datetime

import pytest

from tavern_tui.domain.events import Speaker
from tavern_tui.session.coming_back import Place, PlaceKeeper
from tavern_tui.session.following import ChatFollower, OtherReplyEnded, OtherReplyStarted
from tavern_tui.session.session import ChatSession
from tavern_tui.session.while_away import while_away
from tests.session.other_terminal import Others, OtherTerminal, session_on

DRAFT = "I was about to s"
PATIENCE = 60.0


async def hung_up_in_mid_reply(session: ChatSession, other: Others) -> OtherTerminal:
    """A terminal with a draft whose line drops while a reply of three seconds is being written."""
    terminal = other(session, words=30, seconds=0.1)
    terminal.tell(f"type {DRAFT}")
    await terminal.until("typed")
    terminal.tell("say Hello?")
    await terminal.until("TextArrived")
    terminal.process.send_signal(signal.SIGHUP)
    return terminal


async def ended(terminal: OtherTerminal) -> int:
    """The exit status of the old program once it is gone."""
    return await asyncio.to_thread(terminal.process.wait, PATIENCE)


async def came_back(keeper: PlaceKeeper, session: ChatSession) -> Place:
    """The place with the draft, as soon as the old program has heard of the hang-up."""
    async with asyncio.timeout(PATIENCE):
        while not (place := await keeper.open(session.log)).draft:
            await keeper.close()
            await asyncio.sleep(0.05)
    return place


async def followed(session: ChatSession) -> tuple[OtherReplyStarted, OtherReplyEnded]:
    """The other reply from its first word here to its end."""
    started: list[OtherReplyStarted] = []
    async with asyncio.timeout(PATIENCE), aclosing(ChatFollower(session.log).events()) as events:
        async for event in events:
            if isinstance(event, OtherReplyStarted):
                started.append(event)
            if isinstance(event, OtherReplyEnded):
                [only] = started
                return only, event
    raise AssertionError("following ended")


def what_came(session: ChatSession, keeper: PlaceKeeper, place: Place) -> str:
    log = session.log
    now = datetime.now().astimezone()
    return while_away(log.events, log.tree, place.seen, left_open=keeper.left_open, now=now)


def assert_there_once(session: ChatSession) -> None:
    """The message and its reply are there, each once and whole."""
    greeting, question, reply = session.tree.path()
    assert greeting.speaker is Speaker.CHARACTER
    assert question.text == "Hello?"
    assert reply.text.startswith("word0 word1")
    assert reply.text.endswith("word29")
    assert not reply.interrupted
    assert [len(session.tree.siblings(turn.id)) for turn in (question, reply)] == [1, 1]


@pytest.mark.parametrize("seconds", [0.2, 2.0])
async def test_who_comes_back_in_mid_reply_finds_the_draft_and_sees_the_reply_go_on(
    session: ChatSession, other: Others, seconds: float
) -> None:
    terminal = await hung_up_in_mid_reply(session, other)
    await asyncio.sleep(seconds)
    again = session_on(session.log.path, session.log.state)
    recovery = await again.open()
    keeper = PlaceKeeper(again.log.state, terminal="next")
    place = await came_back(keeper, again)
    assert (place.draft, place.cursor) == (DRAFT, (0, len(DRAFT)))
    assert recovery.recovered == ()
    if recovery.running:
        started, over = await followed(again)
        assert started.reply.text.startswith("word0")
        assert over.reply.id == started.reply.id
        assert what_came(again, keeper, place).startswith("Mira's reply was finished")
    assert await ended(terminal) == 0
    again.log.refresh()
    assert_there_once(again)
    await keeper.close()


async def test_who_comes_back_after_the_end_is_told_in_one_line(session: ChatSession, other: Others) -> None:
    terminal = await hung_up_in_mid_reply(session, other)
    assert await ended(terminal) == 0
    again = session_on(session.log.path, session.log.state)
    recovery = await again.open()
    assert (recovery.running, recovery.recovered) == ((), ())
    keeper = PlaceKeeper(again.log.state, terminal="next")
    place = await keeper.open(again.log)
    assert place.draft == DRAFT
    assert_there_once(again)
    at = datetime.fromtimestamp(again.tree.turns[again.tree.tip].at).astimezone()
    assert what_came(again, keeper, place) == f"Mira's reply was finished while you were disconnected ({at:%H:%M})."
    await keeper.close()


async def test_a_hang_up_without_a_reply_ends_the_program_and_keeps_the_draft(
    session: ChatSession, other: Others
) -> None:
    terminal = other(session)
    terminal.tell(f"type {DRAFT}")
    await terminal.until("typed")
    terminal.process.send_signal(signal.SIGHUP)
    assert await ended(terminal) == 0
    keeper = PlaceKeeper(session.log.state, terminal="next")
    place = await keeper.open(session.log)
    assert (place.draft, keeper.left_open) == (DRAFT, True)
    assert what_came(session, keeper, place) == ""
    await keeper.close()
