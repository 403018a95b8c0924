"""``Hints``: what the status line says about this moment, for as long as the moment lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from tavern_tui.ui.chat.turn_mode import ways_back
from tavern_tui.ui.keyed import KeyedScreen
from tavern_tui.ui.widgets.status import status_has_room

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

        ``{undo}`` and ``{redo}`` in it are how these are asked for where the user is by then. What is too long for the
        line, such as a list of names, is a note in the log instead: nothing is cut.
        """
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        screen, mirror, told = self._screen.app.screen, self._screen.mirror, self._with_ways(text)
        if not (lasting or isinstance(screen, KeyedScreen) or status_has_room(told, self._screen.size.width)):
            mirror.note(told)
            mirror.log.follow_end()
            text = ""
        self._text = text or self._screen.editor.way_out
        self.renew()
        if text and not lasting:
            self._timer = self._screen.set_timer(seconds, lambda: self.say(""))

    def renew(self) -> None:
        """Name the ways back that there are now."""
        self._screen.progress.tell(hint=self._with_ways(self._text))

    def _with_ways(self, text: str) -> str:
        selected, empty = bool(self._screen.selection.turn), self._screen.composer.is_empty
        for place, way in ways_back(selected=selected, empty=empty).items():
            text = text.replace(place, way)
        return text
