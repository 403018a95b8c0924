"""Versions of KoboldCpp: how they compare, and what older ones lack.

Sources: ``docs/spec/backends.md`` §2, the program of 1.76, and for the later samplers the dates of their merges.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tavern_tui.engines.wire_samplers import Wire
from tavern_tui.engines.wire_tables import KOBOLDCPP

Version = tuple[int, ...]

NATIVE: Version = (1, 49)
"""The first version spoken to by its own API: it has streams, keys of jobs, ``memory`` and ``trim_stop``."""

ALTERNATIVES: Version = (1, 77)
"""The first version that tells what else was likely at each token, after the reply."""

SINCE: Mapping[str, Version] = {
    "dynamic_temperature_low": (1, 57),
    "smoothing_factor": (1, 60),
    "dry_multiplier": (1, 70),
    "xtc_probability": (1, 74),
    "banned": (1, 76),
    "top_n_sigma": (1, 85),
    "smoothing_curve": (1, 100),
}
"""The first version known to have a sampler, or a list of banned texts."""

_WITH = {
    "dynamic_temperature_low": ("dynamic_temperature_high", "dynamic_temperature_exponent"),
    "dry_multiplier": ("dry_base", "dry_allowed_length", "dry_range", "dry_breakers"),
    "xtc_probability": ("xtc_threshold",),
}


def parsed(version: str) -> Version:
    """The numbers of a version, to be compared; empty where it has none: ``1.104.1`` is later than ``1.99``."""
    found = re.match(r"\d+(?:\.\d+)*", version.strip())
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def is_native(version: str) -> bool:
    """Whether a server of that version is spoken to by its own API; one that does not tell its version is."""
    numbers = parsed(version)
    return not numbers or numbers >= NATIVE


def tells_alternatives(version: str) -> bool:
    """Whether a server of that version tells alternatives; one that does not tell its version is taken for old."""
    return parsed(version) >= ALTERNATIVES


def wire_of(version: str) -> Wire:
    """What a server of that version understands of sampling."""
    numbers = parsed(version)
    lost = [name for name, first in SINCE.items() if numbers and numbers < first]
    return KOBOLDCPP.without(*lost, *(name for one in lost for name in _WITH.get(one, ())))
