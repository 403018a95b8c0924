"""A program on a real pty, whose other side the test reads, leaves unread, or closes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.terminal.picture import picture
from tests.terminal.scrolling_screen import ScrollingScreen, ScrollingStream, looks

LONGEST_SECONDS = 60.0
"""After so long a test gives up; no test measures time against it."""

_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[um]|\x1b\[\?[0-9]+\$p")
_CUT_SEQUENCE = re.compile(rb"\x1b(\[[0-9;?<>=$]*)?\Z")

_TESTERS_OWN = ("TEXTUAL", "TMUX", "TAVERN_", "STY", "SSH_", "LC_", "NO_COLOR", "COLUMNS", "LINES")
"""How the variables begin that say something of the tester's terminal or library, not of the test's."""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a program on a terminal: ``variables`` over the tester's, without the tester's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_TESTERS_OWN)}
    return {**kept, "PYTHONUTF8": "1", **variables}


class Terminal:
    """``command`` in a terminal of ``rows`` × ``columns`` cells, as the leader of its session."""

    def __init__(
        self, command: Sequence[str], rows: int = 24, columns: int = 80, variables: Mapping[str, str] | None = None
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes_before = termios.tcgetattr(slave)
        self._path = os.ttyname(slave)
        # The shell, leading a session, opens the terminal, which makes it the one that hangs up on it.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', self._path, *command],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment({"TERM": "xterm-256color", "COLORTERM": "truecolor", **(variables or {})}),
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        self.seen = bytearray()
        self._closed = False
        self._display = ScrollingScreen(columns, rows)
        self._reader = ScrollingStream(self._display)
        self._displayed = 0
        self._lines: list[str] = list(self._display.display)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LONGEST_SECONDS)
        self.close()

    def read(self, seconds: float = 0.05) -> None:
        """Read what has come, waiting ``seconds`` for it at most."""
        if self._closed or not select.select([self.master], [], [], seconds)[0]:
            return
        try:
            self.seen += os.read(self.master, 65536)
        except OSError:
            time.sleep(seconds)  # the program has ended: its side is closed

    def read_until(self, met: Callable[[], object]) -> None:
        """Read until ``met`` is true."""
        self._until(met, self.read)

    def leave_unread_until(self, met: Callable[[], object]) -> None:
        """Read nothing until ``met`` is true."""
        self._until(met, lambda: time.sleep(0.05))

    def type(self, text: str) -> None:
        """Send ``text`` in one write."""
        os.write(self.master, text.encode())

    def send_whole(self, data: bytes) -> None:
        """Send any amount, reading meanwhile."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.master, rest) :]
            except BlockingIOError:
                self.read(0.01)

    def close(self) -> None:
        """Hang up."""
        if not self._closed:
            self._closed = True
            os.close(self.master)

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    def ended(self) -> bool:
        """Whether the program has ended."""
        return self.process.poll() is not None

    def stopped(self) -> bool:
        """Whether the program stands still, as after ctrl+z."""
        found = os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
        return found is not None and found.si_pid == self.process.pid

    def exit_status(self) -> int:
        """Wait for the end, reading; then read what is left."""
        self.read_until(self.ended)
        for _ in range(20):
            self.read(0.01)
        return self.process.returncode

    def screen(self) -> list[str]:
        """What a terminal shows that was sent all this, line by line."""
        news = bytes(self.seen[self._displayed :])
        news = news[: len(news) - len(cut[0])] if (cut := _CUT_SEQUENCE.search(news)) else news
        if news:  # asked for ten times between two paints, and slow to put together
            self._displayed += len(news)
            self._reader.feed(_UNKNOWN_TO_PYTE.sub(b"", news))
            self._lines = list(self._display.display)
        return self._lines

    def look(self) -> list[list[tuple[object, ...]]]:
        """The same with the look of every cell."""
        self.screen()
        return looks(self._display)

    def picture(self, title: str) -> str:
        """The same as an SVG."""
        self.screen()
        return picture(self._display, title)

    def modes(self) -> list[object]:
        """The line discipline's settings now."""
        fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY)
        try:
            return termios.tcgetattr(fd)
        finally:
            os.close(fd)

    def pending_input(self) -> int:
        """How many bytes the program has been sent and has not read."""
        fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY)
        try:
            return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4), sys.byteorder)
        finally:
            os.close(fd)

    def busy(self) -> bool:
        """Whether the program is at work or waits for its turn, as far as the system tells (Linux's ``/proc``)."""
        states = []
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            try:
                states.append(task.read_text().rpartition(")")[2].split()[0])
            except OSError:
                pass  # the thread has ended since
        return any(state in "RD" for state in states)

    def full(self) -> bool:
        """Whether the system would hold up a program that writes to the terminal now."""
        fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return not select.select([], [fd], [], 0)[1]
        finally:
            os.close(fd)

    def switched_on(self, size: int | None = None) -> set[int]:
        """The private modes that are on after all this, or after its first ``size`` bytes.

        1049 is the alternate screen, 25 the cursor, 7 wrapping, 1000 to 1006 the mouse, 2004 bracketed paste.
        """
        on = {25, 7}
        for number, letter in re.findall(rb"\x1b\[\?(\d+)([hl])", bytes(self.seen[:size])):
            (on.add if letter == b"h" else on.discard)(int(number))
        return on

    def _until(self, met: Callable[[], object], meanwhile: Callable[[], None]) -> None:
        end = time.monotonic() + LONGEST_SECONDS
        while not met():
            if time.monotonic() > end:
                shown = "\n".join(self.screen())
                raise AssertionError(f"it did not happen; on screen:\n{shown}")
            meanwhile()


class TinyTerminal(Terminal):
    """The tiny app in a terminal; ``inside`` is a command that runs it, such as tmux."""

    def __init__(
        self,
        journal: Path,
        what: str,
        updates: int = 0,
        inside: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._journal = journal
        app = Path(__file__).with_name("tiny_app.py")
        root = Path(__file__).parents[2]
        command = [*inside, sys.executable, str(app), str(journal), what, str(updates)]
        super().__init__(command, variables={"PYTHONPATH": str(root), **(variables or {})})

    def notes(self, word: str = "") -> list[str]:
        """What the app noted that begins with ``word``."""
        if not self._journal.exists():
            return []
        lines = self._journal.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.startswith(word)]

    def until_ready(self) -> None:
        """Read until the first frame is out."""
        self.read_until(lambda: self.notes("ready"))
