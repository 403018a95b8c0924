"""A hung-up line, a request to end, a stopped terminal, a reader that is gone: the reply is kept whatever happens."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import ScriptedServer, Tavern, environment

LONG = [f"Sentence {number}.\n" for number in range(1000)]  # long enough that a signal comes in the middle of it
ROOM = ("--length", "6000")
SENTENCES = [f"Sentence {number}.\n" for number in range(30)]


def test_say_finishes_its_reply_when_the_line_is_hung_up(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says(*LONG)
    with say(tavern_home, server, *ROOM) as process:
        read_until(process, b"Sentence 0.")
        process.send_signal(signal.SIGHUP)
        assert process.communicate(timeout=60)[0].endswith(b"Sentence 999.\n")
        assert process.returncode == 0
    assert tavern("log", "mira").text.endswith("Sentence 999.\n")


@pytest.mark.usefixtures("tavern")
def test_say_that_was_started_to_outlive_its_line_does_so(tavern_home: Path, server: ScriptedServer) -> None:
    server.says(*LONG)
    with say(tavern_home, server, *ROOM, before=("nohup",)) as process:
        read_until(process, b"Sentence 0.")
        process.send_signal(signal.SIGHUP)
        assert process.communicate(timeout=60)[0].endswith(b"Sentence 999.\n")
        assert process.returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 5), (signal.SIGINT, 130)])
def test_say_keeps_the_text_of_a_reply_that_is_to_end(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer, number: signal.Signals, code: int
) -> None:
    server.hangs_after("First sentence.\nSecond")
    with say(tavern_home, server) as process:
        printed = read_until(process, b"First sentence.")
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)
    assert printed + rest == b"First sentence.\nSecond\n"
    assert process.returncode == code
    assert tavern("log", "mira").text.endswith("Mira: First sentence.\nSecond\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 1), (signal.SIGINT, 130)])
def test_say_that_is_ended_before_any_text_says_so_and_keeps_the_message(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer, number: signal.Signals, code: int
) -> None:
    server.hangs_after()
    with say(tavern_home, server) as process:
        wait_for(lambda: len(server.prompts) == 1)
        process.send_signal(number)
        printed, notes = process.communicate(timeout=60)
    assert (process.returncode, printed) == (code, b"")
    assert notes.endswith(b"Stopped before any text came.\n")
    assert tavern("log", "mira").text.endswith("Alex: Hello\n")


def test_a_reply_is_saved_while_the_terminal_is_stopped(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says(*SENTENCES)
    with chat_on_a_terminal(tavern, tavern_home, server) as (process, terminal):
        terminal.stop()
        tell(process, "Hello\n")
        wait_for(lambda: "Sentence 29." in tavern("log", "mira").text)
        terminal.go_on()
        shown = terminal.read_until("Sentence 29.")
        assert [number for number in range(30) if f"Sentence {number}.\r\n" in shown] == list(range(30))
        tell(process, "/quit\n")
        assert process.wait(60) == 0


def test_a_terminal_that_stays_stopped_does_not_keep_a_hung_up_program(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says(*SENTENCES)
    with chat_on_a_terminal(tavern, tavern_home, server) as (process, terminal):
        terminal.stop()
        tell(process, "Hello\n")
        wait_for(lambda: "Sentence 29." in tavern("log", "mira").text)
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0


def test_say_that_is_hung_up_when_only_its_output_is_left_ends_with_its_code(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("x" * 200_000 + ".")  # more than a pipe holds
    with say(tavern_home, server, "--length", "6000") as process:
        wait_for(lambda: bool(list((tavern_home / "chats").glob("*"))) and "xxx" in tavern("log", "mira").text)
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0


READERS_LEAVE = ("characters", "--help", "--version", "locate --json")


@pytest.mark.parametrize("command", READERS_LEAVE)
def test_a_reader_that_has_gone_is_no_fault(tavern_home: Path, command: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    code, notes = with_stdout(tavern_home, writes, *command.split())
    assert (code, notes) == (0, b"")


@pytest.mark.parametrize("command", READERS_LEAVE)
def test_a_stdout_that_is_full_is_told_in_one_line(tavern_home: Path, command: str) -> None:
    code, notes = with_stdout(tavern_home, os.open("/dev/full", os.O_WRONLY), *command.split())
    assert code == 1
    assert notes == b"The result could not be written to stdout (no space left on device).\n"


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_reply_that_stdout_does_not_take_is_kept_and_that_is_told(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer, more: tuple[str, ...]
) -> None:
    server.says("Yes.")
    full = os.open("/dev/full", os.O_WRONLY)
    code, notes = with_stdout(tavern_home, full, "say", "mira", "Hello", "--server", server.address, *more)
    assert code == 1
    assert notes.endswith(b"\nThe result could not be written to stdout (no space left on device).\n")
    assert tavern("log", "mira").text.endswith("Mira: Yes.\n")


def with_stdout(home: Path, descriptor: int, *arguments: str) -> tuple[int, bytes]:
    """Run a command that writes to ``descriptor``, which is closed; its exit code and what it says on stderr."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tavern_tui", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.PIPE,
            env=environment(TAVERN_HOME=str(home)),
            check=False,
        )
    finally:
        os.close(descriptor)
    return done.returncode, done.stderr


