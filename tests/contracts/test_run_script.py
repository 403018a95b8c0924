"""``make run``: when it builds an engine, when it does not, and that nothing keeps the program from starting."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "run.py"
PIP = """#!/bin/sh
if [ "$1" = -m ]; then echo "[19/193] compiling"; exit ${BUILD:-0}; fi
exec %s "$@"
"""
TAVERN = """#!/bin/sh
case "$1" in
connect) echo "${FOUND:-[]}" ;;
*) echo "tavern-tui $*" ;;
esac
"""

Runner = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs a copy of the script in an environment whose ``pip`` and ``tavern-tui`` only say what they were asked."""
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "run.py"
    script.write_bytes(SCRIPT.read_bytes())
    for name, text in (("python", PIP % sys.executable), ("tavern-tui", TAVERN)):
        (binaries / name).write_text(text)
        (binaries / name).chmod(0o755)

    def runner(*arguments: str, compiler: bool = True, **variables: str) -> str:
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        for tool in ("cc", "c++"):
            (tools / tool).unlink(missing_ok=True)
            if compiler:
                (tools / tool).write_text("#!/bin/sh\n")
                (tools / tool).chmod(0o755)
        # -S: without site-packages there is no llama_cpp; sys.executable is what the script calls pip with
        code = (
            f"import sys, runpy; sys.executable = {str(binaries / 'python')!r}; sys.argv = ['run', *{list(arguments)}]"
        )
        code += f"; runpy.run_path({str(script)!r}, run_name='__main__')"
        done = subprocess.run(
            [sys.executable, "-S", "-c", code],
            capture_output=True,
            text=True,
            env={"PATH": str(tools), "HOME": os.environ.get("HOME", "/"), **variables},
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr

    return runner


def test_it_builds_the_engine_fetches_the_starter_and_starts(run: Runner) -> None:
    said = run()
    assert "Building the embedded engine: usually about 6 minutes" in said
    assert "Engine built in" in said
    assert "tavern-tui models get starter --if-none" in said
    assert said.endswith("tavern-tui chat\n")


def test_a_server_on_this_machine_skips_the_build_with_one_line(run: Runner) -> None:
    found = '[{"engine": "KoboldCpp", "address": "http://127.0.0.1:5001"}]'
    assert run(FOUND=found) == (
        "No engine built: using KoboldCpp at http://127.0.0.1:5001 (make engine builds one, about 6 minutes).\n"
        "tavern-tui chat --server http://127.0.0.1:5001\n"
    )


def test_a_server_that_is_named_skips_the_build_with_one_line(run: Runner) -> None:
    assert run(TAVERN_SERVER="rig:5001").startswith("No engine built: using rig:5001 ")


def test_without_a_compiler_it_says_what_to_install_and_starts(run: Runner) -> None:
    lines = run(compiler=False).splitlines()
    assert lines == [
        "No engine built: no C/C++ compiler here (apt install build-essential, then make engine).",
        "tavern-tui chat",
    ]


def test_a_build_that_fails_does_not_stop_the_start(run: Runner) -> None:
    said = run(BUILD="1")
    assert "The engine could not be built." in said
    assert "engine-build.log" in said
    assert said.endswith("tavern-tui chat\n")


def test_make_engine_builds_and_starts_nothing(run: Runner) -> None:
    said = run("--engine-only")
    assert "Engine built in" in said
    assert "tavern-tui" not in said.replace("tavern_tui", "")
