"""Other processes for the tests of this room: real ones, started and killed by the test that needs them."""

from __future__ import annotations

import subprocess
import sys

children: list[subprocess.Popen[str]] = []


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Run ``script`` (Python source) in a process of its own, with pipes to it; ended with the test at the latest."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    children.append(child)
    return child


def output(child: subprocess.Popen[str], seconds: float = 90) -> str:
    """What the child said until it ended well."""
    out, err = child.communicate(timeout=seconds)
    assert child.returncode == 0, err
    return out
