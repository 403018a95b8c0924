"""How many threads llama.cpp should get on this machine: a default, and the best of measured speeds.

Measured: with all cores busy elsewhere, one thread per core is up to twenty times slower than one thread less, because
llama.cpp's threads wait for each other in a busy loop. So one core is left to everything else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tavern_tui.engines.embedded.protocol import Speed

WORTH_A_THREAD = 1.03
"""More threads are used only when they are at least this much faster."""

_CPUS = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def default_threads() -> int:
    """One less than the physical cores that this process may use, at least 1."""
    return max(1, physical_cores() - 1)


def best_threads(speeds: Sequence[Speed]) -> int:
    """The fastest number of threads, a smaller one where more bring almost nothing; 0 when nothing was measured."""
    best = Speed(0, 0.0)
    for speed in speeds:
        if speed.tokens_per_second > best.tokens_per_second * WORTH_A_THREAD:
            best = speed
    return best.threads


def physical_cores(cpus: Path = _CPUS, quota: Path = _QUOTA) -> int:
    """Physical cores that this process may run on: hyper-threads count once, a container's quota is a bound.

    From Linux's ``topology`` files and the cgroup's ``cpu.max``; where they are missing, what the system says.
    """
    logical = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_core(cpus / f"cpu{number}" / "topology", number) for number in logical}
    return max(1, min(len(cores), _allowed(quota)))


def _core(topology: Path, number: int) -> tuple[str, str]:
    try:
        package = (topology / "physical_package_id").read_text().strip()
        return package, (topology / "core_id").read_text().strip()
    except OSError:
        return "", str(number)


def _allowed(quota: Path) -> int:
    """CPUs that the cgroup's quota amounts to, rounded up (``cpu.max`` is "QUOTA PERIOD" or "max PERIOD")."""
    unlimited = os.cpu_count() or 1
    try:
        granted, period = quota.read_text().split()
        return unlimited if granted == "max" else max(1, -(-int(granted) // int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        return unlimited
