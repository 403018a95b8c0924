"""``SafeInput``: a line to type in that may begin with a text of anybody's: nothing of it reaches the terminal raw.

Textual's ``Input`` paints its value as it is. What could drive a terminal is shown as a mark, one for one, so that the
cursor stands where it belongs; the value stays what it was.
"""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

from tavern_tui.domain.display import safe

_ODD = {"\n": "␊", "\t": "␉"}


def shown(value: str) -> str:
    """``value`` with a mark for each character that could drive a terminal, or would break the line."""
    return value if safe(value) == value and value.isprintable() else "".join(map(_mark, value))


def _mark(character: str) -> str:
    return _ODD.get(character) or safe(character)[:1] or "\ufffd"


class SafeInput(Input):
    """An ``Input`` for texts that others wrote. Its cursor does not blink."""

    def on_mount(self) -> None:
        """Nothing is painted but what is typed."""
        self.cursor_blink = False

    @property
    def _value(self) -> Text:
        """What is painted: Textual asks for it here."""
        return Text(shown(self.value), no_wrap=True, overflow="ignore", end="")
