"""The tiny app in a terminal of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.terminal.ptys import TinyTerminal

Open = Callable[..., TinyTerminal]


@pytest.fixture
def open_tiny(tmp_path: Path) -> Iterator[Open]:
    """``open_tiny("stream", 200)`` runs the tiny app and waits until it has painted."""
    with ExitStack() as running:

        def start(what: str, updates: int = 0) -> TinyTerminal:
            terminal = running.enter_context(TinyTerminal(tmp_path / "journal", what, updates))
            terminal.until_ready()
            return terminal

        yield start
