"""``Profile``: what suits the terminal that the program was started in: here, over a network, on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tavern_tui.config.action import Preset


@dataclass(frozen=True, slots=True)
class Profile:
    """``updates_per_second`` bounds how often a growing reply is painted: each painting costs bytes and battery.

    ``mouse``: whether the app takes it; in Termux a tap then no longer raises the keyboard. ``keys`` is the preset of
    keys, and ``termux`` whether Termux is told when a reply begins and ends.
    """

    updates_per_second: float = 30.0
    mouse: bool = True
    keys: Preset = Preset.DEFAULT
    termux: bool = False


LOCAL = Profile()
FAR = Profile(updates_per_second=10.0)
PHONE = Profile(updates_per_second=6.0, mouse=False, keys=Preset.PHONE, termux=True)


def profile_of(environ: Mapping[str, str]) -> Profile:
    """The profile for the terminal that ``environ`` tells of. Source: ``docs/ux.md`` §7."""
    if environ.get("TERMUX_VERSION"):
        return PHONE
    return FAR if environ.get("SSH_CONNECTION") else LOCAL
