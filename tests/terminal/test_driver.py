"""The driver on a real pty: a terminal that stalls, hangs up, comes back, or must be given back."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tavern_tui.ui.terminal.output import HELD_BYTES
from tests.terminal.conftest import Open
from tests.terminal.ptys import TinyTerminal

UPDATES = 200
BYTES_AT_MOST = HELD_BYTES + 32 * 1024
"""What may be held: the bound and one frame that was let in below it."""

SHELLS_OWN = {7, 25}
"""The private modes of a terminal in the hands of a shell: lines wrap, the cursor is shown."""


def _figures(terminal: TinyTerminal, name: str) -> list[float]:
    return [float(figure) for line in terminal.notes() for figure in re.findall(rf"{name} ([\d.]+)", line)]


def test_the_app_goes_on_while_nobody_reads_and_sigterm_ends_it(open_tiny: Open) -> None:
    terminal = open_tiny("stay", UPDATES)
    terminal.leave_unread_until(lambda: terminal.notes("done"))
    assert len(terminal.notes("tick")) == UPDATES
    assert "behind True" in terminal.notes(f"tick {UPDATES}")[0], "the terminal must have been full for this to say it"
    assert max(_figures(terminal, "held")) <= BYTES_AT_MOST
    terminal.signal(signal.SIGTERM)
    terminal.leave_unread_until(terminal.ended)
    assert terminal.process.returncode == 0
    assert terminal.notes("asked to end")


def test_a_terminal_that_never_read_the_end_finds_itself_restored(open_tiny: Open) -> None:
    terminal = open_tiny("stay", UPDATES)
    terminal.leave_unread_until(lambda: terminal.notes("done"))
    terminal.signal(signal.SIGTERM)
    terminal.leave_unread_until(terminal.ended)
    terminal.exit_status()
    assert terminal.switched_on() == SHELLS_OWN


def test_the_screen_is_right_after_the_terminal_reads_again(open_tiny: Open) -> None:
    terminal = open_tiny("stay", UPDATES)
    terminal.leave_unread_until(lambda: terminal.notes("done"))
    text = (f"update {UPDATES} of {UPDATES}. " * 80).split()
    terminal.read_until(lambda: " ".join(terminal.screen()).split() == [*text, "the", "last", "line"])
    assert terminal.screen()[23].strip() == "the last line"


def test_a_hang_up_in_mid_stream_lets_it_run_to_its_end_at_no_cost(open_tiny: Open) -> None:
    terminal = open_tiny("stream", UPDATES)
    terminal.read_until(lambda: len(terminal.notes("tick")) >= 20)
    terminal.close()
    terminal.leave_unread_until(terminal.ended)
    assert terminal.process.returncode == 0
    assert len(terminal.notes("tick")) == UPDATES
    [gone], [ended] = terminal.notes("gone"), terminal.notes("ended")
    assert float(ended.split()[-1]) - float(gone.split()[-1]) <= 1.0


def test_a_hang_up_while_nobody_reads_is_a_hang_up(open_tiny: Open) -> None:
    terminal = open_tiny("stream", UPDATES)
    terminal.leave_unread_until(lambda: any("behind True" in line for line in terminal.notes("tick")))
    terminal.close()
    terminal.leave_unread_until(terminal.ended)
    assert (terminal.process.returncode, len(terminal.notes("tick"))) == (0, UPDATES)
    assert len(terminal.notes("gone")) == 1


def test_an_idle_app_may_leave_at_once_when_the_terminal_hangs_up(open_tiny: Open) -> None:
    terminal = open_tiny("keys")
    terminal.close()
    terminal.leave_unread_until(terminal.ended)
    assert terminal.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_given_back_as_it_was_after_a_signal(open_tiny: Open, number: signal.Signals) -> None:
    terminal = open_tiny("keys")
    assert {1049, 1000, 1003, 1006, 2004} <= terminal.switched_on()
    assert 25 not in terminal.switched_on()
    terminal.signal(number)
    assert terminal.exit_status() == 0
    assert terminal.switched_on() == SHELLS_OWN
    assert terminal.modes() == terminal.modes_before


def test_the_terminal_is_given_back_as_it_was_after_a_crash(open_tiny: Open) -> None:
    terminal = open_tiny("crash")
    assert terminal.exit_status() == 1
    assert terminal.switched_on() == SHELLS_OWN
    assert terminal.modes() == terminal.modes_before
    assert "it was asked to" in " ".join(terminal.screen())


def test_a_second_sigterm_is_not_caught(open_tiny: Open) -> None:
    terminal = open_tiny("deaf")
    terminal.signal(signal.SIGTERM)
    terminal.read_until(lambda: terminal.notes("asked to end"))
    terminal.signal(signal.SIGTERM)
    assert terminal.exit_status() == -signal.SIGTERM


def test_an_app_that_has_no_word_on_it_is_ended_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    journal = tmp_path_factory.mktemp("plain") / "journal"
    with TinyTerminal(journal, "plain") as terminal:
        terminal.until_ready()
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_status() == 0


def test_the_terminal_itself_says_how_large_it_is(tmp_path: Path) -> None:
    stale = {"COLUMNS": "40", "LINES": "12"}
    with TinyTerminal(tmp_path / "journal", "keys", variables=stale) as terminal:
        terminal.read_until(lambda: terminal.screen()[23].strip() == "the last line")


def test_frames_are_wrapped_for_terminals_that_know_how_to_wait_for_a_whole_one(open_tiny: Open) -> None:
    terminal = open_tiny("stay", 30)
    terminal.type("\x1b[?2026;2$y")
    terminal.read_until(lambda: terminal.notes("done"))
    terminal.read_until(lambda: terminal.seen.count(b"\x1b[?2026h") == terminal.seen.count(b"\x1b[?2026l") > 1)


def test_the_terminal_is_lent_to_an_editor_and_taken_back(open_tiny: Open) -> None:
    terminal = open_tiny("shell")
    terminal.read_until(lambda: terminal.screen()[23].strip() == "back again")
    lent = terminal.seen.index(b"in the shell")
    assert terminal.switched_on(lent) == SHELLS_OWN
    assert {1049, 1000, 2004} <= terminal.switched_on()
    terminal.type("k")
    terminal.read_until(lambda: terminal.notes("key k"))
    terminal.signal(signal.SIGTERM)
    assert terminal.exit_status() == 0
    assert terminal.switched_on() == SHELLS_OWN


def test_a_stopped_program_gives_the_terminal_back_and_takes_it_again(open_tiny: Open) -> None:
    terminal = open_tiny("keys")
    terminal.signal(signal.SIGTSTP)
    terminal.read_until(lambda: terminal.switched_on() == SHELLS_OWN and terminal.stopped())
    terminal.signal(signal.SIGCONT)
    terminal.read_until(lambda: 1049 in terminal.switched_on())
    terminal.type("k")
    terminal.read_until(lambda: terminal.notes("key k"))
