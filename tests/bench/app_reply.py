"""What a reply costs while it is written, in the app on a terminal of its own: bytes on the wire, processor time.

The reply comes at twenty words a second, slower than the app paints, so that every word is painted by itself.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.app_child import FIRST_WORD, LAST_WORD
from tests.bench.app_start import LAST_WORD as LAST_TURN
from tests.bench.app_start import library
from tests.bench.chat_files import TURNS
from tests.bench.figures import Figure, environment
from tests.terminal.ptys import Terminal

PAUSE_SECONDS = 0.05
BYTES_PER_TOKEN, MS_PER_TOKEN = {"plain": 900, "diff": 120}, 3
KEYS = 40
IDLE_SECONDS = 5.0
_QUIET_SECONDS = 1.5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One reply: bytes that came for a word of it on average, and processor milliseconds that a word took."""

    bytes_per_token: float
    cpu_ms: float


class AppTerminal(Terminal):
    """The app over a speaking engine, in 80×24, on a chat that is there."""

    def __init__(self, home: Path, result: Path, words: int, painter: str) -> None:
        self._result = result
        self._words = words
        command = [sys.executable, "-m", "tests.bench.app_child", str(home), str(result), str(words)]
        super().__init__([*command, str(PAUSE_SECONDS), painter], variables=environment(home))

    def until_open(self) -> None:
        """Read until the chat is on screen and nothing moves."""
        self.read_until(lambda: LAST_TURN.encode() in self.seen)
        self.until_quiet()

    def until_quiet(self) -> None:
        """Read until nothing has come for a while."""
        size, since = len(self.seen), time.monotonic()

        def quiet() -> bool:
            nonlocal size, since
            if len(self.seen) != size:
                size, since = len(self.seen), time.monotonic()
            return time.monotonic() - since > _QUIET_SECONDS

        self.read_until(quiet)

    def bytes_in(self, seconds: float) -> int:
        """How many bytes come in so many seconds."""
        before, end = len(self.seen), time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
        return len(self.seen) - before

    def reply(self) -> Spoken:
        """Send a message and read its whole reply."""
        self._result.unlink(missing_ok=True)
        before = len(self.seen)
        self.type("Hello\r")
        self.read_until(lambda: LAST_WORD.encode() in self.seen[before:] and self._result.exists())
        began = self.seen.index(FIRST_WORD.encode(), before)
        size = self.seen.index(LAST_WORD.encode(), began) - began
        found = json.loads(self._result.read_text(encoding="utf-8"))
        return Spoken(size / self._words, found["cpu_ms"])

    def key_to_paint(self, key: str) -> float:
        """Seconds from a key to the first byte of what it changed."""
        before, began = len(self.seen), time.perf_counter()
        self.type(key)
        self.read_until(lambda: len(self.seen) > before)
        return time.perf_counter() - began

    def cpu_seconds(self) -> float:
        """Processor time of the app until now, from Linux's ``/proc``, in its ticks."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def app_on(turns: int, words: int, painter: str = "plain") -> Iterator[AppTerminal]:
    """The app on a chat of that many turns, open and quiet, painted by ``plain`` or ``diff``."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        home.mkdir()
        library(home, turns)
        with AppTerminal(home, Path(name) / "result.json", words, painter) as terminal:
            terminal.until_open()
            yield terminal


def figures(words: int) -> list[Figure]:
    """A reply of that many words in a short chat and in a long one, with either painter, and keys between."""
    lines = []
    for turns, painter in ((10, "plain"), (10, "diff"), (TURNS, "plain"), (TURNS, "diff")):
        with app_on(turns, words, painter) as terminal:
            waits = []
            before = terminal.cpu_seconds()
            for number in range(KEYS):
                waits.append(terminal.key_to_paint("x" if number < KEYS // 2 else "\x7f"))
            keys_cpu = (terminal.cpu_seconds() - before) / KEYS
            terminal.until_quiet()
            spoken = terminal.reply()
            terminal.until_quiet()
            before = terminal.cpu_seconds()
            idle = terminal.bytes_in(IDLE_SECONDS)
            idle_cpu = terminal.cpu_seconds() - before
        what = f"app, {painter}, chat of {turns:,} turns"
        lines += [
            Figure(f"{what}, a token of a reply", spoken.cpu_ms, "CPU-ms", 2, MS_PER_TOKEN),
            Figure(
                f"{what}, a token on the wire at 80×24", spoken.bytes_per_token, "bytes", 0, BYTES_PER_TOKEN[painter]
            ),
            Figure(f"{what}, idle for {IDLE_SECONDS:g} s, on the wire", idle, "bytes", 0, 0),
            Figure(f"{what}, the same", idle_cpu * 1000, "CPU-ms", 0),
            Figure(f"{what}, key to paint, median", statistics.median(waits) * 1000, "ms", 1),
            Figure(f"{what}, a key typed", keys_cpu * 1000, "CPU-ms", 1),
        ]
    return lines
