"""``Profile``: what suits the terminal that the program is shown on: here, over a network, on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tavern_tui.config.action import Preset

PHONE_COLUMNS = 60
"""Narrower than this, a terminal at the other end of a network is taken for a phone's."""


@dataclass(frozen=True, slots=True)
class Profile:
    """``updates_per_second`` bounds how often a growing reply is painted: each painting costs bytes and battery.

    ``mouse``: whether the app takes it; in Termux a tap then no longer raises the keyboard. ``keys`` is the preset of
    keys, and ``termux`` whether Termux is told when a reply begins and ends. ``diff``: send only the cells that change;
    ``scrolls``: let the terminal itself move what scrolls. ``titles``: whether it has a title and a bell of its own.
    """

    name: str = "local"
    updates_per_second: float = 30.0
    mouse: bool = True
    keys: Preset = Preset.DEFAULT
    termux: bool = False
    diff: bool = False
    scrolls: bool = True
    titles: bool = True


LOCAL = Profile()
FAR = Profile(name="ssh", updates_per_second=10.0, diff=True)
PHONE = Profile(name="phone", updates_per_second=6.0, diff=True)
TERMUX = replace(PHONE, mouse=False, keys=Preset.PHONE, termux=True)

NAMED = {profile.name: profile for profile in (LOCAL, FAR, PHONE)}
"""The profiles that can be asked for by name."""


def profile_of(environ: Mapping[str, str], *, columns: int = 0, wanted: str = "auto", painter: str = "auto") -> Profile:
    """The profile for the terminal that ``environ`` tells of, ``columns`` wide (0: not known).

    ``wanted`` and ``painter`` are the settings ``ui.profile`` and ``ui.painter``. Under mosh, which sends differences
    itself, rows are not moved and the title is left alone; it is known by what its server sets. Sources:
    ``docs/ux.md`` §7 and §24; mosh, ``src/frontend/mosh-server.cc``.
    """
    far = bool(environ.get("SSH_CONNECTION"))
    if environ.get("TERMUX_VERSION"):
        profile = TERMUX
    elif far:
        profile = PHONE if 0 < columns < PHONE_COLUMNS else FAR
    else:
        profile = replace(LOCAL, diff=bool(environ.get("TMUX")))
    if wanted in NAMED and wanted != profile.name:
        asked = NAMED[wanted]
        profile = replace(asked, mouse=profile.mouse, keys=profile.keys, termux=profile.termux)
    if painter != "auto":
        profile = replace(profile, diff=painter == "diff")
    mosh = far and environ.get("NCURSES_NO_UTF8_ACS") == "1"
    return replace(profile, scrolls=False, titles=False) if mosh else profile
