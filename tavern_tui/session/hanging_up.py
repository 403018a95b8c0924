"""``HangUp``: what a hung-up terminal means for a reply that is being written (``docs/ux.md`` §5).

Without a reply the program leaves at once. With one it leaves when that is saved; after ten minutes the reply is
stopped, which keeps what arrived, and the program leaves when that is saved, or half a minute later where even that
does not end. No signal and no clock lives here: ``hung_up`` is told by whoever catches SIGHUP, time by ``later``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

LONGEST_SECONDS = 600.0
"""How long a reply may go on after the line was hung up."""

SAVING_SECONDS = 30.0
"""How long a stopped reply may take to be saved. Its text is in its journal all the while."""


class Timer(Protocol):
    """What a timer gives back (``asyncio.TimerHandle`` is one)."""

    def cancel(self) -> None:
        """Do not call what was to be called."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Call something after some seconds: ``loop.call_later``."""


class Line(Enum):
    """How it stands between the program and its terminal."""

    OPEN = "open"
    FINISHING = "finishing"
    STOPPING = "stopping"
    LEFT = "left"


class HangUp:
    """``stop`` ends the running reply and keeps its text, ``leave`` ends the program: called once each at most."""

    def __init__(
        self,
        *,
        stop: Callable[[], None],
        leave: Callable[[], None],
        later: Later,
        longest: float = LONGEST_SECONDS,
        saving: float = SAVING_SECONDS,
    ) -> None:
        self.line = Line.OPEN
        self._stop = stop
        self._leave = leave
        self._later = later
        self._longest = longest
        self._saving = saving
        self._timer: Timer | None = None

    def hung_up(self, *, busy: bool) -> None:
        """The terminal is gone; ``busy``: a reply is being made. Every further hang-up changes nothing."""
        if self.line is not Line.OPEN:
            return
        if busy:
            self.line = Line.FINISHING
            self._timer = self._later(self._longest, self._too_long)
        else:
            self._go()

    def reply_ended(self) -> None:
        """The reply is saved, or has failed. Nothing follows while the terminal is there."""
        if self.line in (Line.FINISHING, Line.STOPPING):
            self._go()

    def _too_long(self) -> None:
        self.line = Line.STOPPING
        self._timer = self._later(self._saving, self._go)
        self._stop()

    def _go(self) -> None:
        if self.line is Line.LEFT:
            return
        self.line = Line.LEFT
        if self._timer is not None:
            self._timer.cancel()
        self._leave()
