"""Saying what a key or a command could not do, where it is read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.keyed import KeyedScreen

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

BUSY: Final = "A reply is being written · Esc stops it"


def refuse(screen: ChatScreen, error: TavernError) -> None:
    """Say ``error`` in the status line, with its hint if there is space; below the chat where that is too narrow.

    Where something lies over the chat that has keys of its own, it is said there. Parts of a hint are separated by
    `` · ``; the first may stand for all. A command that was typed is back in the composer.
    """
    screen.outbox.give_back()
    if isinstance(screen.app.screen, KeyedScreen):
        screen.app.screen.refuse(error)
        return
    room = screen.size.width - 2
    shorter = f"{error.title} {error.hint.partition(' · ')[0]}"
    if told := next((text for text in (str(error), shorter, error.title) if cell_len(text) <= room), ""):
        screen.hint(told)
    else:
        screen.problems.show(error, ())
        screen.mirror.log.follow_end()


def refused_while_busy(screen: ChatScreen) -> bool:
    """Whether the chat cannot be left or changed now, which is then said; a command is back in the composer."""
    if screen.busy:
        screen.outbox.give_back()
        screen.hint(BUSY)
    return screen.busy


def ask_otherwise(screen: ChatScreen, argument: str, how: str) -> None:
    """Say ``how`` a command is written. Where it had an ``argument``, it is back in the composer to be corrected."""
    if argument:
        screen.outbox.give_back()
    screen.hint(how)
