"""``Reading``: what the model reads of the story on screen, in a row of few words, and where in the text that begins.

It is told by every prompt that is made, and worked out anew when the text has rested; an engine that was not reached
yet is asked nothing. What a prompt has of a story is ``session.story.reading``'s.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tavern_tui.domain.errors import TavernError
from tavern_tui.session.events import PromptBuilt

if TYPE_CHECKING:
    from tavern_tui.ui.screens.story import StoryScreen


def strip_text(told: str, width: int) -> str:
    """``told``, parts divided by dots, in ``width`` cells: the last always, of the others the first that fit."""
    kept = told.split(" · ")
    while len(kept) > 1 and cell_len(" · ".join(kept)) > width:
        del kept[-2]
    return " · ".join(kept)


class Reading:
    """What is read of the story of ``screen``. ``told`` says it; ``read_from`` is the offset where the text begins.

    That is ``None`` where nothing is known, and where all of it is read.
    """

    def __init__(self, screen: StoryScreen) -> None:
        self._screen = screen
        self._looked = False
        self.told = ""
        self.read_from: int | None = None

    def take(self, built: PromptBuilt) -> None:
        """A prompt was made."""
        from tavern_tui.session.story.reading import reading

        found = reading(built.plan, self._screen.story.document)
        self._looked, self.told, self.read_from = True, found.strip, found.start or None
        self._screen.show_reading()

    def look(self, *, anew: bool = False) -> None:
        """Work out what the next prompt would read, once the engine is known; ``anew``: the text is another."""
        screen = self._screen
        session = screen.chat.session
        if session is None or session.connection.known is None or screen.chat.busy or screen.tavern.leaving:
            return
        if anew or not self._looked:
            self._looked = True
            # A function, as a coroutine that an ending app never starts would complain on the terminal.
            screen.run_worker(partial(self._work_out), group="cost", exclusive=True)  # type: ignore[arg-type]

    async def _work_out(self) -> None:
        session = self._screen.chat.open_session
        try:
            with session.connection.as_known():
                plan = await session.plan()
        except TavernError:
            return  # what stands in the way of a prompt is told where one is made
        self.take(PromptBuilt(plan))
