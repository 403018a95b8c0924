"""From a key to its sign on screen, over a slow line, while a reply is written: what typing feels like over SSH.

The line is the reading side of the app's terminal, which takes so many bytes a second and leaves the rest waiting.
"""

from __future__ import annotations

import os
import select
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.app_child import FIRST_WORD
from tests.bench.app_reply import AppTerminal
from tests.bench.app_start import library
from tests.bench.figures import Figure

BYTES_PER_SECOND = 20_000
KEYS, PAUSE_SECONDS = 40, 0.12
TARGET_MS = 60
_AT_ONCE = 100  # bytes: five milliseconds of the line
_ROW = -2  # where the composer stands at 80×24


class SlowLine(AppTerminal):
    """The app on such a line."""

    slow = False

    def read(self, seconds: float = 0.05) -> None:
        """Read what the line has brought, as long as it takes to bring it."""
        if not self.slow:
            super().read(seconds)
        elif select.select([self.master], [], [], seconds)[0]:
            came = os.read(self.master, _AT_ONCE)
            self.seen += came
            time.sleep(len(came) / BYTES_PER_SECOND)

    def typed(self, keys: int) -> list[float]:
        """Seconds from each of so many keys to its sign on screen."""
        waits = []
        for number in range(1, keys + 1):
            began = time.perf_counter()
            self.type("x")
            self.read_until(lambda: "x" * number in self.screen()[_ROW])  # noqa: B023
            waits.append(time.perf_counter() - began)
            while time.perf_counter() - began < PAUSE_SECONDS:
                self.read(0.01)
        return waits


def figures() -> list[Figure]:
    """With either painter, at 80×24, while twenty words a second come."""
    lines = []
    for painter in ("plain", "diff"):
        with tempfile.TemporaryDirectory() as name:
            home = Path(name) / "home"
            home.mkdir()
            library(home, 10)
            with SlowLine(home, Path(name) / "result.json", 2_000, painter) as terminal:
                terminal.until_open()
                terminal.type("Hello\r")
                terminal.read_until(lambda: FIRST_WORD.encode() in terminal.seen)
                terminal.slow = True
                waits = terminal.typed(KEYS)
        what = f"app, {painter}, 20 KB/s, a reply running, key to paint at 80×24"
        lines += [
            Figure(f"{what}, median", statistics.median(waits) * 1000, "ms", 1, TARGET_MS),
            Figure(f"{what}, longest", max(waits) * 1000, "ms", 1),
        ]
    return lines
