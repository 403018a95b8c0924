"""What is said about thinking where an engine cannot do what was asked. The manner is that of ``messages``."""

from __future__ import annotations

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.wording import Wording

_NAME = 40  # characters of a name: longer ones would take the message's room


def thinks_anyway(engine: str) -> Wording:
    """A server with messages cannot be told not to think, or to think less."""
    return Wording(
        f"{safe_line(engine, _NAME)} cannot be told how much to think: the model may think as before.",
        advice="Its thinking is folded all the same. Text completion has the switch.",
    )


def thinks_anew(engine: str, tokens: int) -> Wording:
    """Thoughts cannot be handed back: they are thought again, ``tokens`` of them at most."""
    return Wording(
        f"{safe_line(engine, _NAME)} cannot go on with its thoughts: it thinks anew, up to {tokens:,} tokens."
    )
