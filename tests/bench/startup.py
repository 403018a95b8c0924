"""How long a command takes before it does anything: processor time and modules imported."""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import PROGRAM, ROOT, Figure, environment, processor_seconds

BUDGET_SECONDS = 0.05
LIGHT = (("--version",), ("--help",))
READING = (("locate",), ("characters",), ("log",))


@dataclass(frozen=True, slots=True)
class Start:
    """What a command cost until it ended, or until it asked an engine. ``cpu`` is in seconds."""

    asked_engine: bool
    modules: frozenset[str]
    cpu: float


def probe(*arguments: str, home: Path) -> Start:
    """Run a command of the program on the library in ``home``. Raises ``CalledProcessError`` where it ends badly."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "start.json"
        command = [sys.executable, "-m", "tests.bench.startup_probe", str(result), *arguments]
        subprocess.run(command, cwd=ROOT, env=environment(home), capture_output=True, check=True, timeout=100)
        found = json.loads(result.read_text(encoding="utf-8"))
    return Start(found["asked"], frozenset(found["modules"]), found["cpu"])


def light_commands(rounds: int) -> list[Figure]:
    """``--version`` and ``--help`` as a user runs them, beside what Python itself takes to do nothing."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        nothing = [processor_seconds((sys.executable, "-c", "pass"), home) for _ in range(rounds)]
        figures.append(Figure("Python doing nothing, least", min(nothing), "CPU-s", 3, command="python -c pass"))
        for arguments in LIGHT:
            typed = shlex.join(("tavern-tui", *arguments))
            spent = [processor_seconds((PROGRAM, *arguments), home) for _ in range(rounds)]
            modules = len(probe(*arguments, home=home).modules)
            figures += [
                Figure(f"{typed}, least of {rounds}", min(spent), "CPU-s", 3, BUDGET_SECONDS, command=typed),
                Figure(f"{typed}, median", statistics.median(spent), "CPU-s", 3, command=typed),
                Figure(f"{typed}, imports", modules, "modules", command=typed),
            ]
    return figures


def reading_commands(rounds: int, model: Path) -> list[Figure]:
    """Commands on an empty library to their end, and ``say`` up to the point where it asks the engine."""
    figures = []
    say = ("say", "Wren", "Hello.", "--model", str(model))
    with tempfile.TemporaryDirectory() as folder:
        for arguments in (*READING, say):
            starts = [probe(*arguments, home=Path(folder)) for _ in range(rounds)]
            name = f"tavern-tui {arguments[0]}" + (", up to asking the engine" if starts[0].asked_engine else "")
            cpu = [start.cpu for start in starts]
            figures += [
                Figure(f"{name}, least of {rounds}", min(cpu), "CPU-s", 3),
                Figure(f"{name}, median", statistics.median(cpu), "CPU-s", 3),
                Figure(f"{name}, imports", len(starts[0].modules), "modules"),
            ]
    return figures
