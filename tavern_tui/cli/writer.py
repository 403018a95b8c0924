"""``OutputWriter``: writes to stdout and stderr from a thread of its own: a stalled terminal stalls nothing else.

A terminal whose output was stopped (ctrl+s, a frozen link) blocks whoever writes to it; here that is only this thread.
What text is written, and that it is safe to show, is ``output``.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque

LAST_SECONDS = 2.0
"""How long ``finish`` still waits for a terminal once ``hurry`` was called."""


class OutputWriter:
    """One queue for all descriptors, written in the order of ``put``; its size is that of the text not yet shown.

    A descriptor that refuses a write is given up: what is put for it afterwards is dropped.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._changed = threading.Condition()
        self._gone: dict[int, OSError] = {}
        self._writing = False
        self._ended = False
        self._hurried = False
        # A daemon: a write that never returns must not keep the program from ending.
        threading.Thread(target=self._run, name="output", daemon=True).start()

    def put(self, descriptor: int, data: bytes) -> None:
        """Have ``data`` written to ``descriptor``; returns at once."""
        with self._changed:
            if descriptor not in self._gone and not self._ended:
                self._pieces.append((descriptor, data))
                self._changed.notify_all()

    def hurry(self) -> None:
        """Somebody wants the program gone: ``finish`` waits ``LAST_SECONDS`` at most."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()

    def finish(self) -> bool:
        """Wait until everything is written and end the thread; ``False`` where that could not be waited for.

        A terminal that is only stopped is waited for as long as that lasts, unless ``hurry`` was called.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._hurried)
            done = self._changed.wait_for(lambda: self._idle, LAST_SECONDS)
            self._ended = True
            self._changed.notify_all()
        return done

    def refusal(self, descriptor: int) -> OSError | None:
        """Why ``descriptor`` refused a write; ``None`` where it did not."""
        with self._changed:
            return self._gone.get(descriptor)

    @property
    def _idle(self) -> bool:
        return not self._pieces and not self._writing

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._pieces or self._ended)
                if self._ended:
                    return
                descriptor, data = self._next()
                self._writing = True
            try:
                write_all(descriptor, data)
            except OSError as error:
                self._give_up(descriptor, error)

    def _next(self) -> tuple[int, bytes]:
        """The oldest piece, with all that follows it for the same descriptor."""
        descriptor, data = self._pieces.popleft()
        joined = [data]
        while self._pieces and self._pieces[0][0] == descriptor:
            joined.append(self._pieces.popleft()[1])
        return descriptor, b"".join(joined)

    def _give_up(self, descriptor: int, error: OSError) -> None:
        with self._changed:
            self._gone[descriptor] = error
            self._pieces = deque(piece for piece in self._pieces if piece[0] != descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write the whole of ``data``, however long that takes. Raises ``OSError``."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # another program has set the terminal that we share to non-blocking
            select.select([], [descriptor], [])
