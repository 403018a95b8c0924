"""A small app on the driver, run as a process of its own by the tests of this folder.

``python tiny_app.py JOURNAL WHAT [UPDATES]``: every line that it writes to JOURNAL says what happened, at once.
``stream`` paints UPDATES numbered screens and ends; ``keys`` notes every key and paste until it is ended; ``crash``
raises after the first paint; ``stay`` streams and does not end; ``deaf`` will not end when it is asked to; ``plain``
leaves hang-ups and requests to end to the driver; ``shell`` gives the terminal away for a moment, as for an editor.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static

from tavern_tui.ui.terminal.driver import EndRequested, TerminalDriver, TerminalGone

TICK_SECONDS = 0.02


class TinyApp(App[None]):
    """Paints what it is told to."""

    CSS = "#text { height: 1fr; }"

    def __init__(self, journal: Path, what: str, updates: int) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._journal = journal
        self._what = what
        self._updates = updates

    def note(self, line: str) -> None:
        """Add a line to the journal."""
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def compose(self) -> ComposeResult:
        """One widget as large as the screen, one line below it."""
        yield Static("", id="text")
        yield Static("the last line", id="foot")

    def on_mount(self) -> None:
        """Begin, once the first frame is out."""
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        self.note("ready")
        if self._what == "crash":
            raise RuntimeError("it was asked to")
        if self._what == "shell":
            with self.suspend():
                print("in the shell", flush=True)
            self.query_one("#foot", Static).update("back again")
        if self._what in ("stream", "stay"):
            self.run_worker(self._stream())

    async def _stream(self) -> None:
        driver = self._driver
        assert isinstance(driver, TerminalDriver)
        for number in range(1, self._updates + 1):
            await asyncio.sleep(TICK_SECONDS)
            self.query_one("#text", Static).update(f"update {number} of {self._updates}. " * 80)
            self.note(f"tick {number} held {driver.held} behind {driver.behind} cpu {cpu_seconds():.3f}")
        self.note("done")
        if self._what != "stay":
            self.exit()

    def on_key(self, event: events.Key) -> None:
        """Say which."""
        self.note(f"key {event.key} {event.character!r}")

    def on_paste(self, event: events.Paste) -> None:
        """Say what."""
        self.note(f"paste {event.text!r}")


class DecidingApp(TinyApp):
    """Has a word on when to leave."""

    def on_terminal_gone(self, event: TerminalGone) -> None:
        """A stream goes on to its end."""
        self.note(f"gone cpu {cpu_seconds():.3f}")
        if self._what == "keys":
            self.exit()

    def on_end_requested(self, event: EndRequested) -> None:
        """Leave at once, unless deaf."""
        self.note("asked to end")
        if self._what != "deaf":
            self.exit()


def cpu_seconds() -> float:
    """What this process has used so far, in all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    path, what, *more = sys.argv[1:]
    kind = TinyApp if what == "plain" else DecidingApp
    app = kind(Path(path), what, int(more[0]) if more else 0)
    app.run()
    app.note(f"ended cpu {cpu_seconds():.3f}")
    sys.exit(app.return_code or 0)
