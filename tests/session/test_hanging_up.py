"""A hung-up terminal: leave at once, or when the reply is saved, or after ten minutes with what arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from tavern_tui.session.hanging_up import HangUp, Line
from tests.session.fake_time import run


def happened(play: Callable[[HangUp], Coroutine[None, None, None]], *, stops: bool = True) -> list[tuple[str, float]]:
    """What the rule did and when (seconds) while ``play`` went on; a stopped reply is saved a second later."""
    done: list[tuple[str, float]] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            done.append(("stop", loop.time()))
            if stops:
                loop.call_later(1.0, rule.reply_ended)

        rule = HangUp(stop=stop, leave=lambda: done.append(("leave", loop.time())), later=loop.call_later)
        await play(rule)
        await asyncio.sleep(10_000)

    run(scene())
    return done


async def idle(rule: HangUp) -> None:
    rule.hung_up(busy=False)


async def saved_after_a_minute(rule: HangUp) -> None:
    rule.hung_up(busy=True)
    await asyncio.sleep(60)
    rule.reply_ended()


async def endless(rule: HangUp) -> None:
    rule.hung_up(busy=True)


async def hung_up_twice(rule: HangUp) -> None:
    rule.hung_up(busy=True)
    await asyncio.sleep(300)
    rule.hung_up(busy=True)
    rule.hung_up(busy=False)


async def only_a_reply(rule: HangUp) -> None:
    rule.reply_ended()
    assert rule.line is Line.OPEN


async def two_replies_end(rule: HangUp) -> None:
    rule.hung_up(busy=True)
    rule.reply_ended()
    rule.reply_ended()
    assert rule.line is Line.LEFT


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (idle, [("leave", 0.0)]),
        (saved_after_a_minute, [("leave", 60.0)]),
        (endless, [("stop", 600.0), ("leave", 601.0)]),
        (hung_up_twice, [("stop", 600.0), ("leave", 601.0)]),
        (only_a_reply, []),
        (two_replies_end, [("leave", 0.0)]),
    ],
)
def test_when_the_program_leaves(
    play: Callable[[HangUp], Coroutine[None, None, None]], expected: list[tuple[str, float]]
) -> None:
    assert happened(play) == expected


def test_a_reply_that_cannot_even_be_saved_is_not_waited_for_for_ever() -> None:
    assert happened(endless, stops=False) == [("stop", 600.0), ("leave", 630.0)]
