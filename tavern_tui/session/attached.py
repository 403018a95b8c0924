"""Which terminal the program is really shown on: that of the tmux client that is attached now.

tmux keeps the variables of whoever started its server, so that ``SSH_CONNECTION`` goes stale when a session moves from
the desk to a phone. The client's own process tells (Linux; elsewhere its name and width do).
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ASK_SECONDS = 2.0
_MOST_BYTES = 1 << 20
_OF_CLIENT = ("SSH_CONNECTION", "TERMUX_VERSION", "NCURSES_NO_UTF8_ACS")
"""What tells where a terminal stands."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The variables that say where the terminal stands, and its width in cells; 0 where nobody tells it."""

    variables: Mapping[str, str]
    columns: int = 0


def attached(environ: Mapping[str, str]) -> Attached:
    """What is shown on now, by the variables ``environ`` of this process. Blocks for a moment inside tmux."""
    if not environ.get("TMUX"):
        return Attached(environ)
    told = _ask_tmux("#{client_pid} #{client_width} #{client_termname}").split(maxsplit=2)
    if len(told) != 3 or not told[0].isdecimal() or not told[1].isdecimal():
        return Attached(environ)
    own = _variables_of(int(told[0]))
    if own is None:
        return Attached(environ, int(told[1]))
    kept = {name: value for name, value in environ.items() if name not in _OF_CLIENT}
    return Attached(kept | {name: own[name] for name in _OF_CLIENT if name in own}, int(told[1]))


def out_of_sight(environ: Mapping[str, str]) -> bool:
    """Whether tmux shows another window than that of this process, or nobody looks at it. Blocks for a moment there."""
    pane = environ.get("TMUX_PANE", "")
    if not environ.get("TMUX") or not pane:
        return False
    told = _ask_tmux("#{window_active} #{session_attached}", pane).split()
    return len(told) == 2 and "0" in told


def _ask_tmux(form: str, pane: str = "") -> str:
    """What tmux says of its client, or of ``pane``."""
    try:
        done = subprocess.run(
            ["tmux", "display-message", *(["-t", pane] if pane else []), "-p", form],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _variables_of(process: int) -> Mapping[str, str] | None:
    """The variables that a process was started with; ``None`` where they cannot be read."""
    try:
        with Path(f"/proc/{process}/environ").open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError:
        return None
    pairs = (part.decode("utf-8", "replace").partition("=") for part in data.split(b"\0"))
    return {name: value for name, _, value in pairs if name}
