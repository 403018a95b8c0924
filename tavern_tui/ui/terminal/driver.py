"""Textual's driver for Unix terminals, made safe for terminals that stall or vanish.

Differences from Textual's own: writing never holds up the event loop (``output``); a terminal that has gone ends the
input thread and the painting, not the program; SIGTERM works whatever the terminal does; pastes and Esc chords are
read by our rules (``input``). What the app does about a hang-up is the app's decision.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import termios
import time
from collections.abc import Callable
from typing import Any, Final

from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tavern_tui.ui.terminal.input import TerminalInput
from tavern_tui.ui.terminal.output import Output

LEAVE_SECONDS: Final = 0.5
"""How long a terminal that does not read is waited for when the app leaves it, before and after giving up on it."""

POLL_SECONDS: Final = 0.1
"""How long the input thread waits before it looks whether it is to end."""

RESTORED: Final = (
    SYNC_END
    + "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse
    + "\x1b[?2004l\x1b[?2048l\x1b[?1004l"  # bracketed paste, resize reports, focus reports
    + "\x1b[?7h\x1b[0m"  # wrapping lines, plain text
    + "\x1b[<u"  # kitty's keyboard protocol, which is kept per screen: before the alternate one is left
    + "\x1b[?1049l\x1b[?25h"  # the alternate screen, the cursor
)
"""What makes a terminal as it was. Source: xterm's control sequences; kitty's keyboard protocol."""

CLEARED: Final = "\x1b[2J"
"""Clears the screen (ECMA-48 §8.3.39)."""

_PLACES_CURSOR: Final = re.compile(r"\x1b\[\d+;\d+H")
"""Textual ends every frame by placing the cursor, and writes this nowhere else."""


class TerminalGone(Message, bubble=False):
    """The terminal hung up. Nothing is painted or read from here on; the app leaves when it has nothing left to do.

    Handled by ``on_terminal_gone`` of the app. An app without that method is ended at once.
    """


class EndRequested(Message, bubble=False):
    """The system asks the program to end (SIGTERM). A second SIGTERM kills it.

    Handled by ``on_end_requested`` of the app. An app without that method is ended at once.
    """


class TerminalDriver(LinuxDriver):
    """Give it to the app as ``driver_class``. ``epoch`` changes whenever it is not known any more what is on screen."""

    _output: Output

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._synchronized = False
        self._hung_up = False
        self._placed = ""
        self.epoch = 0

    @property
    def behind(self) -> bool:
        """Whether a frame would not be shown now: the terminal does not read, or is gone."""
        return self._output.behind

    @property
    def held(self) -> int:
        """Bytes given to the terminal that it has not taken yet."""
        return self._output.held

    @property  # type: ignore[override]
    def _writer_thread(self) -> Output | None:
        """Ours, where Textual would keep a writer whose queue holds up the event loop when it is full."""
        return getattr(self, "_output", None)

    @_writer_thread.setter
    def _writer_thread(self, writer: object) -> None:
        """Leave out the writer that Textual makes; it was never started."""

    def use_mouse(self, wanted: bool) -> None:
        """Have the terminal tell of the mouse, or leave it to the terminal, which then selects text itself."""
        if wanted:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False

    def write(self, data: str) -> None:
        """Show a frame, or set a mode. A frame is left out while the terminal does not read; a whole one follows.

        One that only places the cursor where it is already is not sent.
        """
        if data in (SYNC_START, SYNC_END):
            # Kept with its frame: half a pair would freeze the terminal until it gives up waiting.
            self._synchronized = True
        elif not _PLACES_CURSOR.search(data):
            self._output.write(data)
            if data == CLEARED:
                self.epoch += 1
        elif data != self._placed:
            taken = self._output.frame(f"{SYNC_START}{data}{SYNC_END}" if self._synchronized else data)
            self._placed = data[data.rindex("\x1b[") :] if taken else ""
            self.epoch += not taken

    def start_application_mode(self) -> None:
        """Take over the terminal, and SIGHUP and SIGTERM with it."""
        loop = asyncio.get_running_loop()

        def on_loop(act: Callable[[], object]) -> Callable[[], None]:
            def later() -> None:
                try:
                    loop.call_soon_threadsafe(act)
                except RuntimeError:
                    pass  # the loop has ended, and nobody is left to tell

            return later

        self._tell_gone = on_loop(self._hang_up)
        terminal = self._file.fileno() if self._file is not None else self.fileno
        self._output = Output(terminal, on_loop(self._paint_again), self._tell_gone)
        self.epoch += 1
        self._placed = ""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        loop.add_signal_handler(signal.SIGTERM, self._end)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and rows as the terminal says, whatever ``COLUMNS`` and ``LINES`` say: they go stale on a resize."""
        for descriptor in (self._file.fileno() if self._file is not None else self.fileno, self.fileno):
            try:
                size = os.get_terminal_size(descriptor)
            except OSError:
                continue  # a pipe, or the terminal is gone
            if size.columns and size.lines:
                return size
        return super()._get_terminal_size()

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was, within a second even where it does not read."""
        self.disable_input()
        self._output.leave(RESTORED, LEAVE_SECONDS)
        if self.attrs_before is not None:
            try:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            except termios.error:
                pass  # the terminal is gone

    def run_input_thread(self) -> None:
        """Read the terminal until the app ends or the terminal is gone."""
        reading = TerminalInput(self._debug)
        while not self.exit_event.is_set():
            ready, _, _ = select.select([self.fileno], [], [], reading.wait(time.monotonic(), POLL_SECONDS))
            if ready:
                try:
                    data = os.read(self.fileno, 65536)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                if not data:
                    self._input_ended()
                    return
                for message in reading.feed(data, time.monotonic()):
                    self.process_message(message)
            for message in reading.tick(time.monotonic()):
                self.process_message(message)

    def _input_ended(self) -> None:
        # The end of a pipe that stands in for a keyboard says nothing about the terminal.
        if self.input_tty:
            self._tell_gone()

    def _paint_again(self) -> None:
        self._app.call_later(self._app.refresh)

    def _hang_up(self) -> None:
        if self._hung_up:
            return
        self._hung_up = True
        self._output.mute()
        self.exit_event.set()
        # Nobody looks any more: a batch that is never ended spares the layout and the painting.
        self._app._begin_batch()
        self._tell(TerminalGone())

    def _end(self) -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        self._tell(EndRequested())

    def _tell(self, message: TerminalGone | EndRequested) -> None:
        if hasattr(self._app, message.handler_name):
            self._app.post_message(message)
        else:
            self._app.call_later(self._app.exit)
