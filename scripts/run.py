"""``make run`` after the package is installed: build the engine where it is wanted, fetch the starter model, start.

Standard library only. A server that answers, or a missing compiler, skips the engine build with one line; a failed
build or download never stops the program from opening.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TAVERN = BIN / "tavern-tui"
USUAL_MINUTES = 6
STEP = re.compile(r"\[(\d+)/(\d+)\]")


def engine_is_there() -> bool:
    """Whether llama-cpp-python is installed in this environment."""
    return importlib.util.find_spec("llama_cpp") is not None


def compiler_is_there() -> bool:
    """Whether a C and a C++ compiler are on PATH (or named by CC and CXX)."""
    c = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    cxx = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    return bool(c and cxx)


def server_found() -> tuple[str, str]:
    """The address of the server to use instead of an own engine, and that server in words; both empty without one."""
    named = os.environ.get("TAVERN_SERVER", "").strip()
    if named:
        return named, named
    asked = subprocess.run([TAVERN, "connect", "--json"], capture_output=True, text=True, check=False, timeout=60)
    try:
        found = json.loads(asked.stdout)
    except ValueError:
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
        while process.poll() is None:
            show_progress(log, time.monotonic() - started)
            time.sleep(0.5 if sys.stdout.isatty() else 30)
    if sys.stdout.isatty():
        print()
    if process.returncode == 0:
        print(f"Engine built in {clock(time.monotonic() - started)}.")
        return True
    print(f"The engine could not be built. What went wrong stands at the end of {log}.")
    print("The program works with a server (--server URL); make engine tries again.")
    return False


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


def prepare() -> str:
    """Get an engine and a model, unless a server does both; returns that server's address."""
    if not engine_is_there():
        address, server = server_found()
        if server:
            print(f"No engine built: using {server} (make engine builds one, about {USUAL_MINUTES} minutes).")
            return address
        if not compiler_is_there():
            print("No engine built: no C/C++ compiler here (apt install build-essential, then make engine).")
            return ""
        if not build_engine():
            return ""
    subprocess.run([TAVERN, "models", "get", "starter", "--if-none"], check=False)
    return ""


def main() -> None:
    """Prepare, then become the program."""
    if "--engine-only" in sys.argv[1:]:
        sys.exit(0 if engine_is_there() or build_engine() else 1)
    address = prepare()
    sys.stdout.flush()
    os.execv(TAVERN, [str(TAVERN), "chat", *(["--server", address] if address else [])])


if __name__ == "__main__":
    main()
