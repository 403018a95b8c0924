"""Writing to a terminal that may be slow, unread or gone, without ever holding up the caller.

A thread owns a file descriptor of its own on the terminal, opened without blocking, because that flag on the inherited
one would be set for the shell as well. What has been taken but not written is bounded: a frame is refused while the
terminal does not read, and the caller is told when it reads again. Nothing here knows Textual.
"""

from __future__ import annotations

import os
import select
import termios
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

HELD_BYTES: Final = 64 * 1024
"""Above this many bytes not yet written, nothing more is taken: ten full frames of 80×24."""

BLOCKING_BYTES: Final = 256
"""Bytes per write where only a blocking descriptor can be had: what Linux keeps free when it calls a tty writable."""

CANCEL: Final = b"\x18"
"""ECMA-48 CAN: ends an escape sequence that was cut in the middle, and shows nothing outside one."""


class Output(threading.Thread):
    """The terminal behind ``fd``. Every method returns at once but ``leave``, which says how long it may wait.

    ``on_room`` is called, in the thread, when all is written after a frame was refused; ``on_gone``, once, when the
    terminal is found to be gone (EIO, EPIPE or any other error of the system). After that everything is a no-op.
    """

    def __init__(self, fd: int, on_room: Callable[[], None], on_gone: Callable[[], None]) -> None:
        super().__init__(name="terminal-output", daemon=True)
        self._fd, self._most = _own_descriptor(fd)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._on_room = on_room
        self._on_gone = on_gone
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._flight = memoryview(b"")
        self._held = 0
        self._stuck = False
        self._stale = False
        self._muted = False
        self._gone = False
        self._stopping = False
        self._closed = False

    @property
    def behind(self) -> bool:
        """Whether a frame would be refused now, so that drawing it is wasted work."""
        with self._changed:
            return self._muted or self._gone or self._stuck or self._held >= HELD_BYTES

    @property
    def held(self) -> int:
        """How many bytes were taken and are not yet written."""
        with self._changed:
            return self._held

    def frame(self, text: str) -> bool:
        """Take a painted frame, or refuse it while the terminal does not read. Refused ones make ``on_room`` due."""
        with self._changed:
            if self.behind:
                self._stale = True
                return False
            self._take(text)
            return True

    def write(self, text: str) -> None:
        """Take what is not a frame: a mode, a question, the bell. Kept in order; dropped only above the bound."""
        with self._changed:
            if not self._muted and self._held < HELD_BYTES:
                self._take(text)

    def flush(self) -> None:
        """Do nothing: the thread writes as soon as the terminal takes it."""

    def isatty(self) -> bool:
        """Say yes, as the file it stands for would."""
        return True

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._fd

    def mute(self) -> None:
        """Take nothing more but the last words of ``leave``."""
        with self._changed:
            self._muted = True

    def leave(self, last_words: str, seconds: float) -> bool:
        """Write ``last_words`` after what is held; say whether all was written.

        Where the terminal does not read for ``seconds``, what it has not taken is thrown away, in the kernel as well,
        so that the last words are what it reads next. Waits for twice ``seconds`` at most.
        """
        with self._changed:
            self._muted = True
            if not self._changed.wait_for(self._settled, seconds):
                self._waiting.clear()
                self._flight = memoryview(b"")
                self._held = 0
                self._throw_away()
                self._take("", CANCEL)
            if self._gone or self._closed:
                return False
            self._take(last_words)
            self._changed.wait_for(self._settled, seconds)
            return self._held == 0 and not self._gone

    def stop(self) -> None:
        """End the thread, written or not. A write that the system holds up is left behind with it."""
        with self._changed:
            self._stopping = True
            self._nudge()
        self.join(1.0)

    def run(self) -> None:
        """Write until stopped or until the terminal is gone."""
        try:
            while (view := self._next()) is not None:
                self._write_some(view)
        except OSError:
            with self._changed:
                self._gone = True
                self._waiting.clear()
                self._flight = memoryview(b"")
                self._held = 0
        finally:
            self._close()
        if self._gone:
            self._on_gone()

    def _settled(self) -> bool:
        return self._held == 0 or self._gone or self._closed

    def _take(self, text: str, before: bytes = b"") -> None:
        data = before + text.encode("utf-8", "replace")
        if not data or self._gone or self._closed:
            return
        self._waiting.append(data)
        self._held += len(data)
        self._nudge()

    def _nudge(self) -> None:
        self._changed.notify_all()
        if not self._closed:
            try:
                os.write(self._wake_write, b"\0")
            except BlockingIOError:
                pass  # enough is in it already to wake the thread

    def _throw_away(self) -> None:
        """Empty the kernel's buffer of what the terminal never read."""
        if self._closed:
            return
        try:
            termios.tcflush(self._fd, termios.TCOFLUSH)
        except termios.error:
            pass  # not a terminal, or gone: there is nothing to empty

    def _next(self) -> memoryview | None:
        """What to write next, waiting until there is something; None to end."""
        with self._changed:
            if self._flight or self._waiting:
                pass
            elif self._stale and not self._muted:
                self._stuck = self._stale = False
                self._on_room()
            else:
                self._stuck = False
            self._changed.wait_for(lambda: self._flight or self._waiting or self._stopping)
            if self._stopping:
                return None
            if not self._flight:
                self._flight = memoryview(self._waiting.popleft())
            return self._flight

    def _write_some(self, view: memoryview) -> None:
        """Write what the terminal takes of ``view``; where it takes nothing, wait until it does or work changes."""
        _, writable, _ = select.select([], [self._fd], [], 0)
        written = 0
        if writable:
            try:
                written = os.write(self._fd, view[: self._most])
            except BlockingIOError:
                pass
        with self._changed:
            if self._flight is view:
                self._flight = view[written:]
                self._held -= written
                self._changed.notify_all()
            self._stuck = self._stuck or written == 0
        if written == 0:
            awake, _, _ = select.select([self._wake_read], [self._fd], [])
            if awake:
                os.read(self._wake_read, 4096)

    def _close(self) -> None:
        with self._changed:
            self._closed = True
            for fd in (self._fd, self._wake_read, self._wake_write):
                os.close(fd)
            self._changed.notify_all()


def _own_descriptor(fd: int) -> tuple[int, int]:
    """A descriptor of our own on the terminal behind ``fd``, and how many bytes one write may take."""
    try:
        own = os.open(os.ttyname(fd), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        # A terminal of another user or another mount namespace has no name that we may open.
        return os.dup(fd), BLOCKING_BYTES
    return own, HELD_BYTES
