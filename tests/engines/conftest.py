"""Fixtures of the engines' tests: a stand-in server, and a real OpenAI-compatible server with the starter model."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.standin import free_port

START_SECONDS = 90.0


@pytest.fixture(scope="session")
def llama_cpp_server(starter_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of llama-cpp-python's server with the starter model, context 1,024; started once."""
    port = free_port()
    log = tmp_path_factory.mktemp("llama-cpp-server") / "log"
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(starter_model), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--n_ctx", "1024", "--n_threads", "1", "--n_threads_batch", "1"]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        base = f"http://127.0.0.1:{port}"
        try:
            _wait_for(base, process, log)
            yield base
        finally:
            process.terminate()


def _wait_for(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(base + "/v1/models", timeout=5):
                return
        except urllib.error.URLError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
    pytest.fail(f"the model server did not start:\n{log.read_text()[-2000:]}")
