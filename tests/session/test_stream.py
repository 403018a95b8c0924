"""Coalescing: the first text at once, then at most so many pieces per second, nothing lost, nothing reordered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tavern_tui.engines.base import Event, Finished, Notice, StopReason, TextArrived
from tavern_tui.session.stream import ReplyStream, TextBatch
from tests.session.fake_time import run


async def every(seconds: float, events: list[Event]) -> AsyncIterator[Event]:
    for event in events:
        yield event
        await asyncio.sleep(seconds)


async def collect(stream: ReplyStream) -> list[tuple[float, Event | TextBatch]]:
    loop = asyncio.get_running_loop()
    return [(round(loop.time(), 3), event) async for event in stream.events()]


def texts(found: list[tuple[float, Event | TextBatch]]) -> list[tuple[float, str]]:
    return [(at, "".join(piece.text for piece in e.pieces)) for at, e in found if isinstance(e, TextBatch)]


def batch(*pieces: TextArrived) -> TextBatch:
    return TextBatch(pieces)


def test_the_first_text_is_never_delayed() -> None:
    source = every(0.01, [TextArrived(c) for c in "abc"])
    assert texts(run(collect(ReplyStream(source, per_second=10))))[0] == (0.0, "a")


def test_texts_within_one_frame_leave_together() -> None:
    source = every(0.01, [TextArrived(c) for c in "abcdefghijklmnopqrstu"])
    found = texts(run(collect(ReplyStream(source, per_second=10))))
    assert "".join(text for _, text in found) == "abcdefghijklmnopqrstu"
    assert [at for at, _ in found][:3] == [0.0, 0.1, 0.2]
    assert len(found) <= 4


def test_slow_texts_are_not_held_back() -> None:
    source = every(0.5, [TextArrived(c) for c in "abc"])
    assert texts(run(collect(ReplyStream(source, per_second=10)))) == [(0.0, "a"), (0.5, "b"), (1.0, "c")]


def test_a_pending_text_leaves_by_itself_when_its_frame_is_over() -> None:
    async def source() -> AsyncIterator[Event]:
        yield TextArrived("a")
        yield TextArrived("b")
        await asyncio.sleep(60)

    found = texts(run(collect(ReplyStream(source(), per_second=10))))
    assert found == [(0.0, "a"), (0.1, "b")]


def test_other_events_follow_the_text_that_came_before_them() -> None:
    events: list[Event] = [TextArrived("a"), TextArrived("b"), Notice("n"), TextArrived("c"), Finished(StopReason.END)]
    found = [event for _, event in run(collect(ReplyStream(every(0.0, events), per_second=10)))]
    a, b, c = (batch(TextArrived(text)) for text in "abc")
    assert found == [a, b, Notice("n"), c, Finished(StopReason.END)]


def test_each_piece_keeps_its_token_ids() -> None:
    events: list[Event] = [TextArrived("a", (1,)), TextArrived("b", (2,)), TextArrived("c", (3, 4))]
    found = [event for _, event in run(collect(ReplyStream(every(0.0, events), per_second=10)))]
    assert found == [batch(events[0]), batch(events[1], events[2])]  # type: ignore[arg-type]


def test_stopping_ends_the_stream_and_closes_the_source() -> None:
    closed = []

    async def endless() -> AsyncIterator[Event]:
        try:
            while True:
                yield TextArrived("x")
                await asyncio.sleep(0.01)
        finally:
            closed.append(True)

    async def scenario() -> list[Event | TextBatch]:
        stream = ReplyStream(endless(), per_second=10)
        asyncio.get_running_loop().call_later(0.35, stream.stop)
        return [event async for event in stream.events()]

    assert len(run(scenario())) == 5
    assert closed == [True]


def test_an_error_is_raised_after_the_text_that_came_before_it() -> None:
    async def broken() -> AsyncIterator[Event]:
        yield TextArrived("a")
        yield TextArrived("b")
        raise ValueError("link")

    async def scenario() -> list[Event | TextBatch]:
        seen: list[Event | TextBatch] = []
        try:
            async for event in ReplyStream(broken(), per_second=10).events():
                seen.append(event)
        except ValueError as error:
            seen.append(Notice(str(error)))
        return seen

    assert run(scenario()) == [batch(TextArrived("a")), batch(TextArrived("b")), Notice("link")]


def test_a_flood_is_stopped_at_once_and_read_no_faster_than_it_is_taken() -> None:
    given = []

    async def flood() -> AsyncIterator[Event]:
        while True:
            given.append(1)
            yield TextArrived("word ")
            if len(given) % 500 == 0:
                await asyncio.sleep(0)

    async def scenario() -> int:
        stream = ReplyStream(flood(), per_second=10)
        seen = 0
        async for _ in stream.events():
            seen += 1
            if seen == 2:
                stream.stop()
        return seen

    assert run(scenario()) <= 3
    assert len(given) < 20_000
