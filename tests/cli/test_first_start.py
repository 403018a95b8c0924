"""The demo and the first start as a person meets them: the real program on a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tavern_tui.session.workspace import Workspace
from tests.cli.conftest import Tavern
from tests.terminal.ptys import Terminal

ROOT = Path(__file__).parents[2]
Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start(argument, …)`` runs the program on a terminal, on a home of its own without any model or server."""
    begun: list[Terminal] = []

    def begin(*arguments: str, columns: int = 80, rows: int = 24) -> Terminal:
        (tmp_path / "tmp").mkdir(exist_ok=True)
        variables = {
            "HOME": str(tmp_path),
            "TAVERN_HOME": str(tmp_path / "home"),
            "TAVERN_SERVER": "",
            "TMPDIR": str(tmp_path / "tmp"),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "tavern_tui", *arguments]
        begun.append(Terminal(command, rows, columns, variables))
        return begun[-1]

    yield begin
    for terminal in begun:
        with terminal:
            pass


def shows(terminal: Terminal, text: str) -> Callable[[], bool]:
    """Whether the terminal shows ``text`` now."""
    return lambda: any(text in line for line in terminal.screen())


def leave(terminal: Terminal) -> int:
    """Press ctrl+c twice; the exit status."""
    terminal.type("\x03")
    terminal.read_until(shows(terminal, "again to quit"))
    terminal.type("\x03")
    return terminal.exit_status()


def test_the_demo_shows_the_finished_chat_and_leaves_nothing_behind(start: Start, tmp_path: Path) -> None:
    terminal = start("demo")
    terminal.read_until(shows(terminal, "Bess"))
    assert any("tavern-demo" in path.name for path in (tmp_path / "tmp").iterdir())
    assert leave(terminal) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "home" / "chats").exists()


def test_setup_asks_what_a_first_start_asks_and_keeps_the_answers(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = start("setup")
    terminal.read_until(shows(terminal, "What should characters call you?"))
    terminal.type("Mira\r")
    terminal.read_until(shows(terminal, "Who writes?"))
    terminal.read_until(shows(terminal, "Starter model"))
    terminal.type("\x1b")
    terminal.read_until(shows(terminal, "What first?"))
    terminal.type("\x1b[B\x1b[B\r")
    terminal.read_until(shows(terminal, "Which adventure?"))
    terminal.type("\r")
    terminal.read_until(shows(terminal, "ctrl+p Palette"))
    assert leave(terminal) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    monkeypatch.setenv("TAVERN_HOME", str(tmp_path / "home"))
    assert Workspace.open().persona.name == "Mira"


@pytest.mark.parametrize("keys", ["", "\r"])
def test_the_first_start_can_be_left_and_keeps_nothing_then(start: Start, tmp_path: Path, keys: str) -> None:
    terminal = start("setup", columns=45, rows=13)
    terminal.read_until(shows(terminal, "What should characters call you?"))
    terminal.type(keys)
    terminal.read_until(shows(terminal, "Who writes?" if keys else "call you?"))
    assert leave(terminal) == 0
    assert not (tmp_path / "home" / "config").exists()


def test_a_line_that_hangs_up_ends_the_first_start(start: Start) -> None:
    terminal = start("setup")
    terminal.read_until(shows(terminal, "What should characters call you?"))
    terminal.close()
    assert terminal.process.wait(60) == 0


@pytest.mark.parametrize("asked", ["demo", "setup"])
def test_without_a_terminal_the_next_step_is_told(asked: str, tavern: Tavern) -> None:
    ran = tavern(asked)
    assert ran.code == 1
    assert "needs a terminal. Without one: tavern-tui" in ran.notes
