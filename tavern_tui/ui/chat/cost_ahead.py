"""``CostAhead``: what the next reply would read, worked out while nothing goes on and told in the status line.

Nothing is asked of an engine that was not reached yet, and nothing is worked out while a key is pressed: it follows a
moment after the chat has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from tavern_tui.domain.errors import TavernError

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

AFTER_SECONDS: Final = 0.3
"""How long the chat stays as it is before it is looked at."""


class CostAhead:
    """The cost of the next reply in one screen's chat."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._tip = ""
        self._later: Timer | None = None

    def look(self, *, anew: bool = False) -> None:
        """Work it out if the reader is at another turn than before; ``anew``: in any case, as after an edit."""
        session = self._screen.session
        if session is None or self._screen.busy or session.connection.known is None:
            return
        if anew or session.tree.tip != self._tip:
            self._tip = session.tree.tip
            if self._later is not None:
                self._later.stop()
            self._later = self._screen.set_timer(AFTER_SECONDS, self._start)

    def _start(self) -> None:
        self._screen.run_worker(self._work_out(), group="cost", exclusive=True)

    async def _work_out(self) -> None:
        from tavern_tui.session.reading_cost import cost_of_next

        session, progress = self._screen.session, self._screen.progress
        if session is None or self._screen.busy:
            return
        try:
            cost = await cost_of_next(session)
        except TavernError:
            progress.tell(cost="", cost_why="")
            return
        progress.tell(cost=cost.numbers, cost_why=cost.told if cost.notable else "")
