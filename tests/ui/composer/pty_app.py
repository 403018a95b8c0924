"""The composer on our driver, run as a process of its own by ``test_terminal.py``: ``python pty_app.py JOURNAL``.

Every line of JOURNAL says what happened, at once: ``ready``, ``changed``, ``draft CHARACTERS DIGEST``.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from textual import on
from textual.app import App, ComposeResult
from textual.widgets import Static, TextArea

from tavern_tui.ui.composer.widget import Composer
from tavern_tui.ui.terminal.driver import TerminalDriver


def digest(text: str) -> str:
    """The text in a few letters."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class PtyApp(App[None]):
    """A chat that stands still, a composer below it."""

    CSS = "#chat { height: 1fr; }"

    def __init__(self, journal: Path) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._journal = journal

    def note(self, line: str) -> None:
        """Add a line to the journal."""
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def compose(self) -> ComposeResult:
        """What stands still, and what is written."""
        yield Static("Wren looks up.", id="chat")
        yield Composer("Message Wren…")

    def on_mount(self) -> None:
        """Say when the first frame is out."""
        self.query_one(Composer).focus()
        self.call_after_refresh(self.note, "ready")

    @on(TextArea.Changed)
    def note_change(self) -> None:
        """Each change of the text."""
        self.note("changed")

    @on(Composer.DraftChanged)
    def note_draft(self, message: Composer.DraftChanged) -> None:
        """What would be saved."""
        self.note(f"draft {len(message.state.text)} {digest(message.state.text)}")


if __name__ == "__main__":
    PtyApp(Path(sys.argv[1])).run()
