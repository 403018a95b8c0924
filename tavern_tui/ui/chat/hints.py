"""``Hints``: what the status line says about this moment, for as long as the moment lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from tavern_tui.ui.chat.turn_mode import ways_back

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

HINT_SECONDS: Final = 6.0
"""How long a hint is shown unless it lasts."""


class Hints:
    """The hint of one chat screen."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._text = ""
        self._timer: Timer | None = None

    def say(self, text: str, *, lasting: bool = False, seconds: float = HINT_SECONDS) -> None:
        """Say something; it goes by itself unless ``lasting``. "" takes it away.

        ``{undo}`` and ``{redo}`` in it are how these are asked for where the user is by then.
        """
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._text = text or self._screen.editor.way_out
        self.renew()
        if text and not lasting:
            self._timer = self._screen.set_timer(seconds, lambda: self.say(""))

    def renew(self) -> None:
        """Name the ways back that there are now."""
        screen, text = self._screen, self._text
        for place, way in ways_back(selected=bool(screen.selection.turn), empty=screen.composer.is_empty).items():
            text = text.replace(place, way)
        screen.progress.tell(hint=text)
