"""``Progress``: what the status line tells while a reply is made; the screen's ear on ``Replies``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.widgets.status import Elsewhere, Idle, Phase, Reading, Status, StatusLine, Thinking, Waiting, Writing


class Progress:
    """Turns what ``Replies`` tells into the status of ``line``. ``started``, ``failed`` and ``ended`` are passed on."""

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

    def tell(self, **changes: object) -> None:
        """Show the status with these fields changed."""
        self._line.show(replace(self._line.status, **changes))  # type: ignore[arg-type]

    def names(self, character: str, title: str) -> None:
        """Who is talked to, and in which chat; of one that has no name of its own yet, when it began."""
        self.tell(character=character, chat=title.removeprefix(f"{character} "))

    @property
    def status(self) -> Status:
        """What the line shows."""
        return self._line.status

    def phase(self, phase: Phase) -> None:
        """Show what goes on."""
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

    def failed(self, error: TavernError, *, kept: bool) -> None:
        """The reply broke."""
        self._on_failed(error, kept)

    async def ended(self) -> None:
        """Nothing is being written any more."""
        self.phase(Idle())
        await self._on_ended()
