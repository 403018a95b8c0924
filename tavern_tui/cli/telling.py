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
    if isinstance(error, EngineError) and error.fault is EngineFault.KEY_REFUSED:
        return "Set TAVERN_KEY to a key that it takes." if os.environ.get("TAVERN_KEY") else "Set TAVERN_KEY to a key."
    return ""
