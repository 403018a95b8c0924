"""Signals while a reply is written: a hung-up line lets it finish, a request to end keeps its text."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from tavern_tui.cli.output import wait_no_longer

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession

LONGEST_SECONDS = 600.0
"""How long a reply may go on after the line was hung up."""


@contextmanager
def signals_kept(
    session: ChatSession,
    *,
    hung_up: Callable[[], None],
    terminated: Callable[[], None],
    interrupted: Callable[[], None],
) -> Iterator[None]:
    """While inside: SIGHUP lets a running reply go on, for 10 minutes at most; SIGTERM stops it and keeps its text;
    SIGINT does what ``interrupted`` does. The other two are called first and say what comes after the reply.

    Afterwards the program is about to end by itself: a SIGHUP or SIGTERM that comes then only has it wait no longer
    for its terminal. A program that was started to outlive its line (``nohup``) goes on ignoring SIGHUP.
    """
    loop = asyncio.get_running_loop()

    def hang_up() -> None:
        wait_no_longer()
        hung_up()
        if session.busy:
            loop.call_later(LONGEST_SECONDS, session.stop)

    def terminate() -> None:
        wait_no_longer()
        terminated()
        session.stop()

    handled = {signal.SIGHUP: hang_up, signal.SIGTERM: terminate, signal.SIGINT: interrupted}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del handled[signal.SIGHUP]
    # Not the loop's own handlers: while those are being removed a signal would have its default effect.
    before = {number: signal.signal(number, _on(loop, act)) for number, act in handled.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if number == signal.SIGINT else _end_now)


def _on(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    """A handler that has ``act`` run by the loop."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)

    return handle


def _end_now(_number: int, _frame: FrameType | None) -> None:
    wait_no_longer()
