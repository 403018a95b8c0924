"""``make run`` after the package is installed: build the engine where it is wanted, fetch the starter model, start.

Standard library only. A server that answers, or a missing compiler, skips the engine build with one line; without a
build a ``llama-server`` on PATH is what the program runs. A failed build or download never stops it from opening.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TAVERN = BIN / "tavern-tui"
USUAL_MINUTES = 6
ASK_SECONDS = 60.0
LOOK_SECONDS = 0.5
STEP = re.compile(r"\[(\d+)/(\d+)\]")


def engine_is_there() -> bool:
    """Whether llama-cpp-python is installed in this environment."""
    return importlib.util.find_spec("llama_cpp") is not None


def compiler_is_there() -> bool:
    """Whether a C and a C++ compiler are on PATH (or named by CC and CXX)."""
    c = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    cxx = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    return bool(c and cxx)


def server_named() -> str:
    """The server that the environment names; empty without one."""
    return os.environ.get("TAVERN_SERVER", "").strip()


def server_found() -> tuple[str, str]:
    """The address of the server to use instead of an own engine, and that server in words; both empty without one."""
    named = server_named()
    if named:
        return named, named
    command = [str(TAVERN), "connect", "--json"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ASK_SECONDS)
        found = json.loads(asked.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        return "", ""
    return (found[0]["address"], f"{found[0]['engine']} at {found[0]['address']}") if found else ("", "")


def build_engine() -> bool:
    """Build and install the embedded engine, showing the elapsed and the usual time. The log is kept."""
    log = ROOT / ".venv" / "engine-build.log"
    command = [sys.executable, "-m", "pip", "install", "-v", "-c", "constraints.txt", "-e", ".[local]"]
    print(f"Building the embedded engine: usually about {USUAL_MINUTES} minutes on 2 cores. Log: {log}", flush=True)
    started = time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        every = LOOK_SECONDS if sys.stdout.isatty() else 30.0
        wait_telling(process, lambda: show_progress(log, time.monotonic() - started), every)
    if sys.stdout.isatty():
        print()
    if process.returncode == 0:
        print(f"Engine built in {clock(time.monotonic() - started)}.")
        return True
    print(f"The engine could not be built. What went wrong stands at the end of {log}.")
    print("The program works with a server (--server URL); make engine tries again.")
    return False


def wait_telling(process: subprocess.Popen[bytes], tell: Callable[[], None], every: float) -> None:
    """Wait for ``process``, calling ``tell`` at once and then every so many seconds; its end is noticed sooner."""
    told = -every
    while process.poll() is None:
        if time.monotonic() - told >= every:
            tell()
            told = time.monotonic()
        try:
            process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            pass


def show_progress(log: Path, elapsed: float) -> None:
    """One line: elapsed time, usual time, and the build's own count of steps."""
    with log.open("rb") as lines:
        lines.seek(max(0, log.stat().st_size - 4096))
        steps = STEP.findall(lines.read().decode("utf-8", "replace"))
    step = f" · step {steps[-1][0]} of {steps[-1][1]}" if steps else ""
    line = f"  {clock(elapsed)} of about {USUAL_MINUTES}:00{step}"
    print(f"\r{line}   " if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n", flush=True)


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def get_engine() -> bool:
    """Build the engine where that can be done, else look for one; says what was found. Whether a model is of use."""
    there = shutil.which("llama-server")
    if compiler_is_there():
        built = build_engine()
        if there and not built:
            print(f"Using {there} instead.")
        return built or there is not None
    if there:
        print(f"No engine built: using {there} (make engine builds one; it needs a C/C++ compiler).")
    else:
        print("No engine built: no C/C++ compiler here (apt install build-essential, then make engine).")
    return there is not None


def prepare() -> str:
    """Get an engine and a model, unless a server does both; returns that server's address."""
    if not engine_is_there():
        address, server = server_found()
        if server:
            print(f"No engine built: using {server} (make engine builds one, about {USUAL_MINUTES} minutes).")
            return address
        if not get_engine():
            return ""
    elif server_named():
        return ""
    sys.stdout.flush()
    subprocess.run([TAVERN, "models", "get", "starter", "--if-none"], check=False)
    return ""


def main() -> None:
    """Prepare, then become the program."""
    if "--engine-only" in sys.argv[1:]:
        sys.exit(0 if engine_is_there() or build_engine() else 1)
    address = prepare()
    sys.stdout.flush()
    os.execv(TAVERN, [str(TAVERN), *(["--server", address] if address else [])])


if __name__ == "__main__":
    main()
