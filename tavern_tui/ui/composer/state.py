"""What a composer holds, as plain values that can be saved. Nothing of Textual here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComposerState:
    """``text``: all of it, as it would be sent. ``cursor``: characters of it before the cursor.

    ``folds``: the stretches of ``text`` that are shown as one line, as (start, end), in order.
    """

    text: str = ""
    cursor: int = 0
    folds: tuple[tuple[int, int], ...] = ()
