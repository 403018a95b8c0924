"""``Meter``: the figures of a reply that was ended before the engine could tell its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from tavern_tui.engines import base


class Meter:
    """Watches one reply. ``clock`` gives seconds that only grow; it starts at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._first_text: float | None = None
        self._last_text = self._began
        self._prompt: base.PrefillProgress | None = None

    def heard(self, event: base.Event) -> None:
        """Take in an event without text: the first progress of the prompt tells what was reused."""
        if isinstance(event, base.PrefillProgress) and self._prompt is None:
            self._prompt = event

    def text_arrived(self) -> None:
        """Text has come."""
        self._last_text = self._clock()
        if self._first_text is None:
            self._first_text = self._last_text

    def usage(self, generated: int) -> base.Usage:
        """What is known; ``generated`` is the number of tokens that came. Times are as seen from here."""
        first = self._first_text
        prompt = self._prompt
        return base.Usage(
            evaluated=prompt.total - prompt.done if prompt else None,
            reused=prompt.done if prompt else None,
            generated=generated,
            prompt_ms=None if first is None else (first - self._began) * 1000,
            generation_ms=None if first is None else (self._last_text - first) * 1000,
        )
