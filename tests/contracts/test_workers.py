"""What ``tests/workers.py`` does with a suite: a small one of its own, in which things go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from coverage import CoverageData

ROOT = Path(__file__).parents[2]
PROGRAM = """
def counted():
    return 1

def reached_from_the_top_only():
    return 2
"""
BELOW = """
import os
import pytest
from tavern_tui.sums import counted

@pytest.mark.parametrize("number", range(40))
def test_passes(number, tmp_path):
    assert counted() == 1
    (tmp_path / "mine").mkdir()

@pytest.mark.parametrize("number", range(10))
@pytest.mark.together("these")
def test_shares(number):
    with open("shared.txt", "a") as pids:
        print(os.getpid(), file=pids)

@pytest.fixture(scope="module")
def made():
    with open("made.txt", "a") as times:
        print("made", file=times)

@pytest.mark.parametrize("number", range(10))
def test_uses(number, made):
    pass

def test_ends_its_process():
    os._exit(3)

def test_fails():
    print("what it printed")
    assert counted() == 2
"""
ON_TOP = """
import pytest
from tavern_tui.sums import reached_from_the_top_only

@pytest.fixture(scope="session", autouse=True)
def made():
    yield
    print("unmade", file=open("unmade.txt", "a"))

def test_counts_nothing():
    assert reached_from_the_top_only() == 2
"""
SETTINGS = """
[pytest]
markers = together(name)
addopts = --import-mode=importlib
pythonpath = .
"""


@dataclass(frozen=True)
class Outcome:
    """A suite that was run, in its folder."""

    folder: Path
    printed: str
    code: int


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The small suite, run by two processes."""
    folder = tmp_path_factory.mktemp("suite")
    files = {
        "pytest.ini": SETTINGS,
        "tavern_tui/__init__.py": "",
        "tavern_tui/sums.py": PROGRAM,
        "tests/config/test_below.py": BELOW,
        "tests/ui/test_on_top.py": ON_TOP,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.workers", "--workers", "2", "--lines", "tests"]
    ran = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    return Outcome(folder, ran.stdout + ran.stderr, ran.returncode)


def test_every_test_is_run_once_and_told(outcome: Outcome) -> None:
    assert "2 failed, 61 passed" in outcome.printed
    assert outcome.code == pytest.ExitCode.TESTS_FAILED


def test_a_failure_comes_with_what_it_printed_and_can_be_run_again_by_its_name(outcome: Outcome) -> None:
    assert "what it printed" in outcome.printed
    failed = json.loads((outcome.folder / ".pytest_cache/v/cache/lastfailed").read_text())
    assert set(failed) == {f"tests/config/test_below.py::test_{name}" for name in ("fails", "ends_its_process")}


def test_a_test_that_ends_its_process_has_failed_and_the_others_run_on(outcome: Outcome) -> None:
    assert "The process that ran it ended." in outcome.printed


def test_what_belongs_together_runs_in_one_process(outcome: Outcome) -> None:
    pids = (outcome.folder / "shared.txt").read_text().split()
    assert len(pids) == 10
    assert len(set(pids)) == 1


def test_what_a_file_has_made_is_made_once(outcome: Outcome) -> None:
    assert (outcome.folder / "made.txt").read_text() == "made\n"


def test_what_was_made_for_a_session_is_taken_down(outcome: Outcome) -> None:
    assert "unmade" in (outcome.folder / "unmade.txt").read_text()


def test_lines_are_counted_that_tests_of_the_rooms_below_reach(outcome: Outcome) -> None:
    lines: set[int] = set()
    for path in outcome.folder.glob(".coverage.*"):
        data = CoverageData(basename=str(path))
        data.read()
        lines.update(data.lines(str(outcome.folder / "tavern_tui/sums.py")) or ())
    assert lines == {2, 3, 5}
