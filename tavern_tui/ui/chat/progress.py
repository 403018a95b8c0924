"""What the status line tells: ``Progress`` while a reply is made, as the screen's ear on ``Replies``, and ``CostAhead``
what the next one would read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.widgets.status import Elsewhere, Idle, Phase, Reading, Status, StatusLine, Thinking, Waiting, Writing

if TYPE_CHECKING:
    from textual.timer import Timer

    from tavern_tui.session.session import ChatSession
    from tavern_tui.ui.chat.memory_watch import MemoryWatch
    from tavern_tui.ui.screens.chat import ChatScreen

AFTER_SECONDS: Final = 0.05
"""How long the chat stays as it is before its next prompt is worked out."""


SILENT_SECONDS: Final = 5.0
"""After so long without another token a reply's speed is no longer told: it is that of a moment ago."""


class Progress:
    """Turns what ``Replies`` tells into the status of ``line``. ``started``, ``failed`` and ``ended`` are passed on.

    ``echo`` is told every status, too: what lies over the chat shows it in its own way.
    """

    def __init__(
        self,
        line: StatusLine,
        *,
        on_started: Callable[[], None],
        on_failed: Callable[[TavernError, bool], None],
        on_ended: Callable[[], Awaitable[None]],
    ) -> None:
        self._line = line
        self._on_started = on_started
        self._on_failed = on_failed
        self._on_ended = on_ended
        self._prompt_tokens = 0
        self._silence: Timer | None = None
        self.echo: Callable[[Status], None] = lambda _status: None

    def tell(self, **changes: object) -> None:
        """Show the status with these fields changed."""
        self._line.show(replace(self._line.status, **changes))  # type: ignore[arg-type]
        self.echo(self._line.status)

    def names(self, character: str, title: str) -> None:
        """Who is talked to, and in which chat; of one that has no name of its own yet, when it began."""
        self.tell(character=character, chat=title.removeprefix(f"{character} ").lstrip("-–—· "))

    @property
    def status(self) -> Status:
        """What the line shows."""
        return self._line.status

    def phase(self, phase: Phase) -> None:
        """Show what goes on."""
        if self._silence is not None:
            self._silence.stop()
            self._silence = None
        self.tell(phase=phase)

    def of_engine(self, phase: Phase) -> None:
        """Show what goes on with the engine, unless another terminal writes just now: then that matters more."""
        if not isinstance(self.status.phase, Elsewhere):
            self.phase(phase)

    def idle(self) -> None:
        """Nothing goes on any more."""
        self.phase(Idle())

    def started(self) -> None:
        """What was said is stored."""
        self.tell(cost="", cost_why="")
        self._on_started()

    def waiting(self, why: str, fraction: float | None) -> None:
        """The engine is busy, or loads its model."""
        self.phase(Waiting(why, fraction))

    def reading(self, done: int, total: int) -> None:
        """So many tokens of the prompt have been read."""
        self.phase(Reading(done, total))

    def planned(self, tokens: int, context_tokens: int) -> None:
        """The prompt has so many tokens, of so many that fit."""
        self._prompt_tokens = tokens
        self.tell(context_used=tokens, context_size=context_tokens)

    def thinking(self, tokens: int) -> None:
        """The model has thought so many tokens."""
        self.phase(Thinking(tokens))

    def writing(self, tokens: int, per_second: float | None) -> None:
        """So many tokens of the reply have come."""
        self.tell(phase=Writing(tokens, per_second), context_used=self._prompt_tokens + tokens)
        if self._silence is None:
            self._silence = self._line.set_timer(SILENT_SECONDS, self._fell_silent)
        else:
            self._silence.reset()

    def _fell_silent(self) -> None:
        self._silence = None
        if isinstance(self.status.phase, Writing):
            self.tell(phase=replace(self.status.phase, silent=True))

    def failed(self, error: TavernError, *, kept: bool) -> None:
        """The reply broke."""
        self._on_failed(error, kept)

    async def ended(self) -> None:
        """Nothing is being written any more."""
        self.phase(Idle())
        await self._on_ended()


class CostAhead:
    """The cost of the next reply in one screen's chat, worked out a moment after the chat has changed.

    Nothing is asked of an engine that was not reached yet.
    """

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._tip = ""
        self._memory: MemoryWatch | None = None

    def look(self, *, anew: bool = False, memory: bool = True) -> None:
        """Work it out if the reader is at another turn than before; ``anew``: in any case, as after a reply or an edit.

        A chat that is only looked at is left alone until then. ``memory``: see what is due of its summaries, too.
        """
        session = self._screen.session
        if self._memory is not None and self._screen.busy:
            self._memory.stop()
        if session is None or self._screen.busy or self._screen.tavern.leaving or session.connection.known is None:
            return
        if anew or (self._tip and session.tree.tip != self._tip):
            self._tip = session.tree.tip
            # A function, as a coroutine that an ending app never starts would complain on the terminal.
            work = partial(self._work_out, session, memory=memory)
            self._screen.run_worker(work, group="cost", exclusive=True)  # type: ignore[arg-type]

    async def _work_out(self, session: ChatSession, *, memory: bool) -> None:
        await asyncio.sleep(AFTER_SECONDS)
        from tavern_tui.session.reading_cost import cost_of_next
        from tavern_tui.ui.chat.memory_watch import MemoryWatch

        if self._screen.busy or self._screen.tavern.leaving:
            return  # the program ends: its connections are closed, or will be in a moment
        try:
            cost = await cost_of_next(session)
        except TavernError:
            self._screen.progress.tell(cost="", cost_why="")
            return
        self._screen.progress.tell(cost=cost.numbers, cost_why=cost.told if cost.notable else "")
        if memory:
            self._memory = self._memory or MemoryWatch(self._screen)
            self._memory.look()
