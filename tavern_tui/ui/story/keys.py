"""What keys do in a document: where they move, what they delete, what they type. Tables; ``view`` reads them.

These are the keys of every text field here, readline's among them; Shift with a key that moves selects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tavern_tui.ui.story.editing import Way


@dataclass(frozen=True, slots=True)
class Motion:
    """Where a key leads: ``way``, else so many ``rows`` and ``pages`` down."""

    way: Way | None = None
    rows: int = 0
    pages: int = 0


MOVING: Final[Mapping[str, Motion]] = {
    "left": Motion("left"),
    "right": Motion("right"),
    "up": Motion(rows=-1),
    "down": Motion(rows=1),
    "pageup": Motion(pages=-1),
    "pagedown": Motion(pages=1),
    "home": Motion("row_start"),
    "end": Motion("row_end"),
    "ctrl+a": Motion("row_start"),
    "ctrl+e": Motion("row_end"),
    "ctrl+left": Motion("word_left"),
    "ctrl+right": Motion("word_right"),
    "alt+b": Motion("word_left"),
    "alt+f": Motion("word_right"),
    "ctrl+home": Motion("start"),
    "ctrl+end": Motion("end"),
}
"""Keys that move the cursor."""

DELETING: Final[Mapping[str, Way]] = {
    "backspace": "left",
    "delete": "right",
    "ctrl+d": "right",
    "ctrl+w": "word_left",
    "ctrl+backspace": "word_left",
    "alt+backspace": "word_left",
    "alt+delete": "word_right",
    "ctrl+delete": "word_right",
    "ctrl+u": "line_start",
    "ctrl+k": "line_end",
}
"""Keys that delete the selection, else up to where they would move."""

TYPING: Final[Mapping[str, str]] = {"enter": "\n", "shift+enter": "\n", "tab": "\t"}
"""Keys that type something without a sign of their own."""


def knows(key: str) -> bool:
    """Whether a key that types nothing means something in a text."""
    return key.removeprefix("shift+") in MOVING or key in DELETING or key in TYPING
