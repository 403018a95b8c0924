"""What the commands that open the full-screen program need: a terminal on both sides."""

from __future__ import annotations

import sys

from tavern_tui.domain.errors import SettingsError


def is_terminal() -> bool:
    """Whether there is a terminal to read from, and one behind both streams that the program writes to."""
    return sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()


def needs_terminal(what: str, instead: str) -> None:
    """Make sure that there is a terminal to read from and to write to.

    Raises ``SettingsError`` where there is none, saying that ``what`` needs one and what helps ``instead``.
    """
    if not is_terminal():
        raise SettingsError(f"{what} needs a terminal.", hint=instead)
