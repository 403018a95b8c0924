"""The composer on a real pty: what a paste costs there, what it may not do, and that it costs nothing to wait."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.ptys import Terminal
from tests.ui.composer.pty_app import digest

LINES = ("She sets the kettle down and waits, listening to the rain on the roof.\r" * 2_900)[:200_000]


class ComposerTerminal(Terminal):
    """The app of ``pty_app.py`` in a terminal."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "journal"
        app, root = Path(__file__).with_name("pty_app.py"), Path(__file__).parents[3]
        super().__init__([sys.executable, str(app), str(self._journal)], variables={"PYTHONPATH": str(root)})

    def notes(self, word: str) -> list[str]:
        """What the app noted that begins with ``word``."""
        lines = self._journal.read_text(encoding="utf-8").splitlines() if self._journal.exists() else []
        return [line for line in lines if line.startswith(word)]

    def paste(self, text: str) -> None:
        """As a terminal sends it that marks pastes."""
        self.send_whole(f"\x1b[200~{text}\x1b[201~".encode())

    def until_quiet(self) -> None:
        """Read until nothing has come for a while."""
        size = -1
        while size != len(self.seen):
            size = len(self.seen)
            self.read(1.0)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[ComposerTerminal]:
    """The composer, empty, on a screen that has been painted."""
    with ComposerTerminal(tmp_path) as running:
        running.read_until(lambda: running.notes("ready"))
        running.read_until(lambda: "Message Wren…" in running.screen()[23])
        running.until_quiet()
        yield running


def test_two_hundred_kilobytes_are_one_change_one_line_and_come_through_whole(terminal: ComposerTerminal) -> None:
    before = len(terminal.seen)
    terminal.paste(LINES)
    terminal.read_until(lambda: "⧉ pasted 200,000 characters" in terminal.screen()[23])
    assert terminal.notes("changed") == ["changed"]
    assert len(terminal.seen) - before < 1_000, "one row is painted anew"
    terminal.read_until(lambda: terminal.notes("draft"))
    assert terminal.notes("draft") == [f"draft 200000 {digest(LINES.replace(chr(13), chr(10)))}"]


def test_an_unmarked_paste_that_comes_in_packets_is_one_paste(terminal: ComposerTerminal) -> None:
    text = LINES[:6_000]
    for start in range(0, len(text), 2_000):
        terminal.send_whole(text[start : start + 2_000].encode())
        time.sleep(0.03)
    terminal.read_until(lambda: "⧉ pasted 6,000 characters" in terminal.screen()[23])
    terminal.read_until(lambda: any("draft 6000 " in note for note in terminal.notes("draft")))
    assert digest(text.replace("\r", "\n")) in terminal.notes("draft")[-1]


def test_a_paste_cannot_drive_the_terminal_and_is_kept_to_the_letter(terminal: ComposerTerminal) -> None:
    hostile = "\x1b]52;c;cm0gLXJmIC8=\x07 \x1b[2J \x9b2J \u202egnp.exe \u2028 \x05"
    before = len(terminal.seen)
    terminal.paste(hostile)
    terminal.read_until(lambda: "␛]52;c;cm0gLXJmIC8=␇" in terminal.screen()[23])
    painted = terminal.seen[before:].decode()
    assert re.search("\x1b]|\x1b\\[2J|[\x05\x07\x9b\u202e\u2028]", painted) is None
    terminal.read_until(lambda: terminal.notes("draft"))
    assert terminal.notes("draft") == [f"draft {len(hostile)} {digest(hostile)}"]


def test_a_composer_that_waits_sends_nothing(terminal: ComposerTerminal) -> None:
    terminal.type("hello")
    terminal.read_until(lambda: terminal.screen()[23].strip() == "hello")
    terminal.read_until(lambda: terminal.notes("draft"))
    terminal.until_quiet()
    before = len(terminal.seen)
    end = time.monotonic() + 3.0
    terminal.read_until(lambda: time.monotonic() > end)
    assert len(terminal.seen) == before
