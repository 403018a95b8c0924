"""Whose terminal shows the program: with a tmux that says so, and a client that is a real process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tavern_tui.session.attached import attached, out_of_sight

FROM_FAR = {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22"}


@pytest.fixture
def phone() -> Iterator[subprocess.Popen[bytes]]:
    """A tmux client that somebody started from Termux."""
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, "TERMUX_VERSION": "0.118"})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def tmux_that_says(told: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a tmux on the path that answers ``told``."""
    tool = folder / "tmux"
    tool.write_text(f"#!/bin/sh\n{told}\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_without_tmux_the_variables_of_the_program_count() -> None:
    assert attached(FROM_FAR).variables == FROM_FAR


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="not Linux")
def test_in_tmux_those_of_the_client_count_that_is_attached_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phone: subprocess.Popen[bytes]
) -> None:
    tmux_that_says(f"echo {phone.pid} 45 xterm-256color", tmp_path, monkeypatch)
    found = attached({**FROM_FAR, "TMUX": "/tmp/tmux-0/default,1,0", "LANG": "C.UTF-8"})
    assert found.columns == 45
    assert found.variables["TERMUX_VERSION"] == "0.118"
    assert "SSH_CONNECTION" not in found.variables, "that was the desk, from where the server was started"
    assert found.variables["LANG"] == "C.UTF-8"


@pytest.mark.parametrize("told", ["exit 1", "echo", "echo no client attached here", "echo 99999999 80 xterm"])
def test_a_tmux_that_tells_nothing_leaves_the_variables_of_the_program(
    told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux_that_says(told, tmp_path, monkeypatch)
    assert attached({**FROM_FAR, "TMUX": "x"}).variables["SSH_CONNECTION"] == FROM_FAR["SSH_CONNECTION"]


@pytest.mark.parametrize(
    ("told", "found"),
    [("echo 1 1", False), ("echo 0 1", True), ("echo 1 0", True), ("exit 1", False), ("echo", False)],
    ids=["shown", "other-window", "detached", "no-answer", "nothing"],
)
def test_the_program_is_out_of_sight_where_tmux_shows_another_window_or_is_detached(
    told: str, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux_that_says(f'test "$3" = "%7" && {told}', tmp_path, monkeypatch)
    assert out_of_sight({"TMUX": "x", "TMUX_PANE": "%7"}) is found


def test_without_tmux_nobody_tells_that_the_program_is_out_of_sight() -> None:
    assert not out_of_sight({"TMUX_PANE": "%7"})
    assert not out_of_sight({"TMUX": "x"})
