"""Fixtures for every room: the starter model's file, and a home folder of its own for each test."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tavern_tui.config.paths import directories

# No deadlines: machines are slow and shared. The suite looks at the same examples each time, so that its result is that
# of the code; HYPOTHESIS_PROFILE=deep looks at others and further (make torture).
settings.register_profile("suite", max_examples=20, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# Hundreds of processes are started: each would compile the program anew where Python may not keep what it compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The suite may have been started to outlive its terminal (nohup), which processes inherit: some hang up on theirs.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

STARTER_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

LONGEST_ID = 60
"""Characters of a value that a test's name shows: whole texts there are sent between the suite's processes."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """A name for a long value: its beginning and its length in characters or bytes."""
    if not isinstance(val, str | bytes) or len(val) <= LONGEST_ID:
        return None
    shown = ascii(val[:LONGEST_ID]).strip("b'")
    return f"{shown}... {len(val)}"


@pytest.fixture(scope="session")
def starter_model() -> Path:
    """The starter model's GGUF: ``TAVERN_TEST_MODEL``, else where ``tavern-tui models get starter`` puts it."""
    named = os.environ.get("TAVERN_TEST_MODEL")
    path = Path(named) if named else directories(dict(os.environ)).models / STARTER_FILE
    if not path.is_file():
        pytest.fail(f"no starter model at {path}: run `make starter` first")
    return path


@pytest.fixture
def tavern_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``TAVERN_HOME`` for one test."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("TAVERN_HOME", str(home))
    return home
