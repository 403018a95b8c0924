"""A fault of the program's own on a real terminal: what is left of it there, and in the crash log."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.terminal.ptys import Terminal
from tests.terminal.tavern import Home

FAULTY = """
import tavern_tui.ui.app as app
from tavern_tui.__main__ import main

def faulty(*_given, **_wished):
    raise LookupError("what the user wrote")

app.TavernApp.__init__.__kwdefaults__["opener"] = faulty
main()
"""
"""The program with a fault in the worker that opens the chat."""


def test_a_crash_gives_the_terminal_back_says_one_line_and_logs_where_it_was(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Terminal([sys.executable, "-c", FAULTY], variables=home.variables) as terminal:
        assert terminal.exit_status() == 70
        assert terminal.modes() == terminal.modes_before
        assert terminal.switched_on() == {7, 25}
        said = bytes(terminal.seen).decode().rpartition("\x1b[?1049l")[2]
    log = (home.directories.state / "crash.log").read_text(encoding="utf-8")
    assert "tavern-tui stopped: a fault of its own. Nothing was lost." in said
    assert "LookupError" in log
    assert "in faulty" in log
    assert "what the user wrote" not in said + log
