"""A terminal stalls or hangs up in mid-reply, comes back, or is one of two on a chat: the real program, on ptys."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.terminal.ptys import Terminal
from tests.terminal.slow_server import SlowServer
from tests.terminal.tavern import Home, TavernTerminal

WORDS = 80
SHELLS_OWN = {7, 25}
"""The private modes of a terminal in the hands of a shell: lines wrap, the cursor is shown."""

ELSEWHERE = "writing in another terminal"

Start = Callable[[], TavernTerminal]


@pytest.fixture
def server() -> Iterator[SlowServer]:
    """Replies of eighty words, a hundred in a second."""
    with SlowServer(WORDS, pause=0.01) as slow:
        yield slow


@pytest.fixture
def home(tmp_path: Path, server: SlowServer) -> Home:
    """A home whose server that is."""
    return Home(tmp_path, server=server.address)


@pytest.fixture
def start(home: Home) -> Iterator[Start]:
    """``start()`` runs the program on one more terminal, and waits until the chat is there."""
    with ExitStack() as running:

        def begin() -> TavernTerminal:
            terminal = running.enter_context(TavernTerminal(home, "chat", "mira"))
            terminal.until_open()
            return terminal

        yield begin


def say(terminal: TavernTerminal, text: str) -> None:
    """Type a message and send it."""
    terminal.type(text)
    terminal.until_shown(text)
    terminal.type("\r")


def fill(terminal: Terminal) -> None:
    """Have the program draw so much that it could write no more, and read nothing of it."""

    def draw() -> bool:
        terminal.type("\x0c")
        return terminal.full()

    terminal.leave_unread_until(draw)


def assert_nothing_is_left(terminal: Terminal, home: Home) -> None:
    """No process of it runs, and no reply of it waits to be recovered."""
    with pytest.raises(ProcessLookupError):
        os.killpg(terminal.process.pid, 0)
    assert home.journals() == ""


def cpu_seconds(terminal: Terminal) -> float:
    """What the program has used so far, in all its threads; it may have ended, but not been waited for."""
    fields = Path(f"/proc/{terminal.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def has_ended(terminal: Terminal) -> bool:
    """Whether the program has ended; it is not waited for, so that what it used can still be asked."""
    return os.waitid(os.P_PID, terminal.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def swipes(home: Home) -> list[int]:
    """How many swipes each turn after the greeting has."""
    tree = home.log().tree
    return [len(tree.siblings(turn.id)) for turn in tree.path()[1:]]


def test_a_reply_is_saved_while_nobody_reads_the_terminal_and_sigterm_ends_the_program(
    start: Start, home: Home, server: SlowServer
) -> None:
    terminal = start()
    fill(terminal)
    terminal.type("Hello\r")
    terminal.leave_unread_until(lambda: home.texts() == ["Hello", server.reply(1)])
    assert terminal.full()
    terminal.signal(signal.SIGTERM)
    terminal.leave_unread_until(terminal.ended)
    assert terminal.process.returncode == 0
    assert terminal.modes() == terminal.modes_before
    terminal.exit_status()
    assert terminal.switched_on() == SHELLS_OWN
    assert_nothing_is_left(terminal, home)


def test_sigterm_in_mid_reply_keeps_what_had_come_though_nobody_reads(
    start: Start, home: Home, server: SlowServer
) -> None:
    server.hold(50)
    terminal = start()
    fill(terminal)
    terminal.type("Hello\r")
    terminal.leave_unread_until(lambda: "r1w49" in home.journals())
    terminal.signal(signal.SIGTERM)
    terminal.leave_unread_until(terminal.ended)
    assert terminal.process.returncode == 0
    assert home.texts() == ["Hello", server.reply(1, 50)]
    assert_nothing_is_left(terminal, home)


def test_a_hang_up_in_mid_reply_lets_it_be_finished_at_next_to_no_cost(
    start: Start, home: Home, server: SlowServer
) -> None:
    server.hold(10)
    terminal = start()
    say(terminal, "Hello")
    terminal.until_shown("r1w9")
    before = cpu_seconds(terminal)
    terminal.close()
    server.go_on()
    terminal.leave_unread_until(lambda: has_ended(terminal))
    spent = cpu_seconds(terminal) - before
    assert spent <= 1.0
    assert terminal.exit_status() == 0
    assert home.texts() == ["Hello", server.reply(1)]
    assert_nothing_is_left(terminal, home)


@pytest.mark.parametrize("seconds", [0.2, 2.0])
def test_who_comes_back_in_mid_reply_sees_it_go_on_and_has_it_once(
    start: Start, home: Home, server: SlowServer, seconds: float
) -> None:
    server.hold(10)
    old = start()
    say(old, "Hello")
    old.until_shown("r1w9")
    old.close()
    time.sleep(seconds)
    new = start()
    new.until_shown("r1w9", ELSEWHERE)
    assert not new.shows("r1w10")
    server.go_on()
    new.until_shown(f"r1w{WORDS - 1}")
    new.until_gone(ELSEWHERE)
    assert new.text().count(f"r1w{WORDS - 1}") == 1
    assert old.exit_status() == 0
    assert home.texts() == ["Hello", server.reply(1)]
    assert swipes(home) == [1, 1]
    assert new.leave() == 0
    assert_nothing_is_left(new, home)


def test_who_comes_back_after_the_end_is_told_in_one_line(start: Start, home: Home, server: SlowServer) -> None:
    server.words = 40  # what is said about it stands below it, on the same screen
    server.hold(10)
    old = start()
    say(old, "Hello")
    old.until_shown("r1w9")
    old.close()
    server.go_on()
    assert old.exit_status() == 0
    new = start()
    new.until_shown("r1w39", "while you were disconnected")
    lines = [line for line in new.screen() if "disconnected" in line]
    assert len(lines) == 1
    assert re.search(r"Mira's reply was finished while you were disconnected \(\d\d:\d\d\)\.", lines[0])
    assert swipes(home) == [1, 1]


def test_a_turn_and_its_reply_are_seen_in_the_other_terminal_and_drafts_stay_where_they_are(
    start: Start, home: Home, server: SlowServer
) -> None:
    server.hold(10)
    first = start()
    first.type("a draft of the first")
    first.until_shown("a draft of the first")
    first.read_until(lambda: "a draft of the first" in home.drafts())
    second = start()
    assert not second.shows("a draft of the first")
    second.type("a draft of the second")
    second.until_shown("a draft of the second")
    assert not first.shows("a draft of the second")
    first.type("\r")
    second.until_shown("a draft of the first", "r1w9", ELSEWHERE, "a draft of the second")
    server.go_on()
    second.until_shown(f"r1w{WORDS - 1}", "a draft of the second")
    second.until_gone(ELSEWHERE)
    assert home.texts() == ["a draft of the first", server.reply(1)]


def test_esc_in_one_terminal_stops_the_reply_of_the_other(start: Start, home: Home, server: SlowServer) -> None:
    server.hold(10)
    first, second = start(), start()
    say(first, "Hello")
    second.until_shown("r1w9", ELSEWHERE, "Esc Stop")
    second.type("\x1b")
    second.until_gone(ELSEWHERE)
    second.until_gone("Esc Stop")
    first.read_until(lambda: len(home.texts()) == 2)
    assert home.texts() == ["Hello", server.reply(1, 10)]
    first.until_gone("Esc Stop")
    say(first, "Again")
    server.go_on()
    second.until_shown(f"r2w{WORDS - 1}")
    assert home.texts()[2] == "Again"


def test_messages_sent_in_both_terminals_at_once_both_get_their_reply_one_after_the_other(
    start: Start, home: Home, server: SlowServer
) -> None:
    terminals = start(), start()
    for number, terminal in enumerate(terminals):
        terminal.type(f"message {number}")
        terminal.until_shown(f"message {number}")
    for terminal in terminals:
        terminal.type("\r")
    for terminal in terminals:
        terminal.until_shown(f"r2w{WORDS - 1}")
    one, first_reply, other, second_reply = home.texts()
    assert {one, other} == {"message 0", "message 1"}
    assert (first_reply, second_reply) == (server.reply(1), server.reply(2))
    assert swipes(home) == [1, 1, 1, 1]
