"""``--help`` without a command line parser is the page that the parser would write."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tavern_tui.cli import help
from tavern_tui.cli.main import cli


@pytest.mark.parametrize("columns", [30, 45, 52, 57, 63, 70, 79, 80, 81, 200])
def test_the_page_is_that_of_the_parser(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with cli.make_context("tavern-tui", ["chat"]) as context:
        assert help.page(columns) == context.get_help()


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_it_is_printed_without_importing_the_parser(flag: str) -> None:
    script = (
        "import sys; from tavern_tui.__main__ import main; main();"
        "print([n for n in ('click', 'typing', 'importlib.metadata') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, flag], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("Usage: tavern-tui [OPTIONS] [COMMAND] [ARGS]...\n")
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(("named", "columns"), [("45", 45), ("0", 80), ("many", 80), ("", 80)])
def test_the_terminal_is_as_wide_as_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch, named: str, columns: int) -> None:
    monkeypatch.setattr(sys, "__stdout__", None)
    monkeypatch.setenv("COLUMNS", named)
    assert help.terminal_columns() == columns
