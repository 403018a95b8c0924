"""Signals while a reply is written: a hung-up line lets it finish, a request to end keeps its text."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession

LONGEST_SECONDS = 600.0
"""How long a reply may go on after the line was hung up."""


@contextmanager
def signals_kept(session: ChatSession, leave: Callable[[], None], interrupt: Callable[[], None]) -> Iterator[None]:
    """While inside: SIGHUP leaves once the running reply is saved, after 10 minutes at the latest; SIGTERM stops it,
    keeps its text and leaves; SIGINT calls ``interrupt``. ``leave`` is called as soon as no reply runs.
    """
    loop = asyncio.get_running_loop()

    def hang_up() -> None:
        leave()
        if session.busy:
            loop.call_later(LONGEST_SECONDS, session.stop)

    def terminate() -> None:
        leave()
        session.stop()

    handled = {signal.SIGHUP: hang_up, signal.SIGTERM: terminate, signal.SIGINT: interrupt}
    for number, act in handled.items():
        loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
