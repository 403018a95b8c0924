"""Several replies to one prompt: each is heard, stopped and saved by itself; engines that cannot are asked in turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.events import Speaker
from tavern_tui.engines.base import (
    Event,
    Finished,
    PrefillProgress,
    ReplyFinished,
    Request,
    StopReason,
    TextArrived,
    Usage,
)
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session import events as out
from tavern_tui.session.parallel import first_alone
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener


class Choir(FakeEngine):
    """An engine whose replies are written side by side, a word of each every ``pace`` seconds.

    ``breaks`` is raised after two words.
    """

    def __init__(self, *replies: str, breaks: EngineError | None = None, pace: float = 0.0) -> None:
        super().__init__(info=replace(DEFAULT_INFO, capabilities=replace(DEFAULT_INFO.capabilities, parallel=4)))
        self.said = [reply.split(" ") for reply in replies]
        self.ended: list[int] = []
        self.breaks = breaks
        self.left = 0
        self.pace = pace

    def end_reply(self, request: Request, reply: int) -> None:
        assert request is self.requests[-1]
        self.ended.append(reply)

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        self.requests.append(request)
        self.ended = []
        try:
            yield self._song(request)
        finally:
            self.left += 1

    async def _song(self, request: Request) -> AsyncGenerator[Event, None]:
        yield PrefillProgress(3, 10)
        live = dict(enumerate(self.said[: request.replies]))
        for place in range(max(map(len, live.values())) + 1):
            if place == 2 and self.breaks is not None:
                raise self.breaks
            for number, words in list(live.items()):
                if number in self.ended or place == len(words):
                    del live[number]
                    reason = StopReason.ABORTED if number in self.ended else StopReason.END
                    yield ReplyFinished(number, reason, Usage(7 if number == 0 else 0, 3, place, 1.0, 1.0))
                else:
                    yield TextArrived(words[place] + " ", (place,), number)
                await asyncio.sleep(self.pace)
        yield Finished(StopReason.END)


def choir(begin: Opener, *replies: str, **fields: Any) -> tuple[ChatSession, Choir]:
    session = begin()
    engine = Choir(*replies, **fields)
    session.connection.engine = engine
    return session, engine


async def heard(stream: AsyncGenerator[out.SessionEvent, None]) -> list[out.SessionEvent]:
    return [event async for event in stream]


def saved(events: list[out.SessionEvent]) -> dict[int, Turn]:
    """The turn that each reply became."""
    found = [(one.reply, one.event) for one in events if isinstance(one, out.OneOf)]
    return {number: event.turn for number, event in found if isinstance(event, out.TurnSaved)}


THREE = ("Aye, come aboard.", "No.", "The water is high tonight.")


async def test_each_of_several_replies_becomes_a_swipe_and_the_first_is_looked_at(begin: Opener) -> None:
    session, engine = choir(begin, *THREE)
    await session.open()
    turns = saved(await heard(session.reply("Across?", replies=3)))
    assert [turns[number].text for number in range(3)] == list(THREE)
    assert {turn.parent for turn in turns.values()} == {turns[0].parent}
    assert session.tree.turns[turns[0].parent].speaker is Speaker.USER
    assert session.tree.tip == turns[0].id
    assert [request.replies for request in engine.requests] == [3]


async def test_their_texts_come_side_by_side(begin: Opener) -> None:
    session, _ = choir(begin, "a b c d e f", "u v w x y z", pace=0.003)
    await session.open()
    events = await heard(session.reply("Across?", replies=2))
    order = [one.reply for one in events if isinstance(one, out.OneOf) and isinstance(one.event, out.TextArrived)]
    assert 0 in order[2:-2]
    assert 1 in order[2:-2]


async def test_each_has_figures_and_a_seed_of_its_own(begin: Opener) -> None:
    session, engine = choir(begin, *THREE)
    session.options = replace(session.options, seed=5)
    await session.open()
    turns = saved(await heard(session.reply("Across?", replies=3)))
    receipts = [turns[number].receipt for number in range(3)]
    assert [receipt.seed for receipt in receipts if receipt] == [5, 6, 7]
    assert [receipt.evaluated for receipt in receipts if receipt] == [7, 0, 0]
    assert engine.requests[0].seed == 5


async def test_the_journals_of_all_are_gone_when_they_are_saved(begin: Opener) -> None:
    session, _ = choir(begin, *THREE)
    await session.open()
    running: set[int] = set()
    async for event in session.reply("Across?", replies=3):
        if isinstance(event, out.OneOf) and isinstance(event.event, out.TextArrived):
            running.add(len(list(session.log.state.glob("*.reply"))))
    assert max(running) == 3
    assert list(session.log.state.glob("*.reply")) == []


async def test_stopping_keeps_what_came_of_each(begin: Opener) -> None:
    session, engine = choir(begin, "one two three four five six", "uno due tre quattro cinque sei")
    await session.open()
    events = []
    async for event in session.reply("Across?", replies=2):
        events.append(event)
        if isinstance(event, out.OneOf) and isinstance(event.event, out.TextArrived) and event.reply == 1:
            session.stop()
    turns = saved(events)
    assert turns[0].text.startswith("one")
    assert turns[1].text.startswith("uno")
    assert not turns[1].text.endswith("sei")
    assert engine.left == 1
    assert not session.busy


async def test_a_reply_that_is_left_early_ends_in_the_engine_and_the_other_goes_on(begin: Opener) -> None:
    session, engine = choir(begin, "Aye. " * 40, "Not tonight, and not tomorrow.")
    session.options = replace(session.options, response_tokens=3)
    await session.open()
    turns = saved(await heard(session.reply("Across?", replies=2)))
    assert 0 in engine.ended
    assert turns[1].text.startswith("Not tonight")


async def test_replies_that_end_at_their_length_do_not_count_the_prompt_twice(begin: Opener) -> None:
    session, _ = choir(begin, "Aye. " * 40, "No. " * 40)
    session.options = replace(session.options, response_tokens=3)
    await session.open()
    turns = saved(await heard(session.reply("Across?", replies=2)))
    receipts = [turns[number].receipt for number in range(2)]
    assert [(receipt.evaluated, receipt.reused) for receipt in receipts if receipt] == [(7, 3), (0, 10)]


async def test_an_engine_that_breaks_keeps_what_came_of_each_as_interrupted(begin: Opener) -> None:
    broken = EngineError("The engine host ended unexpectedly.", fault=EngineFault.CRASHED)
    session, _ = choir(begin, "one two three", "uno due tre", breaks=broken)
    await session.open()
    events = await heard(session.reply("Across?", replies=2))
    failed = [one.event for one in events if isinstance(one, out.OneOf) and isinstance(one.event, out.TurnFailed)]
    assert sorted(event.kept_text for event in failed) == ["one two", "uno due"]
    assert all(session.tree.turns[event.turn_id].interrupted for event in failed)


async def test_an_engine_is_not_asked_for_more_than_it_writes_at_once(begin: Opener) -> None:
    session, engine = choir(begin, "One.", "Two.", "Three.", "Four.")
    session.options = replace(session.options, seed=5)
    await session.open()
    turns = saved(await heard(session.reply("Across?", replies=6)))
    assert [request.replies for request in engine.requests] == [4, 2]
    assert [request.seed for request in engine.requests] == [5, 9]
    assert [turns[number].text for number in range(6)] == ["One.", "Two.", "Three.", "Four.", "One.", "Two."]
    assert session.tree.tip == turns[0].id


async def test_an_engine_that_writes_one_at_a_time_is_asked_in_turn(begin: Opener) -> None:
    session = begin("First.", "Second.")
    await session.open()
    turns = saved(await heard(session.reply("Across?", replies=2)))
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    assert [turns[number].text for number in range(2)] == ["First.", "Second."]
    assert [request.replies for request in engine.requests] == [1, 1]
    assert turns[0].parent == turns[1].parent


async def test_more_swipes_stand_beside_the_reply_that_was_there(begin: Opener) -> None:
    session, _ = choir(begin, *THREE)
    await session.open()
    parent = session.tree.turns[session.tree.tip].parent
    before = len(session.tree.children[parent])
    turns = saved(await heard(session.swipe(replies=2)))
    assert {turn.parent for turn in turns.values()} == {parent}
    assert len(session.tree.children[parent]) == before + 2


async def test_a_front_end_that_shows_one_hears_the_first_and_the_end_when_all_are_there(begin: Opener) -> None:
    session, _ = choir(begin, *THREE)
    await session.open()
    events = await heard(first_alone(session.reply("Across?", replies=3)))
    assert not any(isinstance(event, out.OneOf) for event in events)
    last = events[-1]
    assert isinstance(last, out.TurnSaved)
    assert last.turn.text == THREE[0]
    assert len(session.tree.children[last.turn.parent]) == 3


@pytest.mark.parametrize("begins", ["", "*She"], ids=["as set", "given"])
async def test_a_swipe_may_be_given_its_beginning(begin: Opener, begins: str) -> None:
    session = begin("Yes.", " laughs.*")
    await session.open()
    await heard(session.reply("Across?"))
    events = await heard(session.swipe(begins=begins))
    last = events[-1]
    assert isinstance(last, out.TurnSaved)
    assert last.turn.text == f"{begins} laughs.*".strip()
