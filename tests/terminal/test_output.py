"""Writing to a real pty or pipe that is read, not read, or closed."""

from __future__ import annotations

import os
import pty
import select
import threading
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tavern_tui.ui.terminal.output import CANCEL, HELD_BYTES, Output

WAIT_SECONDS = 30.0
FRAME = "\x1b[1;1H" + "x" * 6000


@dataclass
class Line:
    """An output and the side that reads it."""

    output: Output
    reader: int
    room: threading.Event
    gone: threading.Event
    taken: bytearray = field(default_factory=bytearray)

    def fill(self) -> None:
        """Write frames until they are refused because nobody reads."""
        for _ in range(10_000):
            if not self.output.frame(FRAME):
                break
            self.gone.wait(0.002)
        assert self.output.behind

    def read_until(self, end: bytes) -> None:
        """Read until what was read ends so."""
        while not self.taken.endswith(end):
            assert select.select([self.reader], [], [], WAIT_SECONDS)[0], f"never came: {end!r}"
            self.taken += os.read(self.reader, 65536)


def _line(fd: int, reader: int) -> Line:
    room, gone = threading.Event(), threading.Event()
    output = Output(fd, room.set, gone.set)
    output.start()
    return Line(output, reader, room, gone)


@pytest.fixture(params=["terminal", "pipe"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """On a pty, and on a pipe: what has no name to be opened by is written as a blocking descriptor."""
    reader, fd = pty.openpty() if request.param == "terminal" else os.pipe()
    if request.param == "terminal":
        tty.setraw(fd)
    made = _line(fd, reader)
    os.close(fd)
    yield made
    made.output.stop()
    os.close(reader)


def test_what_is_written_arrives_in_order(line: Line) -> None:
    for number in range(500):
        line.output.write(f"<{number}>")
    line.read_until(b"<499>")
    assert line.taken.decode() == "".join(f"<{number}>" for number in range(500))


def test_frames_are_refused_while_nobody_reads_and_what_is_held_is_bounded(line: Line) -> None:
    line.fill()
    assert not line.output.frame(FRAME)
    assert 0 < line.output.held <= HELD_BYTES + len(FRAME)


def test_modes_are_bounded_too(line: Line) -> None:
    line.fill()
    for _ in range(HELD_BYTES):
        line.output.write("\x1b[?1000h")
    assert line.output.held <= HELD_BYTES + len(FRAME)


def test_room_is_told_when_the_terminal_reads_again_and_frames_are_taken_again(line: Line) -> None:
    line.fill()
    assert not line.room.is_set()
    while not line.room.is_set():
        assert select.select([line.reader], [], [], WAIT_SECONDS)[0] or line.room.wait(WAIT_SECONDS)
        if select.select([line.reader], [], [], 0)[0]:
            os.read(line.reader, 65536)
    assert line.output.frame("the whole screen")
    line.read_until(b"the whole screen")


def test_only_whole_frames_are_shown(line: Line) -> None:
    line.fill()
    line.output.write("\a")
    line.read_until(b"\a")
    assert line.taken[:-1] == FRAME.encode() * (len(line.taken) // len(FRAME))


def test_last_words_follow_what_is_held(line: Line) -> None:
    line.output.write("before ")
    assert line.output.leave("goodbye", WAIT_SECONDS)
    line.read_until(b"before goodbye")
    line.output.write("after")
    line.output.frame(FRAME)
    assert line.output.held == 0


def test_last_words_reach_a_terminal_that_did_not_read() -> None:
    reader, fd = pty.openpty()
    tty.setraw(fd)
    line = _line(fd, reader)
    line.fill()
    assert line.output.leave("goodbye", 0.2)
    line.output.stop()
    line.read_until(CANCEL + b"goodbye")
    os.close(fd)
    os.close(reader)


def test_a_closed_terminal_is_gone_once_and_everything_after_is_nothing() -> None:
    reader, fd = pty.openpty()
    line = _line(fd, reader)
    os.close(reader)
    line.output.write("to nobody")
    assert line.gone.wait(WAIT_SECONDS)
    assert line.output.behind
    assert not line.output.frame(FRAME)
    line.output.write("to nobody")
    assert not line.output.leave("goodbye", WAIT_SECONDS)
    assert line.output.held == 0
    line.output.stop()
    assert not line.output.is_alive()
    os.close(fd)


def test_stopping_does_not_wait_for_a_terminal_that_does_not_read() -> None:
    reader, fd = pty.openpty()
    line = _line(fd, reader)
    line.fill()
    line.output.stop()
    assert not line.output.is_alive()
    os.close(fd)
    os.close(reader)


def test_the_shells_own_descriptor_keeps_its_way_of_waiting() -> None:
    reader, fd = pty.openpty()
    line = _line(fd, reader)
    assert os.get_blocking(fd)
    assert not os.get_blocking(line.output.fileno())
    line.output.stop()
    os.close(fd)
    os.close(reader)