def test_a_chat_goes_on_when_nobody_reads_its_notes(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    server.says("One.")
    tavern("log")
    process = started(tavern_home, "chat", "mira", "--server", server.address)
    assert process.stderr is not None
    process.stderr.close()
    out = process.communicate(b"/help\nHello\n/undo\n/redo\n/list 1\n", timeout=60)[0]
    assert process.returncode == 0
    assert out.endswith(b"Mira: One.\nMira: One.\n")


def test_an_exit_code_stands_when_nobody_reads_the_reason(tavern: Tavern, tavern_home: Path) -> None:
    process = started(tavern_home, "log", "no such chat")
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait(60) == 3


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed_before_the_start_are_no_trouble(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer, closed: str
) -> None:
    server.says("One.")
    command = f"{sys.executable} -m tavern_tui say mira Hello --server {server.address} {closed}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, env=environment(TAVERN_HOME=str(tavern_home)), check=False
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
    assert tavern("log", "mira").text.endswith("Mira: One.\n")


class Terminal:
    """A terminal of ours that a program writes to."""

    def __init__(self) -> None:
        self._shows, self.descriptor = pty.openpty()
        os.set_blocking(self._shows, False)

    def stop(self) -> None:
        """What ctrl+s does."""
        termios.tcflow(self.descriptor, termios.TCOOFF)

    def go_on(self) -> None:
        """What ctrl+q does."""
        termios.tcflow(self.descriptor, termios.TCOON)

    def read_until(self, enough: str) -> str:
        """What is shown from now on, up to ``enough``."""
        seen = ""

        def read() -> bool:
            nonlocal seen
            try:
                seen += os.read(self._shows, 65536).decode()
            except BlockingIOError:
                return False
            return enough in seen

        wait_for(read)
        return seen

    def close(self) -> None:
        """Hang it up."""
        os.close(self._shows)
        os.close(self.descriptor)


@contextmanager
def chat_on_a_terminal(
    tavern: Tavern, home: Path, server: ScriptedServer
) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    """``chat mira`` whose output is a terminal, once the greeting is shown."""
    assert tavern("log").code == 0
    terminal = Terminal()
    process = subprocess.Popen(
        [sys.executable, "-m", "tavern_tui", "chat", "mira", "--server", server.address, "--length", "400"],
        stdin=subprocess.PIPE,
        stdout=terminal.descriptor,
        stderr=terminal.descriptor,
        env=environment(TAVERN_HOME=str(home)),
    )
    try:
        terminal.read_until("Across")
        yield process, terminal
    finally:
        process.kill()
        process.communicate()
        terminal.close()


@contextmanager
def say(
    home: Path, server: ScriptedServer, *more: str, before: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """``say mira Hello``, running."""
    process = started(home, "say", "mira", "Hello", "--server", server.address, *more, before=before)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def started(home: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*before, sys.executable, "-m", "tavern_tui", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(TAVERN_HOME=str(home)),
    )


def tell(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text.encode())
    process.stdin.flush()


def read_until(process: subprocess.Popen[bytes], enough: bytes) -> bytes:
    assert process.stdout is not None
    seen = b""
    while enough not in seen:
        piece = os.read(process.stdout.fileno(), 65536)
        assert piece, f"the output ended: {seen!r}"
        seen += piece
    return seen


def wait_for(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.05)
