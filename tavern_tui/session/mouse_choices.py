"""Who has the mouse, by the terminal: what ``/mouse`` was told last there. One small file in the state folder.

A terminal is told by the program that draws it, and whether it stands at the other end of a network.
"""

from __future__ import annotations

from collections.abc import Mapping

from tavern_tui.config.paths import MOUSE, Directories
from tavern_tui.storage.string_table import StringTable


def terminal_of(environ: Mapping[str, str]) -> str:
    """What a terminal is called here, by its environment: ``tmux``, ``xterm-kitty over ssh``, ``termux``."""
    drawn = environ.get("TERM_PROGRAM") or environ.get("LC_TERMINAL") or environ.get("TERM") or "unknown"
    name = "termux" if environ.get("TERMUX_VERSION") else drawn
    return f"{name} over ssh" if environ.get("SSH_CONNECTION") else name


def mouse_chosen(directories: Directories, environ: Mapping[str, str]) -> bool | None:
    """Whether the app is to take the mouse on this terminal; ``None`` where nobody said. Blocks.

    Raises ``StorageError``.
    """
    said = _table(directories).read().get(terminal_of(environ))
    return None if said is None else said == "on"


def choose_mouse(directories: Directories, environ: Mapping[str, str], on: bool) -> None:
    """Remember it for this terminal. Blocks; raises ``StorageError``."""
    _table(directories).change({terminal_of(environ): "on" if on else "off"})


def _table(directories: Directories) -> StringTable:
    return StringTable(directories.state / MOUSE, directories.state / "mouse.lock", "terminals")
