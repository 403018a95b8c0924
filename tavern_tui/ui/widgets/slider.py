"""A value between two ends as a line of signs, for a row of a list. Pure."""

from __future__ import annotations

from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, Glyphs

_SIGNS = ("━", "●", "─")
_ASCII = ("=", "o", "-")


def slider(part: float, cells: int, glyphs: Glyphs) -> str:
    """``cells`` signs with a knob at ``part`` of the way, from 0 to 1; what lies beyond an end stands at it."""
    before, knob, after = _ASCII if glyphs is ASCII_GLYPHS else _SIGNS
    if cells < 1:
        return ""
    place = round(min(1.0, max(0.0, part)) * (cells - 1))
    return before * place + knob + after * (cells - 1 - place)
