"""``LastLook``: the net under everything that is painted, in whichever widget: no text of it drives the terminal.

What is untrusted is made safe where it is put into a widget, and marked there (``domain.display.safe``). What somebody
forgot to put through that is left out here, so that a mistake costs a sign and not the terminal.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tavern_tui.domain.display import without_controls


class LastLook(LineFilter):
    """Leaves out of every painted line what no terminal may be sent; lines stay as wide as they are."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """``segments`` themselves where nothing is in them that has to go."""
        if all(text.isprintable() for text, _, control in segments if not control):
            return segments
        return [
            segment if segment.control else Segment(without_controls(segment.text), segment.style)
            for segment in segments
        ]
