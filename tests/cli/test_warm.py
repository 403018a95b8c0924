"""A command forked off the warm interpreter, as most tests here run it, is what the same command started anew is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Ran, ScriptedServer, cold, environment


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["--help"], ""),
        (["dance"], ""),
        (["log", "nobody"], ""),
        (["say", "wren", "-"], "a message of several\nlines 猫"),
        (["chat", "wren"], "Hello\n/list 1\n/quit\n"),
        (["chat", "wren", "--server", "http://127.0.0.1:1"], "Hello\n"),
    ],
)
def test_a_warm_start_is_a_start(
    command: Command, server: ScriptedServer, tmp_path: Path, arguments: list[str], stdin: str
) -> None:
    server.says("One. ", "Two 猫.\n", "Three.")
    homes = [tmp_path / "a", tmp_path / "b"]
    warm = command(homes[0], arguments, stdin.encode(), {"TAVERN_SERVER": server.address})
    started = cold(arguments, stdin.encode(), environment(TAVERN_HOME=str(homes[1]), TAVERN_SERVER=server.address))
    assert without_home(warm, homes[0]) == without_home(started, homes[1])


def without_home(ran: Ran, home: Path) -> Ran:
    """What was printed, whatever the home folder is called, however late it was and however long things took."""
    times = rb"\d+(\.\d)? s\b|\d{4}-\d\d-\d\d \d\d\.\d\d"
    out, err = (re.sub(times, b"", text.replace(bytes(home), b"HOME")) for text in (ran.out, ran.err))
    return Ran(ran.code, out, err)
