"""The terminal's title: the program's name, or who one talks with, where that was asked for (``ui.title``).

Source of the sequence: xterm's control sequences (OSC 2). tmux and most tabs show it to whoever looks.
"""

from __future__ import annotations

from typing import Any

from textual.app import App

from tavern_tui.domain.display import safe_line

NEUTRAL = "tavern-tui"
_LONGEST = 80  # characters


def title_of(wanted: str, character: str, chat: str) -> str:
    """What the title says: ``wanted`` is the setting ``ui.title``."""
    if wanted != "full" or not character:
        return NEUTRAL
    shown = f"{character} · {chat}" if chat else character
    return safe_line(shown, _LONGEST)


def set_title(app: App[Any], title: str) -> None:
    """Have the terminal show ``title``, which is safe; what does not know the sequence drops it."""
    if app._driver is not None and not app.is_headless:
        app._driver.write(f"\x1b]2;{title}\x07")
