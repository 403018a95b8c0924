"""What letters mean while a turn is selected: commands, or somebody who has begun to type.

Pure: key presses and the time come in, what to do comes out. Source: ``docs/ux.md`` §6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BURST_SECONDS: Final = 0.2
LETTERS_OF_TYPING: Final = 3
"""So many letters within this time are typing."""

CONFIRM_SECONDS: Final = 3.0
"""How long a first press of a key that takes something away waits for the second."""


def ways_back(*, selected: bool, empty: bool) -> dict[str, str]:
    """How ``{undo}`` and ``{redo}`` are asked for: with a turn ``selected``, in an ``empty`` composer, in another."""
    if selected:
        return {"{undo}": "u", "{redo}": "U"}
    return {"{undo}": "/undo", "{redo}": "/redo"} if empty else {"{undo}": "ctrl+p Undo", "{redo}": "ctrl+p Redo"}


CONFIRMED: Final = frozenset({"turn.delete", "turn.regenerate"})
"""The actions that act on the second press."""

HARMLESS: Final = frozenset(
    {
        "turn.previous",
        "turn.next",
        "turn.first",
        "turn.last",
        "turn.oldest_read",
        "turn.mine_previous",
        "turn.mine_next",
        "chat.scroll_up",
        "chat.scroll_down",
        "chat.find",
        "chat.find_next",
        "chat.find_previous",
    }
)
"""The actions that only look. They run at once; all others wait until their letter is known not to be typing."""


@dataclass
class Burst:
    """Tells letters that come as fast as only typing does. Times are seconds on any one clock."""

    _presses: list[tuple[float, str]] = field(default_factory=list)

    def press(self, character: str, now: float) -> str:
        """The letters typed so far where this one shows that they are typing, else "".

        One letter held down is no typing: it is a key that repeats.
        """
        self._presses = [(at, typed) for at, typed in self._presses if now - at <= BURST_SECONDS]
        self._presses.append((now, character))
        letters = "".join(typed for _, typed in self._presses)
        if len(letters) < LETTERS_OF_TYPING or len(set(letters)) == 1:
            return ""
        self._presses.clear()
        return letters

    def clear(self) -> None:
        """Forget what came: it was a command."""
        self._presses.clear()


@dataclass
class Confirmation:
    """Asks by a second press for what takes something away."""

    _asked: tuple[str, str] = ("", "")
    _at: float = float("-inf")

    def given(self, action: str, turn: str, now: float) -> bool:
        """Whether this press of ``action`` on ``turn`` is the second one; else the next may be."""
        second = self._asked == (action, turn) and now - self._at <= CONFIRM_SECONDS
        self._asked, self._at = ("", "") if second else (action, turn), now
        return second

    def clear(self) -> None:
        """Another key came between."""
        self._asked = ("", "")
