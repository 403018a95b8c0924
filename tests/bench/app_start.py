"""What the app costs until its chat is on screen, in a terminal of its own: processor time, memory, modules."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.events import Speaker, TurnAdded
from tests.bench.chat_files import CHARACTER, PERSONA, TURNS, fill, store_in
from tests.bench.figures import Figure, environment
from tests.terminal.ptys import Terminal

LAST_WORD = "Quillfeather"
"""A word that the last turn of a measured chat has, and nothing else."""
MEGABYTE = 1_000_000
FIRST_PAINT_SECONDS, FIRST_PAINT_MB, LONG_CHAT_MB = 0.6, 70, 90


@dataclass(frozen=True, slots=True)
class FirstPaint:
    """What there was when the chat was first on screen. ``cpu`` in seconds, ``resident`` in bytes where it is told."""

    modules: frozenset[str]
    cpu: float
    resident: int | None


def library(home: Path, turns: int) -> None:
    """A library in ``home`` that is not new, with one chat of that many turns; ``LAST_WORD`` is in its last."""
    log = store_in(home).create("A long night", (CHARACTER,), PERSONA)
    fill(log, turns - 1, seed=7)
    log.append(TurnAdded(log.tree.tip, Speaker.USER, PERSONA, f"Nobody says {LAST_WORD}."))
    (home / "config").mkdir()
    (home / "config" / "config.yaml").write_text(f"persona:\n  name: {PERSONA}\n", encoding="utf-8")


def first_paint(home: Path) -> FirstPaint:
    """Start the program on the library in ``home`` as a user does, up to the first frame of its chat."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "start.json"
        command = [sys.executable, "-m", "tests.bench.app_probe", str(result), LAST_WORD]
        with Terminal(command, variables=environment(home)) as terminal:
            terminal.read_until(terminal.ended)
        found = json.loads(result.read_text(encoding="utf-8"))
    return FirstPaint(frozenset(found["modules"]), found["cpu"], found["resident"])


def figures(rounds: int) -> list[Figure]:
    """The start on a short chat and on a long one; of the processor times the least and the median of all rounds."""
    lines = []
    for turns, target_cpu, target_mb in ((10, FIRST_PAINT_SECONDS, FIRST_PAINT_MB), (TURNS, None, LONG_CHAT_MB)):
        with tempfile.TemporaryDirectory() as name:
            library(Path(name), turns)
            paints = [first_paint(Path(name)) for _ in range(rounds)]
        cpu = [paint.cpu for paint in paints]
        resident = [paint.resident / MEGABYTE for paint in paints if paint.resident is not None]
        what = f"app on a chat of {turns:,} turns, first paint"
        lines += [
            Figure(f"{what}, least of {rounds}", min(cpu), "CPU-s", 2, target_cpu),
            Figure(f"{what}, median", statistics.median(cpu), "CPU-s", 2),
            Figure(f"{what}, resident", max(resident, default=None), "MB", 1, target_mb),
            Figure(f"{what}, imports", len(paints[0].modules), "modules"),
        ]
    return lines
