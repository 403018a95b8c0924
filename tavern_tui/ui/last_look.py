"""``LastLook``: the net under everything that is painted, in whichever widget: no text of it drives the terminal.

What is untrusted is made safe where it is put into a widget, and marked there (``domain.display.safe``). What somebody
forgot to put through that is left out here, so that a mistake costs a sign and not the terminal. Signs without a width
are thinned where they come in floods: thousands of accents on one letter are a megabyte for a screen of text.
"""

from __future__ import annotations

import re

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tavern_tui.domain.display import without_controls

MOST_MARKS = 8
"""Signs without a width in a row. Tibetan stacks five, an emoji of a family has two between two people."""

_FLOOD = re.compile(rf"[^ -~]{{{MOST_MARKS + 1},}}")


class LastLook(LineFilter):
    """Leaves out of every painted line what no terminal may be sent; lines stay as wide as they are."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """``segments`` themselves where nothing is in them that has to go."""
        if all(text.isascii() and text.isprintable() for text, _, control in segments if not control):
            return segments
        return [segment if segment.control else _looked_at(segment) for segment in segments]


def _looked_at(segment: Segment) -> Segment:
    text = _FLOOD.sub(_thinned, without_controls(segment.text))
    return segment if text == segment.text else Segment(text, segment.style)


def _thinned(flood: re.Match[str]) -> str:
    """What was found, with no more than ``MOST_MARKS`` signs in a row that take no cell."""
    kept: list[str] = []
    marks = 0
    for sign in flood[0]:
        marks = 0 if get_character_cell_size(sign) else marks + 1
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)
