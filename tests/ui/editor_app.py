"""A small app on the driver that opens an editor, run as a process of its own by ``test_editor.py``.

``python editor_app.py JOURNAL COMMAND…``: ctrl+o opens the composer's text in COMMAND. Every line of JOURNAL says what
happened, at once: ``tick N`` from a task that goes on all the while, ``key …``, ``edited …``, ``refused …``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.composer.widget import Composer
from tavern_tui.ui.editor import edit_text
from tavern_tui.ui.terminal.driver import EndRequested, TerminalDriver

TICK_SECONDS = 0.02


class EditorApp(App[None]):
    """A line that counts, a composer below it."""

    CSS = "#count { height: 1fr; }"

    def __init__(self, journal: Path, command: Sequence[str]) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._journal = journal
        self._command = command

    def note(self, line: str) -> None:
        """Add a line to the journal."""
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def compose(self) -> ComposeResult:
        """What streams, and what is written."""
        yield Static("", id="count")
        yield Composer("Message Wren…")

    def on_mount(self) -> None:
        """Begin to count once the first frame is out."""
        self.app_suspend_signal.subscribe(self, lambda _: self.note("suspended"))
        self.app_resume_signal.subscribe(self, lambda _: self.note("resumed"))
        self.query_one(Composer).focus()
        self.call_after_refresh(lambda: self.run_worker(self._count()))

    async def _count(self) -> None:
        self.note("ready")
        number = 0
        while True:
            number += 1
            self.query_one("#count", Static).update(f"count {number}")
            self.note(f"tick {number}")
            await asyncio.sleep(TICK_SECONDS)

    def on_key(self, event: events.Key) -> None:
        """Say which; ctrl+o opens the editor."""
        self.note(f"key {event.key}")
        if event.key == "ctrl+o":
            self.run_worker(self._edit())

    async def _edit(self) -> None:
        composer = self.query_one(Composer)
        try:
            edited = await edit_text(self, composer.full_text, self._command)
        except TavernError as error:
            self.note(f"refused {error}")
            return
        if edited.changed:
            composer.put(edited.text)
        self.note(f"edited {edited!r}")

    def on_end_requested(self, event: EndRequested) -> None:
        """Leave."""
        self.exit()


if __name__ == "__main__":
    EditorApp(Path(sys.argv[1]), sys.argv[2:]).run()
