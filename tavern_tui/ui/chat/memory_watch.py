"""``MemoryWatch``: what is done about turns that leave the prompts, once a reply has been made.

It asks once, and where that was chosen it writes, behind the reply: a new message stops it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.chat.problems import Offer

if TYPE_CHECKING:
    from textual.worker import Worker

    from tavern_tui.ui.screens.chat import ChatScreen

WRITES = Offer("s", "writes a summary of them", "memory.write")
ALWAYS = Offer("a", "always", "memory.always")
NEVER = Offer("n", "never", "memory.never")


class MemoryWatch:
    """The summaries of one screen's chat, as far as nobody asks for them."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._worker: Worker[None] | None = None

    def look(self) -> None:
        """See what is due, beside everything else."""
        self._worker = self._screen.run_worker(self._look, group="memory", exclusive=True)

    def stop(self) -> None:
        """Let go of what is being written: somebody wants a reply."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def _look(self) -> None:
        from tavern_tui.session.summaries.keeping import due, offered, take_imported
        from tavern_tui.ui.chat.memory_writing import write

        session = self._screen.session
        if session is None or self._screen.busy or self._screen.tavern.leaving:
            return
        try:
            await take_imported(session)
            with session.connection.as_known():
                found = await offered(session)
                job = await due(session) if found is None else None
        except TavernError:
            return  # a prompt that cannot be made is told where somebody asks for a reply
        if found is not None:
            await self._offer(found[1])
        elif job is not None:
            await write(self._screen, job, by_itself=True)

    async def _offer(self, text: str) -> None:
        """Ask once; the keys hold while nothing is written."""
        from tavern_tui.session.summaries.keeping import When, chosen

        screen = self._screen
        if screen.problems.shown is not None:
            return
        await screen.open_session.changes.write(chosen(screen.open_session.tree, When.ASKED))
        screen.problems.offer(text, (WRITES, ALWAYS, NEVER))
