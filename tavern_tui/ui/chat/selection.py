"""``Selection``: which turn is selected, and what the composer says meanwhile."""

from __future__ import annotations

from tavern_tui.domain.messages import number
from tavern_tui.ui.chat.mirror import Mirror
from tavern_tui.ui.chat.turn_mode import Burst, Confirmation
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.widget import Composer
from tavern_tui.ui.widgets.rows import plain


class Selection:
    """At most one turn of the log; letters are then commands for it."""

    def __init__(self, mirror: Mirror, composer: Composer, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        self._mirror = mirror
        self._composer = composer
        self._glyphs = glyphs
        self.turn = ""
        self.burst = Burst()
        self.confirmation = Confirmation()

    def select(self, turn: str) -> None:
        """Select ``turn``, where it is on screen; else nothing is selected."""
        if not turn or turn not in self._mirror.log.standing:
            self.leave()
            return
        self.turn = turn
        self._mirror.log.select_entry(turn, self._mirror.stamp(turn))
        said = f"Turn {number(self._mirror.number(turn))} selected · Enter to type"
        self._composer.dim(plain(said, self._glyphs))

    def leave(self) -> None:
        """Select nothing, and go back to typing."""
        self.burst.clear()
        self.confirmation.clear()
        if self.turn:
            self.turn = ""
            self._mirror.log.select_entry(None)
            self._mirror.log.highlight(None)
        self._composer.dim(None)
        self._composer.focus()

    def move(self, steps: int) -> None:
        """Select the turn so many turns further on (negative: before)."""
        self.renew()  # a reply has another id once it is saved
        if self.turn:
            self.select(self._mirror.neighbour(self.turn, steps))

    def renew(self) -> None:
        """The chat has changed: a turn that is gone is no longer selected; a last turn is in its place."""
        if self.turn and self.turn not in self._mirror.log.standing:
            self.select(self._mirror.last_turn())
        elif self.turn:
            self.select(self.turn)
