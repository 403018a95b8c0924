"""What the next prompt will cost to read: worked out before it is sent, compared with what was read afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.events import Receipt
from tavern_tui.domain.note import ChatNote
from tavern_tui.engines.base import Event, Finished, Request, Usage
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine, Step
from tavern_tui.session import events as out
from tavern_tui.session.author_note import write_note
from tavern_tui.session.reading_cost import ReadingCost, cost_of_next, surprise
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener, collect

LINES = ("Take me across.", "Is it far?", "What is that light?", "Who lives there?", "Row on.", "Are we there?")
COST = ReadingCost(212, 7_904, 7_692)


class Telling(FakeEngine):
    """A fake that says of its replies what it is told to say."""

    usage: Usage | None = None

    async def _events(self, request: Request, script: Sequence[Step]) -> AsyncGenerator[Event, None]:
        async for event in super()._events(request, script):
            if self.usage is not None and isinstance(event, Finished):
                yield replace(event, usage=self.usage)
            else:
                yield event


async def talked(begin: Opener, lines: int = 6) -> ChatSession:
    """A chat of some exchanges."""
    session = begin("Yes, by and by.", "No.", "A lamp, I should say.")
    await session.open()
    for line in LINES[:lines]:
        await collect(session.reply(line))
    return session


async def test_a_chat_that_goes_on_reads_what_is_new_and_nobody_is_told_why(begin: Opener) -> None:
    session = await talked(begin)
    cost = await cost_of_next(session)
    assert 0 < cost.reads < 20
    assert (cost.at, cost.part, cost.cause) == (cost.tokens - cost.reads, "", "")
    assert cost.told == f"reads {cost.reads} of {cost.tokens}"


async def test_an_edited_turn_is_named_with_the_token_at_which_it_stands(begin: Opener) -> None:
    session = await talked(begin)
    turn = session.tree.path()[4]
    await session.changes.edit(turn.id, "No, Alex, it is not far at all.")
    cost = await cost_of_next(session)
    parts = (await session.plan()).included
    above = parts[: next(place for place, part in enumerate(parts) if part.turn_id == turn.id)]
    assert cost.at == sum(part.tokens for part in above)
    assert cost.cause == "Mira's turn 5 was edited"
    assert cost.broken_at == f"Mira's turn 5 was edited at token {cost.at}"
    assert cost.notable
    assert cost.cause in cost.told


async def test_a_note_that_moved_is_named(begin: Opener) -> None:
    session = await talked(begin, 4)
    await write_note(session, ChatNote("[It is night.]", depth=2))
    await collect(session.reply(LINES[4]))
    await collect(session.reply(LINES[5]))
    assert "author's note moved" in (await cost_of_next(session)).broken_at


async def test_a_chat_of_which_nothing_was_read_here_is_read_whole(begin: Opener) -> None:
    session = begin("Yes.")
    await session.open()
    cost = await cost_of_next(session)
    assert (cost.reads, cost.at, cost.cause) == (cost.tokens, 0, "nothing was read of it yet")


async def test_another_model_reads_everything(begin: Opener) -> None:
    session = await talked(begin, 2)
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    engine.info = replace(DEFAULT_INFO, model="another")
    session.connection.doubt()
    await session.connection.ready()
    cost = await cost_of_next(session)
    assert (cost.reads, cost.cause) == (cost.tokens, "another model")


async def test_behind_a_gap_an_engine_that_moves_what_it_read_reads_nothing(begin: Opener) -> None:
    session = await talked(begin)
    hidden = session.tree.path()[1:3]
    for turn in hidden:
        await session.changes.hide(turn.id)
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    costs = []
    for shifts, one_gap in ((False, False), (True, False), (True, True)):
        able = replace(DEFAULT_INFO.capabilities, shifts=shifts, one_gap=one_gap)
        engine.info = replace(DEFAULT_INFO, capabilities=able)
        session.connection.doubt()
        await session.connection.ready()
        costs.append(await cost_of_next(session))
    reads_on, moves, moves_much_only = costs
    assert reads_on.cause
    assert moves.reads < 20 < reads_on.reads
    assert moves_much_only.reads == reads_on.reads  # KoboldCpp's shift leaves so little where it is


async def test_of_a_server_that_was_started_anew_and_kept_nothing_everything_is_read(begin: Opener) -> None:
    class Forgetful(Telling):
        forgotten = ""

        def lost(self, chat: str) -> bool:
            return chat == self.forgotten

    session = await talked(begin)
    session.connection.engine = engine = Forgetful(("Yes.",))
    assert (await cost_of_next(session)).reads < 20
    engine.forgotten = session.log.key
    cost = await cost_of_next(session)
    assert (cost.reads, cost.cause) == (cost.tokens, "the server was started anew")


async def test_looking_asks_nothing_of_an_engine_that_was_not_reached(begin: Opener) -> None:
    session = await talked(begin, 1)
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    engine.refuse_connection = EngineError("away", fault=EngineFault.UNREACHABLE)
    session.connection.doubt()
    assert (await cost_of_next(session)).reads > 0
    with pytest.raises(EngineError):
        await session.plan()


async def test_a_receipt_keeps_what_was_expected_and_why_where_it_was_much(begin: Opener) -> None:
    session = await talked(begin)
    kept = [turn.receipt for turn in session.tree.path() if turn.receipt is not None]
    assert kept[0].cause == "nothing was read of it yet at token 0"
    assert [receipt.cause for receipt in kept[1:]] == [""] * 5
    assert all(receipt.predicted is not None and receipt.predicted < 60 for receipt in kept[1:])


async def test_the_seconds_are_those_that_this_model_last_took(begin: Opener) -> None:
    session = begin()
    session.connection.engine = engine = Telling(("Yes.",))
    engine.usage = Usage(evaluated=100, reused=0, generated=1, prompt_ms=50_000.0)
    await session.open()
    await collect(session.reply(LINES[0]))
    await session.changes.edit(session.tree.path()[0].id, "Something else altogether.")
    cost = await cost_of_next(session)
    assert cost.seconds == pytest.approx(cost.reads / 2)
    assert cost.told.endswith(f"≈ {cost.seconds:,.0f} s")


async def test_a_server_that_lost_its_cache_is_told_before_the_reply_is_saved(begin: Opener) -> None:
    session = begin()
    session.connection.engine = engine = Telling(("Yes.", "No."))
    await session.open()
    await collect(session.reply(LINES[0]))
    engine.usage = Usage(evaluated=900, reused=0, generated=1)
    *_, notice, saved = await collect(session.reply(LINES[1]))
    assert isinstance(notice, out.Notice)
    assert isinstance(saved, out.TurnSaved)
    assert saved.turn.receipt is not None
    assert notice.text == f"Predicted {saved.turn.receipt.predicted}, read 900: the server lost its cache."


@pytest.mark.parametrize(
    ("receipt", "hosted"),
    [
        (Receipt(evaluated=212, reused=7_692), False),
        (Receipt(evaluated=700, reused=7_204), False),
        (Receipt(evaluated=7_904, reused=None), False),
        (Receipt(evaluated=None, reused=None), False),
        (Receipt(evaluated=7_904, reused=0), True),
    ],
    ids=["as-expected", "a-little-more", "untold", "nothing-told", "hosted"],
)
def test_nothing_is_called_a_surprise_that_is_none_or_cannot_be_known(receipt: Receipt, hosted: bool) -> None:
    assert surprise(COST, receipt, hosted=hosted) == ""


def test_a_surprise_says_both_numbers() -> None:
    told = surprise(COST, Receipt(evaluated=7_904, reused=0), hosted=False)
    assert told == "Predicted 212, read 7,904: the server lost its cache."
