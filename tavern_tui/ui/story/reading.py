"""``Reading``: what the model reads of a story, in a row of few words, and where in the text that begins.

It is told by every prompt that is made, and worked out anew when the text has rested; an engine that was not reached
yet is asked nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from rich.cells import cell_len

from tavern_tui.domain.errors import TavernError

if TYPE_CHECKING:
    from tavern_tui.ui.screens.story import StoryScreen

_SAID: Final = {
    "system prompt": "system",
    "description": "synopsis",
    "personality": "synopsis",
    "scenario": "synopsis",
    "persona": "synopsis",
    "summary": "summaries",
    "author's note": "notes",
    "character note": "notes",
    "post-history instructions": "notes",
    "lore": "lore",
    "example dialogue": "examples",
}
"""The kinds of a prompt's parts, by what they are called here; the text itself is counted in words."""

_TURN: Final = "turn"


class _Kind(Protocol):
    @property
    def value(self) -> str: ...


class ReadPart(Protocol):
    """What is looked at of a part of a prompt: ``prompt.plan.Part``."""

    @property
    def kind(self) -> _Kind: ...
    @property
    def body(self) -> str: ...
    @property
    def tokens(self) -> int: ...


def reading_of(parts: Iterable[ReadPart]) -> tuple[str, ...]:
    """What a prompt of ``parts`` reads, in tokens, the text itself in words: ``synopsis 420``, ``last 5,900 words``."""
    tokens: dict[str, int] = {}
    words = 0
    for part in parts:
        if part.kind.value == _TURN:
            words += len(part.body.split())
        elif said := _SAID.get(part.kind.value):
            tokens[said] = tokens.get(said, 0) + part.tokens
    order = [said for said in dict.fromkeys(_SAID.values()) if tokens.get(said)]
    return (*(f"{said} {tokens[said]:,}" for said in order), f"last {words:,} words")


def strip_text(parts: Sequence[str], width: int) -> str:
    """``parts`` in ``width`` cells, divided by dots: the last always, of the others the first that fit."""
    kept = list(parts)
    while len(kept) > 1 and cell_len(" · ".join(kept)) > width:
        del kept[-2]
    return " · ".join(kept)


class Reading:
    """What is read of the story of ``screen``. ``parts`` are its words, ``read_from`` the offset where it begins."""

    def __init__(self, screen: StoryScreen) -> None:
        self._screen = screen
        self._first = ""
        self._looked = False
        self.parts: tuple[str, ...] = ()

    @property
    def read_from(self) -> int | None:
        """The offset from which on the text is read; ``None`` where nothing is known, or all of it is."""
        place = self._screen.story.document.place_of(self._first) if self._first else None
        return place[0] if place is not None and place[0] else None

    def take(self, parts: Iterable[ReadPart], first: str) -> None:
        """A prompt was made of ``parts``; its oldest turn is ``first``."""
        self._looked, self._first = True, first
        self.parts = reading_of(parts)
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
        self.take(plan.included, plan.first_turn)
