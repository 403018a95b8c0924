"""Saying what a key or a command could not do, where it is read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.keyed import KeyedScreen

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


def refuse(screen: ChatScreen, error: TavernError) -> None:
    """Say ``error`` in the status line, with its hint if there is space; below the chat where that is too narrow.

    Where something lies over the chat that has keys of its own, it is said there. Parts of a hint are separated by
    `` · ``; the first may stand for all.
    """
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
    """Whether the chat cannot be left or changed now, which is then said."""
    if screen.busy:
        screen.hint("A reply is being written · Esc stops it")
    return screen.busy
