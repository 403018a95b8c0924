"""A ``TavernError`` as the command line tells it: with the step that only here is the next one.

The app has keys for these; what helps in both is in the message itself (``domain.messages``).
"""

from __future__ import annotations

import os

from tavern_tui.domain.errors import EngineError, EngineFault, TavernError


def told(error: TavernError) -> str:
    """The message on one line."""
    step = _step(error)
    return f"{error} {step}" if step else str(error)


def _step(error: TavernError) -> str:
    """What to do on a command line; empty where the message says it, or there is nothing."""
    if not isinstance(error, EngineError) or "tavern-tui secrets" in error.hint:
        return ""
    if error.fault is EngineFault.KEY_REFUSED:
        other = "a key that it takes" if os.environ.get("TAVERN_KEY") else "a key"
        return f"Set TAVERN_KEY to {other}, or keep one: tavern-tui secrets set {error.where or 'ADDRESS'}"
    if error.fault is EngineFault.KEY_IN_CLEAR:
        return f"To send it all the same: tavern-tui secrets allow {error.where}"
    if error.fault is EngineFault.IN_USE:
        return "To do so: tavern-tui engine load --replace"
    return ""
