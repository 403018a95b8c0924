"""``make run``: when it builds an engine, when it does not, and that nothing keeps the program from starting."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "run.py"
PIP = """#!/bin/sh
if [ "$1" = -m ]; then echo "[19/193] compiling"; exit ${BUILD:-0}; fi
exec %s "$@"
"""
TAVERN = """#!/bin/sh
case "$1" in
connect) echo "${FOUND:-[]}" ;;
"") echo tavern-tui ;;
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

    def runner(
        *arguments: str, compiler: bool = True, llama_server: bool = False, built: bool = False, **variables: str
    ) -> str:
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        for tool, wanted in (("cc", compiler), ("c++", compiler), ("llama-server", llama_server)):
            (tools / tool).unlink(missing_ok=True)
            if wanted:
                (tools / tool).write_text("#!/bin/sh\n")
                (tools / tool).chmod(0o755)
        (tmp_path / "scripts" / "llama_cpp.py").unlink(missing_ok=True)
        if built:  # the script's folder is searched for modules
            (tmp_path / "scripts" / "llama_cpp.py").touch()
        # -S: without site-packages there is no llama_cpp; sys.executable is what the script calls pip with
        code = f"import sys, runpy; sys.path.insert(0, {str(script.parent)!r}); "
        code += f"sys.executable = {str(binaries / 'python')!r}; sys.argv = ['run', *{list(arguments)}]"
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
    assert said.endswith("tavern-tui\n")


def test_a_server_on_this_machine_skips_the_build_with_one_line(run: Runner) -> None:
    found = '[{"engine": "KoboldCpp", "address": "http://127.0.0.1:5001"}]'
    assert run(FOUND=found) == (
        "No engine built: using KoboldCpp at http://127.0.0.1:5001 (make engine builds one, about 6 minutes).\n"
        "tavern-tui --server http://127.0.0.1:5001\n"
    )


def test_a_server_that_is_named_skips_the_build_with_one_line(run: Runner) -> None:
    assert run(TAVERN_SERVER="rig:5001").startswith("No engine built: using rig:5001 ")


def test_without_a_compiler_it_says_what_to_install_and_starts(run: Runner) -> None:
    lines = run(compiler=False).splitlines()
    assert lines == [
        "No engine built: no C/C++ compiler here (apt install build-essential, then make engine).",
        "tavern-tui",
    ]


def test_without_a_compiler_a_llama_server_is_used_and_gets_the_starter(run: Runner, tmp_path: Path) -> None:
    assert run(compiler=False, llama_server=True).splitlines() == [
        f"No engine built: using {tmp_path / 'tools' / 'llama-server'} "
        "(make engine builds one; it needs a C/C++ compiler).",
        "tavern-tui models get starter --if-none",
        "tavern-tui",
    ]


def test_after_a_build_that_failed_a_llama_server_is_used_and_gets_the_starter(run: Runner) -> None:
    said = run(llama_server=True, BUILD="1")
    assert "llama-server instead.\ntavern-tui models get starter --if-none\n" in said


def test_an_engine_that_is_there_is_not_built_again_and_gets_the_starter(run: Runner) -> None:
    assert run(built=True).splitlines() == ["tavern-tui models get starter --if-none", "tavern-tui"]


def test_an_engine_that_is_there_needs_no_starter_beside_a_named_server(run: Runner) -> None:
    assert run(built=True, TAVERN_SERVER="rig:5001") == "tavern-tui\n"


@pytest.fixture
def script() -> ModuleType:
    """The script, to be asked one thing at a time."""
    spec = importlib.util.spec_from_file_location("run_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_look_for_servers_that_does_not_end_finds_none(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = tmp_path / "tavern-tui"
    hung.write_text("#!/bin/sh\nexec sleep 600\n")
    hung.chmod(0o755)
    monkeypatch.delenv("TAVERN_SERVER", raising=False)
    monkeypatch.setattr(script, "TAVERN", hung)
    monkeypatch.setattr(script, "ASK_SECONDS", 0.2)
    assert script.server_found() == ("", "")


def test_the_end_of_a_build_is_noticed_long_before_its_progress_is_told_again(script: ModuleType) -> None:
    told: list[str] = []
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
    script.wait_telling(process, lambda: told.append("progress"), every=1e9)
    assert (process.returncode, told) == (0, ["progress"])


def test_progress_is_told_as_often_as_wanted_while_a_build_runs(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read(1)"], stdin=subprocess.PIPE)

    def tell() -> None:
        told.append("progress")
        if len(told) == 3:
            assert process.stdin is not None
            process.stdin.close()

    monkeypatch.setattr(script, "LOOK_SECONDS", 0.01)
    script.wait_telling(process, tell, every=0.02)
    assert process.returncode == 0
    assert len(told) >= 3


def test_a_build_that_fails_does_not_stop_the_start(run: Runner) -> None:
    said = run(BUILD="1")
    assert "The engine could not be built." in said
    assert "engine-build.log" in said
    assert said.endswith("tavern-tui\n")


def test_make_engine_builds_and_starts_nothing(run: Runner) -> None:
    said = run("--engine-only")
    assert "Engine built in" in said
    assert "tavern-tui" not in said.replace("tavern_tui", "")
